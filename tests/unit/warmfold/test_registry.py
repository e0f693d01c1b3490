"""The model registry: groups, versions, approval."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.registry import ModelRegistry
from warmfold.cloud.sagemaker.service import Service
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.sagemaker.tags import Tags

CONTAINERS = [{"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"A": "1"}}]
SPECIFICATION = {
    "Containers": CONTAINERS,
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


class Registry:
    """A service that has the registry only, and the events it sent."""

    def __init__(self, base: Path) -> None:
        self.events: list[tuple[str, dict[str, Any], list[str]]] = []
        core = Core(
            Settings(base_dir=base, account_id=DEFAULT_ACCOUNT_ID),
            clock=lambda: 1_000.0,
            credentials=lambda _: {},
            log_sink=lambda *_: None,
            event_sink=lambda *event: self.events.append(event),
        )
        self.service = Service(core, [ModelRegistry(core), Tags(core)])

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.service.call(operation, request, None)

    def register(self, group: str = "churn", **more: Any) -> str:
        arn: str = self.call(
            "CreateModelPackage", ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION, **more
        )["ModelPackageArn"]
        return arn


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path)
    registry.call("CreateModelPackageGroup", ModelPackageGroupName="churn", Tags=[{"Key": "a", "Value": "b"}])
    yield registry
    registry.service.shutdown()


def refusal(registry: Registry, operation: str, **request: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        registry.call(operation, **request)
    return str(caught.value)


def test_versions_count_up_within_their_group(registry: Registry) -> None:
    registry.call("CreateModelPackageGroup", ModelPackageGroupName="other")
    arns = [registry.register(), registry.register(), registry.register("other")]
    prefix = f"arn:aws:sagemaker:us-east-1:{DEFAULT_ACCOUNT_ID}:model-package"
    assert arns == [f"{prefix}/churn/1", f"{prefix}/churn/2", f"{prefix}/other/1"]
    listed = registry.call("ListModelPackages", ModelPackageGroupName="churn")["ModelPackageSummaryList"]
    assert [package["ModelPackageVersion"] for package in listed] == [2, 1]
    listed = registry.call("ListModelPackages", ModelPackageGroupName="churn", SortOrder="Ascending")
    assert [package["ModelPackageVersion"] for package in listed["ModelPackageSummaryList"]] == [1, 2]


def test_a_package_shows_what_was_registered(registry: Registry) -> None:
    arn = registry.register(ModelApprovalStatus="Approved", CustomerMetadataProperties={"run": "one"})
    package = registry.call("DescribeModelPackage", ModelPackageName=arn)
    assert package["InferenceSpecification"] == SPECIFICATION
    assert package["CustomerMetadataProperties"] == {"run": "one"}
    assert (package["ModelApprovalStatus"], package["ModelPackageStatus"]) == ("Approved", "Completed")
    assert (package["ModelPackageGroupName"], package["ModelPackageVersion"]) == ("churn", 1)
    kind, detail, resources = registry.events[-1]
    assert (kind, resources) == ("SageMaker Model Package State Change", [arn])
    assert detail["ModelApprovalStatus"] == "Approved"


def test_without_a_status_a_package_waits_for_approval_and_can_be_approved(registry: Registry) -> None:
    arn = registry.register(CustomerMetadataProperties={"run": "one", "old": "x"})
    assert registry.call("DescribeModelPackage", ModelPackageName=arn)["ModelApprovalStatus"] == "PendingManualApproval"
    registry.call(
        "UpdateModelPackage",
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="looked at",
        CustomerMetadataProperties={"by": "me"},
        CustomerMetadataPropertiesToRemove=["old"],
    )
    package = registry.call("DescribeModelPackage", ModelPackageName=arn)
    assert (package["ModelApprovalStatus"], package["ApprovalDescription"]) == ("Approved", "looked at")
    assert package["CustomerMetadataProperties"] == {"run": "one", "by": "me"}
    assert registry.events[-1][1]["ModelApprovalStatus"] == "Approved"
    approved = registry.call("ListModelPackages", ModelPackageGroupName="churn", ModelApprovalStatus="Approved")
    assert len(approved["ModelPackageSummaryList"]) == 1


def test_a_version_carries_no_tags_but_its_group_does(registry: Registry) -> None:
    message = refusal(registry, "CreateModelPackage", ModelPackageGroupName="churn", Tags=[{"Key": "a", "Value": "b"}])
    reason = "Tags are not supported in Model Package versions. Please add them to the Model Package Group"
    assert message == f"ValidationException: {reason}"
    for operation, more in (
        ("AddTags", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("ListTags", {}),
        ("DeleteTags", {"TagKeys": ["a"]}),
    ):
        assert refusal(registry, operation, ResourceArn=registry.register(), **more).endswith(reason)
    arn = registry.call("DescribeModelPackageGroup", ModelPackageGroupName="churn")["ModelPackageGroupArn"]
    assert registry.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_deleted_versions_are_gone_and_their_numbers_are_not_used_again(registry: Registry) -> None:
    arn = registry.register()
    assert "still contains Model Packages" in refusal(
        registry, "DeleteModelPackageGroup", ModelPackageGroupName="churn"
    )
    registry.call("DeleteModelPackage", ModelPackageName=arn)
    assert refusal(registry, "DescribeModelPackage", ModelPackageName=arn).endswith(f"{arn} does not exist.")
    assert registry.register().endswith("churn/2")
    registry.call("DeleteModelPackage", ModelPackageName=arn.replace("/1", "/2"))
    registry.call("DeleteModelPackageGroup", ModelPackageGroupName="churn")
    assert registry.call("ListModelPackageGroups") == {"ModelPackageGroupSummaryList": []}


def test_names_are_used_once_and_groups_must_exist(registry: Registry) -> None:
    assert "already exists" in refusal(registry, "CreateModelPackageGroup", ModelPackageGroupName="churn")
    assert "does not exist" in refusal(registry, "CreateModelPackage", ModelPackageGroupName="nothing")
    assert "Give either ModelPackageGroupName" in refusal(registry, "CreateModelPackage")


def test_names_that_differ_in_case_only_are_one_name(registry: Registry) -> None:
    assert "already exists" in refusal(registry, "CreateModelPackageGroup", ModelPackageGroupName="CHURN")
    first, second = registry.register("churn"), registry.register("Churn")
    assert (first[-7:], second[-7:]) == ("churn/1", "churn/2")
    shown = registry.call("DescribeModelPackage", ModelPackageName=second)
    assert shown["ModelPackageGroupName"] == "churn", "the group's name as it was given"
    listed = registry.call("ListModelPackages", ModelPackageGroupName="CHURN")
    assert len(listed["ModelPackageSummaryList"]) == 2
    for arn in (first, second):
        registry.call("DeleteModelPackage", ModelPackageName=arn)
    registry.call("DeleteModelPackageGroup", ModelPackageGroupName="CHURN")
    assert registry.call("ListModelPackageGroups") == {"ModelPackageGroupSummaryList": []}


def test_an_unversioned_package_has_a_name_and_no_approval(registry: Registry) -> None:
    registry.call("CreateModelPackage", ModelPackageName="alone", InferenceSpecification=SPECIFICATION)
    package = registry.call("DescribeModelPackage", ModelPackageName="alone")
    assert "ModelApprovalStatus" not in package
    assert [p["ModelPackageName"] for p in registry.call("ListModelPackages")["ModelPackageSummaryList"]] == ["alone"]
    message = refusal(registry, "CreateModelPackage", ModelPackageName="b", ModelApprovalStatus="Approved")
    assert "is for versioned model packages" in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ('{"model_name": "x"}', "content has the unknown key model_name"),
        ('{"intended_uses": {"risk_rating": "low"}}', "content.intended_uses.risk_rating must be one of High"),
        ('{"evaluation_details": [{"name": "%s"}]}' % ("x" * 64), r"evaluation_details\[0\].name must be a text of at"),
    ],
)
def test_a_model_card_that_is_not_of_its_schema_is_refused(registry: Registry, content: str, said: str) -> None:
    card = {"ModelCardContent": content, "ModelCardStatus": "Draft"}
    with pytest.raises(ServiceError, match=said):
        registry.register(ModelCard=card)
