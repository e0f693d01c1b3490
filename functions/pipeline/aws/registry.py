"""SageMaker's model registry: groups of model packages, and the packages of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from pipeline.aws.refusals import is_missing, refused
from warmfold_run.plan import ChampionPackage

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


class Package(NamedTuple):
    """A model package: its approval status, and the gate's reason for it."""

    arn: str
    status: str
    reason: str


class Registry:
    """The model registry."""

    def __init__(self, sagemaker: SageMakerClient) -> None:
        self._sagemaker = sagemaker

    def ensure_group(self, name: str, description: str, tags: list[dict[str, str]]) -> None:
        """Create a model package group unless it exists; versions carry no tags, so it has them."""
        request: Any = {"ModelPackageGroupDescription": description, "Tags": tags}
        try:
            self._sagemaker.create_model_package_group(ModelPackageGroupName=name, **request)
        except ClientError as error:
            if not self._has_group(name):
                raise refused(f"model package group {name} could not be created", error) from error

    def package_of_run(self, group: str, run: str) -> Package | None:
        """Return a run's model package, or None when it has none."""
        start = description_start(run)
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
        )
        try:
            for page in pages:
                for package in page["ModelPackageSummaryList"]:
                    text = package.get("ModelPackageDescription", "")
                    if text.startswith(start):
                        status = str(package.get("ModelApprovalStatus"))
                        return Package(package["ModelPackageArn"], status, text.removeprefix(start))
        except ClientError as error:
            if not is_missing(error):
                raise refused(f"the model packages of {group} could not be listed", error) from error
        return None

    def champion(self, group: str) -> ChampionPackage | None:
        """Return a group's approved model package, the latest that a run made, or None when there is none."""
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortBy="CreationTime", SortOrder="Descending"
        )
        try:
            for page in pages:
                for package in page["ModelPackageSummaryList"]:
                    arn = package["ModelPackageArn"]
                    found = self.describe(arn) or {}
                    run = found.get("CustomerMetadataProperties", {}).get("run")
                    containers = found.get("InferenceSpecification", {}).get("Containers", [])
                    if run and containers:
                        return {
                            "model_package_arn": arn,
                            "run": run,
                            "model_data_url": containers[0].get("ModelDataUrl", ""),
                        }
        except ClientError as error:
            if not is_missing(error):
                raise refused(f"the approved model packages of {group} could not be listed", error) from error
        return None

    def describe(self, arn: str) -> dict[str, Any] | None:
        """Return a model package, or None when there is no such package."""
        try:
            return dict(self._sagemaker.describe_model_package(ModelPackageName=arn))
        except ClientError as error:
            if is_missing(error):
                return None
            raise refused(f"model package {arn} could not be described", error) from error

    def create(self, request: dict[str, Any]) -> str:
        """Create a model package and return its ARN."""
        try:
            return self._sagemaker.create_model_package(**request)["ModelPackageArn"]
        except ClientError as error:
            group = request["ModelPackageGroupName"]
            raise refused(f"a model package of {group} could not be created", error) from error

    def _has_group(self, name: str) -> bool:
        try:
            self._sagemaker.describe_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            if is_missing(error):
                return False
            raise refused(f"model package group {name} could not be described", error) from error
        return True


def description_start(run: str) -> str:
    """Return what the description of a run's model package starts with: lists show it, and no list has metadata."""
    return f"run {run}: "
