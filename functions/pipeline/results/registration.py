"""The quality gate on the holdout score, and the model package that carries its verdict."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from pipeline.aws.jobs import Jobs, is_missing
from pipeline.aws.storage import Storage
from pipeline.errors import RegistrationError, SageMakerError
from pipeline.planning.limits import INVOCATION_SECONDS
from pipeline.results.best_candidate import Best
from warmfold_run import names, places
from warmfold_run.experiment import Experiment
from warmfold_run.plan import Plan
from warmfold_run.records import FinalMetrics

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_NOT_METADATA = re.compile(r"[^\w .:/=+\-@]")
_METADATA_CHARACTERS = 256
_DESCRIPTION_CHARACTERS = 1024


class Holdout(BaseModel):
    """The final model on the rows that no candidate saw; `score` is None when they can't tell it, and `note` why.

    Of two classes, `positive_class` is the one that metrics such as f1 are about.
    """

    score: float | None
    standard_error: float | None
    rows: int
    note: str | None = None
    positive_class: str | None = None


class Registration(BaseModel):
    """A run's model package, with the gate's verdict and why."""

    model_config = ConfigDict(protected_namespaces=())

    model_package_arn: str
    status: str
    holdout: Holdout
    reason: str


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
                raise _refused(f"model package group {name} could not be created", error) from error

    def package_of_run(self, group: str, run: str) -> Package | None:
        """Return a run's model package, or None when it has none."""
        start = _description_start(run)
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
                raise _refused(f"the model packages of {group} could not be listed", error) from error
        return None

    def describe(self, arn: str) -> dict[str, Any] | None:
        """Return a model package, or None when there is no such package."""
        try:
            return dict(self._sagemaker.describe_model_package(ModelPackageName=arn))
        except ClientError as error:
            if is_missing(error):
                return None
            raise _refused(f"model package {arn} could not be described", error) from error

    def create(self, request: dict[str, Any]) -> str:
        """Create a model package and return its ARN."""
        try:
            return self._sagemaker.create_model_package(**request)["ModelPackageArn"]
        except ClientError as error:
            group = request["ModelPackageGroupName"]
            raise _refused(f"a model package of {group} could not be created", error) from error

    def _has_group(self, name: str) -> bool:
        try:
            self._sagemaker.describe_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            if is_missing(error):
                return False
            raise _refused(f"model package group {name} could not be described", error) from error
        return True


def register_model(
    jobs: Jobs, registry: Registry, storage: Storage, plan: Plan, best: Best, final_job: str
) -> Registration:
    """Register the final job's model with the gate's verdict; a retry finds what the first attempt made.

    Raises
    ------
    RegistrationError
        The final job left no model or no metrics.
    """
    job = jobs.describe("training", final_job)
    artifact = (job or {}).get("ModelArtifacts", {}).get("S3ModelArtifacts")
    if not artifact:
        raise RegistrationError(f"training job {final_job} left no model artifact; see its log and start the run again")
    holdout = read_holdout(storage, plan)
    if holdout is None:
        raise RegistrationError(
            f"{plan['locations']['model']}{places.METRICS} is not there: training job {final_job} wrote no metrics; "
            "see its log and start the run again"
        )
    status, reason = gate(plan["experiment"], holdout)
    group = names.model_package_group(plan["prefix"], plan["dataset"])
    registry.ensure_group(
        group,
        f"Models that warmfold tuned on dataset {plan['dataset']}",
        names.stack_tags(plan["prefix"]),
    )
    found = registry.package_of_run(group, plan["run"])
    if found is None:
        request = model_package_request(plan, best, group, artifact, status, holdout, reason)
        found = Package(registry.create(request), status, reason)
    # what a person has approved meanwhile goes on in an execution of its own
    verdict = status if found.status == "Approved" else found.status
    return Registration(model_package_arn=found.arn, status=verdict, holdout=holdout, reason=found.reason)


