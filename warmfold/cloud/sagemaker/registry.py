"""The model registry: model package groups and the versioned model packages in them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warmfold.cloud.sagemaker.core import Core, in_milliseconds
from warmfold.cloud.sagemaker.errors import ServiceError, validation_error
from warmfold.cloud.sagemaker.listing import page_of
from warmfold.cloud.sagemaker.model_cards import check_model_card
from warmfold.cloud.sagemaker.tags import VERSIONS_HAVE_NO_TAGS, tag_map

EVENT = "SageMaker Model Package State Change"
SHOWN_OF_REQUEST = (
    "ModelPackageDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "SourceAlgorithmSpecification",
    "MetadataProperties",
    "ModelMetrics",
    "Domain",
    "Task",
    "SamplePayloadUrl",
    "CustomerMetadataProperties",
    "DriftCheckBaselines",
    "AdditionalInferenceSpecifications",
    "SkipModelValidation",
    "SourceUri",
    "SecurityConfig",
    "ModelCard",
    "ModelLifeCycle",
)
UPDATED_AS_GIVEN = (
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
EVENT_FIELDS = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "CreationTime",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "CustomerMetadataProperties",
    "MetadataProperties",
    "ModelMetrics",
    "SourceUri",
)


@dataclass
class _Group:
    name: str
    arn: str
    description: str | None
    created_at: datetime
    last_version: int = 0

    def describe(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "ModelPackageGroupName": self.name,
            "ModelPackageGroupArn": self.arn,
            "CreationTime": self.created_at,
            "ModelPackageGroupStatus": "Completed",
        }
        if self.description is not None:
            shown["ModelPackageGroupDescription"] = self.description
        return shown


@dataclass
class _Package:
    name: str
    arn: str
    group: str | None
    version: int | None
    content: dict[str, Any]
    approval: str | None
    approval_description: str | None
    created_at: datetime
    modified_at: datetime | None = None

    def describe(self) -> dict[str, Any]:
        optional = {
            "ModelPackageGroupName": self.group,
            "ModelPackageVersion": self.version,
            "ModelApprovalStatus": self.approval,
            "ApprovalDescription": self.approval_description,
            "LastModifiedTime": self.modified_at,
        }
        return {
            "ModelPackageName": self.name,
            "ModelPackageArn": self.arn,
            "CreationTime": self.created_at,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            **{name: value for name, value in optional.items() if value is not None},
            **self.content,
        }

    def summary(self) -> dict[str, Any]:
        whole = self.describe()
        names = (
            "ModelPackageName",
            "ModelPackageGroupName",
            "ModelPackageVersion",
            "ModelPackageArn",
            "ModelPackageDescription",
            "CreationTime",
            "ModelPackageStatus",
            "ModelApprovalStatus",
            "ModelLifeCycle",
            "ModelPackageRegistrationType",
        )
        return {name: whole[name] for name in names if name in whole}


class ModelRegistry:
    """All model package groups and model packages."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._groups: dict[str, _Group] = {}  # by ARN, like the packages
        self._packages: dict[str, _Package] = {}

    def operations(self) -> Mapping[str, Callable[[dict[str, Any], object], dict[str, Any]]]:
        """Operation name to its handler."""
        return {
            "CreateModelPackageGroup": lambda request, _: self.create_group(request),
            "DescribeModelPackageGroup": lambda request, _: self.describe_group(request["ModelPackageGroupName"]),
            "ListModelPackageGroups": lambda request, _: self.list_groups(request),
            "DeleteModelPackageGroup": lambda request, _: self.delete_group(request["ModelPackageGroupName"]),
            "CreateModelPackage": lambda request, _: self.create_package(request),
            "DescribeModelPackage": lambda request, _: self.describe_package(request["ModelPackageName"]),
            "UpdateModelPackage": lambda request, _: self.update_package(request),
            "ListModelPackages": lambda request, _: self.list_packages(request),
            "DeleteModelPackage": lambda request, _: self.delete_package(request["ModelPackageName"]),
        }

    def shutdown(self) -> None:
        """Nothing runs on its own."""

    def groups(self) -> Iterable[_Group]:
        """Every group; hold the core's lock as long as they are looked at."""
        return self._groups.values()

    def packages(self) -> Iterable[_Package]:
        """Every package; hold the core's lock as long as they are looked at."""
        return self._packages.values()

    def create_group(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateModelPackageGroup; a name is used once."""
        name = request["ModelPackageGroupName"]
        tags = tag_map(request.get("Tags", ()))
        arn = self._core.arn("model-package-group", name)
        with self._core.lock:
            if arn in self._groups:
                raise validation_error(f"Model Package Group already exists: {arn}")
            description = request.get("ModelPackageGroupDescription")
            self._groups[arn] = _Group(name, arn, description, self._core.now())
            self._core.tags[arn] = tags
        return {"ModelPackageGroupArn": arn}

    def describe_group(self, name_or_arn: str) -> dict[str, Any]:
        """The DescribeModelPackageGroup response."""
        with self._core.lock:
            creator = {"CreatedBy": {"UserProfileName": "local"}}
            return self._group(name_or_arn).describe() | creator

    def list_groups(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The ListModelPackageGroups response."""
        with self._core.lock:
            return page_of(
                self._groups.values(), request, result="ModelPackageGroupSummaryList", summarize=_Group.describe
            )

    def delete_group(self, name_or_arn: str) -> dict[str, Any]:
        """DeleteModelPackageGroup: only an empty group can be deleted."""
        with self._core.lock:
            group = self._group(name_or_arn)
            if any(package.group == group.name for package in self._packages.values()):
                raise ServiceError(
                    "ConflictException",
                    f"Model Package Group {group.arn} cannot be deleted because it still contains Model Packages: "
                    "delete them first.",
                )
            del self._groups[group.arn]
            del self._core.tags[group.arn]
        return {}

    def create_package(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateModelPackage: the next version of its group, or with ModelPackageName alone an unversioned one."""
        if ("ModelPackageName" in request) == ("ModelPackageGroupName" in request):
            raise validation_error("Give either ModelPackageGroupName (a versioned model package) or ModelPackageName.")
        check_model_card(request.get("ModelCard", {}))
        tags = tag_map(request.get("Tags", ()))
        content = {name: request[name] for name in SHOWN_OF_REQUEST if name in request}
        content["CertifyForMarketplace"] = bool(request.get("CertifyForMarketplace", False))
        with self._core.lock:
            if "ModelPackageGroupName" in request:
                package = self._next_version(request, content)
            else:
                package = self._unversioned(request, content)
                self._core.tags[package.arn] = tags
            self._packages[package.arn] = package
            detail = self._detail(package)
        self._core.publish(EVENT, detail, package.arn)
        return {"ModelPackageArn": package.arn}

    def describe_package(self, name_or_arn: str) -> dict[str, Any]:
        """The DescribeModelPackage response, for an ARN or the name of an unversioned package; raises ServiceError."""
        with self._core.lock:
            return self._package(name_or_arn).describe()

    def update_package(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateModelPackage: approval, customer metadata, and the parts that are replaced whole."""
        check_model_card(request.get("ModelCard", {}))
        with self._core.lock:
            package = self._package(request["ModelPackageArn"])
            if "ModelApprovalStatus" in request:
                if package.version is None:
                    raise validation_error(f"{package.arn} is not versioned, and only versions can be approved.")
                package.approval = request["ModelApprovalStatus"]
            package.approval_description = request.get("ApprovalDescription", package.approval_description)
            metadata = package.content.get("CustomerMetadataProperties", {})
            metadata = metadata | request.get("CustomerMetadataProperties", {})
            for key in request.get("CustomerMetadataPropertiesToRemove", ()):
                metadata.pop(key, None)
            updates = {name: request[name] for name in UPDATED_AS_GIVEN if name in request}
            package.content = package.content | updates | {"CustomerMetadataProperties": metadata}
            if not metadata:
                del package.content["CustomerMetadataProperties"]
            if added := request.get("AdditionalInferenceSpecificationsToAdd"):
                known = package.content.get("AdditionalInferenceSpecifications", [])
                package.content["AdditionalInferenceSpecifications"] = [*known, *added]
            package.modified_at = self._core.now()
            detail = self._detail(package)
        self._core.publish(EVENT, detail, package.arn)
        return {"ModelPackageArn": package.arn}

    def list_packages(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The ListModelPackages response: one group's versions, or the unversioned packages, or both kinds."""
        wanted = request.get("ModelApprovalStatus")
        kind = request.get("ModelPackageType", "Versioned" if "ModelPackageGroupName" in request else "Unversioned")
        with self._core.lock:
            group = self._group(request["ModelPackageGroupName"]).name if "ModelPackageGroupName" in request else None
            packages = (
                package
                for package in self._packages.values()
                if (group is None or package.group == group)
                and wanted in (None, package.approval)
                and kind in ("Both", "Unversioned" if package.version is None else "Versioned")
            )
            return page_of(
                packages,
                request,
                result="ModelPackageSummaryList",
                summarize=_Package.summary,
                tie=lambda package: f"{package.name}/{package.version or 0:09d}",
            )

    def delete_package(self, name_or_arn: str) -> dict[str, Any]:
        """DeleteModelPackage; its version number is not used again."""
        with self._core.lock:
            package = self._package(name_or_arn)
            del self._packages[package.arn]
            self._core.tags.pop(package.arn, None)
        return {}

    def _next_version(self, request: Mapping[str, Any], content: dict[str, Any]) -> _Package:
        if request.get("Tags"):
            raise validation_error(VERSIONS_HAVE_NO_TAGS)
        group = self._group(request["ModelPackageGroupName"])
        group.last_version += 1
        arn = self._core.arn("model-package", f"{group.name}/{group.last_version}")
        approval = request.get("ModelApprovalStatus", "PendingManualApproval")
        return _Package(group.name, arn, group.name, group.last_version, content, approval, None, self._core.now())

    def _unversioned(self, request: Mapping[str, Any], content: dict[str, Any]) -> _Package:
        if "ModelApprovalStatus" in request:
            raise validation_error(
                "ModelApprovalStatus is for versioned model packages: give ModelPackageGroupName instead of "
                "ModelPackageName."
            )
        name = request["ModelPackageName"]
        arn = self._core.arn("model-package", name)
        if arn in self._packages:
            raise validation_error(f"Model Package already exists: {arn}")
        return _Package(name, arn, None, None, content, None, None, self._core.now())

    def _group(self, name_or_arn: str) -> _Group:
        arn = self._arn("model-package-group", name_or_arn)
        if arn not in self._groups:
            raise validation_error(f"ModelPackageGroup {arn} does not exist.")
        return self._groups[arn]

    def _package(self, name_or_arn: str) -> _Package:
        arn = self._arn("model-package", name_or_arn)
        package = self._packages.get(arn)
        if package is None:
            raise validation_error(f"ModelPackage {arn} does not exist.")
        return package

    def _arn(self, kind: str, name_or_arn: str) -> str:
        return name_or_arn if name_or_arn.startswith("arn:") else self._core.arn(kind, name_or_arn)

    def _detail(self, package: _Package) -> dict[str, Any]:
        whole = package.describe()
        tags = self._core.tags.get(package.arn, {})
        detail: dict[str, Any] = in_milliseconds({name: whole[name] for name in EVENT_FIELDS if name in whole})
        return detail | {"Tags": dict(tags)}
