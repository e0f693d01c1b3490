"""The model registry: groups, versions, approval, deletion, events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, Told, refusal
from tests.conformance.requests import TAGS, arn, specification

VERSIONS_HAVE_NO_TAGS = "Tags are not supported in Model Package versions. Please add them to the Model Package Group"


def group(endpoint: Endpoint, name: str, **more: Any) -> str:
    created = endpoint.sagemaker.create_model_package_group(ModelPackageGroupName=name, **more)
    return str(created["ModelPackageGroupArn"])


def register(endpoint: Endpoint, name: str, **more: Any) -> str:
    created = endpoint.sagemaker.create_model_package(
        ModelPackageGroupName=name, InferenceSpecification=specification(), **more
    )
    return str(created["ModelPackageArn"])


def described(endpoint: Endpoint, package: str) -> dict[str, Any]:
    return dict(endpoint.sagemaker.describe_model_package(ModelPackageName=package))


def test_versions_count_up_within_their_group(endpoint: Endpoint) -> None:
    for name in ("churn", "other"):
        group(endpoint, name)
    arns = [register(endpoint, "churn"), register(endpoint, "churn"), register(endpoint, "other")]
    assert arns == [arn("model-package", name) for name in ("churn/1", "churn/2", "other/1")]
    listed = endpoint.sagemaker.list_model_packages(ModelPackageGroupName="churn")["ModelPackageSummaryList"]
    assert [package["ModelPackageVersion"] for package in listed] == [2, 1]
    ascending = endpoint.sagemaker.list_model_packages(ModelPackageGroupName="churn", SortOrder="Ascending")
    assert [package["ModelPackageVersion"] for package in ascending["ModelPackageSummaryList"]] == [1, 2]


def test_a_package_shows_what_was_registered(endpoint: Endpoint) -> None:
    group(endpoint, "shows")
    more = {"ModelPackageDescription": "the first", "CustomerMetadataProperties": {"run": "one"}}
    package = described(endpoint, register(endpoint, "shows", ModelApprovalStatus="Approved", **more))
    assert package["InferenceSpecification"] == specification()
    assert (package["ModelPackageDescription"], package["CustomerMetadataProperties"]) == tuple(more.values())
    assert (package["ModelApprovalStatus"], package["ModelPackageStatus"]) == ("Approved", "Completed")
    assert (package["ModelPackageGroupName"], package["ModelPackageVersion"]) == ("shows", 1)
    assert package["ModelPackageArn"] == arn("model-package", "shows/1")


def test_a_group_is_described_and_carries_the_tags(endpoint: Endpoint) -> None:
    group_arn = group(endpoint, "tagged", Tags=TAGS, ModelPackageGroupDescription="of churn")
    assert group_arn == arn("model-package-group", "tagged")
    shown = endpoint.sagemaker.describe_model_package_group(ModelPackageGroupName="tagged")
    assert (shown["ModelPackageGroupStatus"], shown["ModelPackageGroupDescription"]) == ("Completed", "of churn")
    assert endpoint.sagemaker.list_tags(ResourceArn=group_arn)["Tags"] == TAGS
    request = {"ModelPackageGroupName": "tagged", "InferenceSpecification": specification(), "Tags": TAGS}
    code, message = refusal(endpoint.sagemaker.create_model_package, **request)
    assert code == "ValidationException"
    assert message == VERSIONS_HAVE_NO_TAGS
    version = register(endpoint, "tagged")
    for operation, more in (("add_tags", {"Tags": TAGS}), ("list_tags", {}), ("delete_tags", {"TagKeys": ["own"]})):
        call = getattr(endpoint.patient, operation)
        assert refusal(call, ResourceArn=version, **more) == ("ValidationException", VERSIONS_HAVE_NO_TAGS), operation


def test_without_a_status_a_package_waits_for_approval_and_can_be_approved(
    endpoint: Endpoint, told: Callable[[str], Told]
) -> None:
    listener = told(arn("model-package", "approves/1"))
    group(endpoint, "approves")
    package = register(endpoint, "approves", CustomerMetadataProperties={"run": "one", "old": "x"})
    assert described(endpoint, package)["ModelApprovalStatus"] == "PendingManualApproval"
    endpoint.sagemaker.update_model_package(
        ModelPackageArn=package,
        ModelApprovalStatus="Approved",
        ApprovalDescription="looked at",
        CustomerMetadataProperties={"by": "me"},
        CustomerMetadataPropertiesToRemove=["old"],
    )
    shown = described(endpoint, package)
    assert (shown["ModelApprovalStatus"], shown["ApprovalDescription"]) == ("Approved", "looked at")
    assert shown["CustomerMetadataProperties"] == {"run": "one", "by": "me"}
    assert shown["CreationTime"] <= shown["LastModifiedTime"]
    events = listener.until(2)
    assert {event["detail-type"] for event in events} == {"SageMaker Model Package State Change"}
    statuses = [event["detail"]["ModelApprovalStatus"] for event in events]
    assert sorted(statuses) == ["Approved", "PendingManualApproval"]


def test_versions_are_found_by_their_approval(endpoint: Endpoint) -> None:
    group(endpoint, "found")
    for status in ("Approved", "Rejected", "PendingManualApproval"):
        register(endpoint, "found", ModelApprovalStatus=status)
    for version, status in enumerate(("Approved", "Rejected", "PendingManualApproval"), 1):
        listed = endpoint.sagemaker.list_model_packages(ModelPackageGroupName="found", ModelApprovalStatus=status)
        (only,) = listed["ModelPackageSummaryList"]
        assert (only["ModelPackageVersion"], only["ModelApprovalStatus"]) == (version, status)


def test_deleted_versions_are_gone_and_their_numbers_are_not_used_again(endpoint: Endpoint) -> None:
    group(endpoint, "deleted")
    package = register(endpoint, "deleted")
    code, message = refusal(endpoint.sagemaker.delete_model_package_group, ModelPackageGroupName="deleted")
    assert code == "ConflictException"
    assert "still contains Model Packages" in message
    endpoint.sagemaker.delete_model_package(ModelPackageName=package)
    assert refusal(endpoint.sagemaker.describe_model_package, ModelPackageName=package) == (
        "ValidationException",
        f"ModelPackage {package} does not exist.",
    )
    second = register(endpoint, "deleted")
    assert second.endswith("deleted/2")
    endpoint.sagemaker.delete_model_package(ModelPackageName=second)
    endpoint.sagemaker.delete_model_package_group(ModelPackageGroupName="deleted")
    assert endpoint.sagemaker.list_model_package_groups(NameContains="deleted")["ModelPackageGroupSummaryList"] == []


def test_an_unversioned_package_has_a_name_and_no_approval(endpoint: Endpoint) -> None:
    created = endpoint.sagemaker.create_model_package(
        ModelPackageName="unversioned", InferenceSpecification=specification(), Tags=TAGS
    )
    assert created["ModelPackageArn"] == arn("model-package", "unversioned")
    package = described(endpoint, "unversioned")
    assert not {"ModelApprovalStatus", "ModelPackageVersion", "ModelPackageGroupName"} & set(package)
    assert endpoint.sagemaker.list_tags(ResourceArn=created["ModelPackageArn"])["Tags"] == TAGS
    listed = endpoint.sagemaker.list_model_packages(NameContains="unversioned")["ModelPackageSummaryList"]
    assert [item["ModelPackageName"] for item in listed] == ["unversioned"]
    update = {"ModelPackageArn": created["ModelPackageArn"], "ModelApprovalStatus": "Approved"}
    code, message = refusal(endpoint.sagemaker.update_model_package, **update)
    assert (code, message.endswith("is not versioned, and only versions can be approved.")) == (
        "ValidationException",
        True,
    )


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("create_model_package_group", {"ModelPackageGroupName": "taken"}, "Model Package Group already exists: "),
        ("create_model_package_group", {"ModelPackageGroupName": "under_score"}, "regular expression pattern"),
        ("create_model_package", {"ModelPackageGroupName": "nothing"}, "model-package-group/nothing does not exist."),
        ("create_model_package", {}, "Give either ModelPackageGroupName (a versioned model package) or"),
        (
            "create_model_package",
            {"ModelPackageName": "own", "ModelApprovalStatus": "Approved"},
            "ModelApprovalStatus is for versioned model packages",
        ),
        (
            "create_model_package",
            {"ModelPackageGroupName": "taken", "ManagedStorageType": "Restricted"},
            "ManagedStorageType is not built in the local cloud",
        ),
        ("describe_model_package_group", {"ModelPackageGroupName": "nothing"}, "does not exist."),
        ("delete_model_package_group", {"ModelPackageGroupName": "nothing"}, "does not exist."),
        ("describe_model_package", {"ModelPackageName": "nothing"}, "model-package/nothing does not exist."),
        ("delete_model_package", {"ModelPackageName": "nothing"}, "model-package/nothing does not exist."),
        (
            "update_model_package",
            {"ModelPackageArn": arn("model-package", "nothing/1"), "ModelApprovalStatus": "Approved"},
            "model-package/nothing/1 does not exist.",
        ),
        ("list_model_packages", {"ModelPackageGroupName": "nothing"}, "does not exist."),
    ],
)
def test_what_the_registry_does_not_have_or_take_is_refused(
    endpoint: Endpoint, operation: str, request_: dict[str, Any], message: str
) -> None:
    if not endpoint.sagemaker.list_model_package_groups(NameContains="taken")["ModelPackageGroupSummaryList"]:
        group(endpoint, "taken")
    code, said = refusal(getattr(endpoint.unchecked, operation), **request_)
    assert code == "ValidationException"
    assert message in said