def read_holdout(storage: Storage, plan: Plan) -> Holdout | None:
    """Return how the final model did on the holdout, or None when there is no final model yet."""
    metrics: FinalMetrics | None = storage.read_json(places.key_of(plan["locations"]["model"] + places.METRICS))
    if metrics is None:
        return None
    return Holdout(
        score=_number(metrics["holdout_score"]),
        standard_error=_number(metrics["holdout_standard_error"]),
        rows=metrics["rows"]["holdout"],
        note=metrics["holdout_note"],
        positive_class=metrics["positive_class"],
    )


def gate(experiment: Experiment, holdout: Holdout) -> tuple[str, str]:
    """Return the model package's approval status, and why: what passes may wait for a person's approval."""
    passed, reason = _judge(experiment, holdout)
    if not passed:
        return "Rejected", reason
    return ("Approved" if experiment["quality_gate"]["approval"] == "automatic" else "PendingManualApproval"), reason


def _judge(experiment: Experiment, holdout: Holdout) -> tuple[bool, str]:
    metric, least = experiment["metric"], experiment["quality_gate"]["min_score"]
    if least is None:
        return True, "experiment.yaml sets no quality_gate.min_score"
    if holdout.score is None:
        why = f": {holdout.note}" if holdout.note else ""
        return False, f"quality_gate.min_score is {least}, and there is no holdout score to hold against it{why}"
    if holdout.score >= least:
        return True, f"{metric} {holdout.score:.6g} on the holdout reaches quality_gate.min_score {least}"
    return False, f"{metric} {holdout.score:.6g} on the holdout is below quality_gate.min_score {least}"


def model_package_request(
    plan: Plan, best: Best, group: str, artifact: str, status: str, holdout: Holdout, reason: str
) -> dict[str, Any]:
    """CreateModelPackage of a run's final model; its description starts with the run, which lists show."""
    container = {
        "Image": plan["requests"]["final"]["AlgorithmSpecification"]["TrainingImage"],
        "ModelDataUrl": artifact,
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
            "SAGEMAKER_REGION": plan["region"],
            "SAGEMAKER_MODEL_SERVER_TIMEOUT": str(INVOCATION_SECONDS),
            # the container installs code/ with pip before it serves, which must not ask a package index for setuptools
            "PIP_NO_BUILD_ISOLATION": "0",
        },
    }
    metrics = {"ContentType": "application/json", "S3Uri": plan["locations"]["model"] + places.METRICS}
    return {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": f"{_description_start(plan['run'])}{reason}"[:_DESCRIPTION_CHARACTERS],
        "ClientToken": plan["run"],
        "ModelApprovalStatus": status,
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "ModelMetrics": {"ModelQuality": {"Statistics": metrics}},
        "CustomerMetadataProperties": _metadata(plan, best, holdout),
    }


def _number(value: float | None) -> float | None:
    """Return a score, or None for one that is not a number: it can't be judged, and JSON can't carry it."""
    return value if value is not None and math.isfinite(value) else None


def _metadata(plan: Plan, best: Best, holdout: Holdout) -> dict[str, str]:
    values = {
        "run": plan["run"],
        "dataset": plan["dataset"],
        "data_version": plan["data"]["version_id"],
        "code_sha256": plan["code"]["sha256"],
        "metric": plan["experiment"]["metric"],
        "candidate": best.candidate,
        "cv_score": best.score,
        "cv_scores": " ".join(f"{score:.6g}" for score in best.scores),
        "holdout_score": holdout.score,
        "holdout_standard_error": holdout.standard_error,
    }
    return {
        name: _NOT_METADATA.sub("_", str(value))[:_METADATA_CHARACTERS]
        for name, value in values.items()
        if value is not None
    }


def _description_start(run: str) -> str:
    return f"run {run}: "


def _refused(what: str, error: ClientError) -> SageMakerError:
    detail = error.response["Error"]
    return SageMakerError(f"{what}: {detail['Code']}: {detail.get('Message', '')}")
