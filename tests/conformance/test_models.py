"""Models: what is served, from an archive or a model package, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.requests import ARCHIVE, BUCKET, IMAGE, ROLE, TAGS, arn, model, specification, transform

FOLDER = {"S3Uri": "s3://b/m/", "S3DataType": "S3Prefix", "CompressionType": "None"}
OWN = {"Image": IMAGE, "ModelDataUrl": ARCHIVE}


def package(endpoint: Endpoint, group: str, approval: str) -> str:
    endpoint.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    created = endpoint.sagemaker.create_model_package(
        ModelPackageGroupName=group, ModelApprovalStatus=approval, InferenceSpecification=specification()
    )
    return str(created["ModelPackageArn"])


def test_a_model_is_described_as_it_was_created(endpoint: Endpoint) -> None:
    asked = model("Kept", Tags=TAGS)
    created = endpoint.sagemaker.create_model(**asked)
    assert created["ModelArn"] == arn("model", "kept")
    described = endpoint.sagemaker.describe_model(ModelName="Kept")
    for member in set(asked) - {"Tags"}:
        assert described[member] == asked[member], member
    assert described["EnableNetworkIsolation"] is False
    assert described["CreationTime"]
    assert endpoint.sagemaker.list_tags(ResourceArn=created["ModelArn"])["Tags"] == TAGS


def test_a_deleted_model_is_gone_with_its_tags(endpoint: Endpoint) -> None:
    model_arn = endpoint.sagemaker.create_model(**model("gone", Tags=TAGS))["ModelArn"]
    endpoint.sagemaker.delete_model(ModelName="gone")
    for operation in (endpoint.sagemaker.describe_model, endpoint.sagemaker.delete_model):
        assert refusal(operation, ModelName="gone") == ("ValidationException", f'Could not find model "{model_arn}".')
    code, message = refusal(endpoint.sagemaker.list_tags, ResourceArn=model_arn)
    assert (code, message) == ("ValidationException", f"The resource {model_arn} does not exist.")
    endpoint.sagemaker.create_model(**model("gone"))


def test_a_name_is_used_once(endpoint: Endpoint) -> None:
    endpoint.sagemaker.create_model(**model("once"))
    assert refusal(endpoint.sagemaker.create_model, **model("once")) == (
        "ValidationException",
        f'Cannot create already existing model "{arn("model", "once")}".',
    )


@pytest.mark.parametrize("approval", ["Rejected", "PendingManualApproval"])
def test_a_package_that_is_not_approved_cannot_be_deployed_until_it_is(endpoint: Endpoint, approval: str) -> None:
    name = f"unapproved-{approval.lower()}"
    package_arn = package(endpoint, name, approval)
    request = model(name, PrimaryContainer=None, Containers=[{"ModelPackageName": package_arn}])
    code, message = refusal(endpoint.sagemaker.create_model, **request)
    assert code == "ValidationException"
    assert f"{package_arn} cannot be deployed: its ModelApprovalStatus is {approval}, and must be Approved." in message
    endpoint.sagemaker.update_model_package(ModelPackageArn=package_arn, ModelApprovalStatus="Approved")
    assert endpoint.sagemaker.create_model(**request)["ModelArn"] == arn("model", name)


def test_a_model_outlives_the_approval_of_its_package(endpoint: Endpoint) -> None:
    package_arn = package(endpoint, "withdrawn", "Approved")
    endpoint.sagemaker.create_model(**(model("withdrawn") | {"PrimaryContainer": {"ModelPackageName": package_arn}}))
    endpoint.sagemaker.update_model_package(ModelPackageArn=package_arn, ModelApprovalStatus="Rejected")
    endpoint.put("in/withdrawn/a.csv", b"x\n5\n")
    endpoint.run(transform("withdrawn", "withdrawn"))
    assert endpoint.objects("out/withdrawn/") == {"a.csv.out": b"x3\n15\n"}


def test_an_unversioned_package_goes_by_its_name(endpoint: Endpoint) -> None:
    endpoint.sagemaker.create_model_package(ModelPackageName="alone", InferenceSpecification=specification())
    endpoint.sagemaker.create_model(**(model("alone") | {"PrimaryContainer": {"ModelPackageName": "alone"}}))
    endpoint.put("in/alone/a.csv", b"x\n5\n")
    endpoint.run(transform("alone", "alone"))
    assert endpoint.objects("out/alone/") == {"a.csv.out": b"x3\n15\n"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Containers": [OWN]}, "Give either PrimaryContainer or Containers"),
        ({"PrimaryContainer": None, "Containers": [OWN, OWN]}, "Containers holds 2 definitions"),
        ({"PrimaryContainer": None, "Containers": []}, "Containers holds 0 definitions"),
        ({"PrimaryContainer": None}, "Give either PrimaryContainer or Containers"),
        ({"ExecutionRoleArn": None}, "ExecutionRoleArn is missing"),
        ({"ExecutionRoleArn": ROLE.replace("123456789012", "999999999999")}, "Cross-account pass role is not allowed"),
        ({"PrimaryContainer": OWN | {"Mode": "MultiModel"}}, "Mode must be SingleModel"),
        ({"PrimaryContainer": {"Image": IMAGE}}, "ModelDataUrl is missing in the container definition"),
        ({"PrimaryContainer": {"ModelDataUrl": ARCHIVE}}, "Image is missing in the container definition"),
        ({"PrimaryContainer": OWN | {"ModelPackageName": "x"}}, "no Image, ModelDataUrl in a container definition"),
        ({"PrimaryContainer": OWN | {"InferenceSpecificationName": "x"}}, "no InferenceSpecificationName"),
        (
            {"PrimaryContainer": OWN | {"ModelDataSource": {"S3DataSource": FOLDER}}},
            "no ModelDataSource",
        ),
        ({"PrimaryContainer": {"ModelPackageName": "unknown"}}, "model-package/unknown does not exist"),
        (
            {"PrimaryContainer": OWN | {"ModelDataUrl": f"s3://{BUCKET}/nothing.tar.gz"}},
            f"Could not find model data at s3://{BUCKET}/nothing.tar.gz.",
        ),
        ({"InferenceExecutionConfig": {"Mode": "Serial"}}, "InferenceExecutionConfig is not built"),
    ],
)
def test_what_cannot_be_served_is_refused(endpoint: Endpoint, changes: dict[str, Any], message: str) -> None:
    request = model("refused-model") | changes
    given = {name: value for name, value in request.items() if value is not None}
    code, said = refusal(endpoint.unchecked.create_model, **given)
    assert code == "ValidationException"
    assert message in said
    assert endpoint.sagemaker.list_models(NameContains="refused-model")["Models"] == []
