"""Names that differ in case only are one name: ARNs are lowercase. What is shown is the name as it was first given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.requests import TAGS, arn, model, pooled, processing, specification, training, transform, tuning

JOBS: dict[str, Callable[[str], dict[str, Any]]] = {
    "training": training,
    "processing": processing,
    "transform": lambda name: transform(name, "cased-model"),
    "tuning": lambda name: tuning(name, total=1, parallel=1),
}
OTHER_TAGS = [{"Key": "other", "Value": "tag"}]


@pytest.mark.parametrize("kind", JOBS)
def test_a_job_s_name_in_another_case_is_taken_and_finds_the_job(endpoint: Endpoint, kind: str) -> None:
    if kind == "transform":
        endpoint.sagemaker.create_model(**model("Cased-Model", "inference.py"))
        endpoint.put("in/Cased-transform/a.csv", b"x\n1\n")
    endpoint.create(JOBS[kind](f"Cased-{kind}"))
    second = JOBS[kind](f"CASED-{kind}") | {"Tags": OTHER_TAGS}
    with pytest.raises(endpoint.sagemaker.exceptions.ResourceInUse):
        endpoint.create(second)
    job = endpoint.finished(kind, f"CASED-{kind.upper()}")
    (name,) = (value for member, value in job.items() if member.endswith("JobName"))
    (own_arn,) = (value for member, value in job.items() if member.endswith("JobArn"))
    assert name == f"Cased-{kind}"
    assert own_arn.endswith(f"/cased-{kind}")
    assert endpoint.sagemaker.list_tags(ResourceArn=own_arn)["Tags"] == TAGS
    with pytest.raises(endpoint.sagemaker.exceptions.ClientError, match="is in status"):
        endpoint.stop(kind, f"cAsEd-{kind}")


def test_a_warm_pool_is_released_by_its_job_s_name_in_another_case(endpoint: Endpoint) -> None:
    endpoint.run(training("Cased-Pool", **pooled(VolumeSizeInGB=300)))
    longer = {"KeepAlivePeriodInSeconds": 900}
    endpoint.sagemaker.update_training_job(TrainingJobName="cased-pool", ResourceConfig=longer)
    assert endpoint.pool("CASED-POOL") == {"Status": "Available"}
    endpoint.release("cased-POOL")
    assert (endpoint.pool("Cased-Pool") or {})["Status"] == "Terminated"


def test_candidates_and_parents_are_found_in_another_case(endpoint: Endpoint) -> None:
    endpoint.run(tuning("Cased-Parent", total=1, parallel=1))
    (candidate,) = endpoint.candidates("cased-parent")
    assert candidate["TrainingJobName"].startswith("Cased-Parent-001-")
    parents = [{"HyperParameterTuningJobName": "CASED-PARENT"}]
    warm = {"WarmStartConfig": {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "TransferLearning"}}
    child = endpoint.run(tuning("cased-heir", total=1, parallel=1, **warm))
    assert child["HyperParameterTuningJobStatus"] == "Completed"
    twice = tuning(
        "cased-twice",
        WarmStartConfig=warm["WarmStartConfig"]
        | {"ParentHyperParameterTuningJobs": [*parents, {"HyperParameterTuningJobName": "cased-parent"}]},
    )
    code, message = refusal(endpoint.sagemaker.create_hyper_parameter_tuning_job, **twice)
    assert (code, "names a parent more than once" in message) == ("ValidationException", True)


def test_a_model_in_another_case_is_the_same_model(endpoint: Endpoint) -> None:
    client, own_arn = endpoint.sagemaker, arn("model", "cased")
    client.create_model(**model("Cased", Tags=TAGS))
    taken = ("ValidationException", f'Cannot create already existing model "{own_arn}".')
    assert refusal(client.create_model, **model("CASED", Tags=OTHER_TAGS)) == taken
    assert client.describe_model(ModelName="cased")["ModelName"] == "Cased"
    assert client.list_tags(ResourceArn=own_arn)["Tags"] == TAGS
    client.delete_model(ModelName="CASED")
    missing = ("ValidationException", f'Could not find model "{own_arn}".')
    assert refusal(client.delete_model, ModelName="Cased") == missing


def test_a_model_package_group_in_another_case_is_the_same_group(endpoint: Endpoint) -> None:
    client = endpoint.sagemaker
    client.create_model_package_group(ModelPackageGroupName="Cased")
    code, message = refusal(client.create_model_package_group, ModelPackageGroupName="CASED")
    assert code == "ValidationException"
    assert message == f"Model Package Group already exists: {arn('model-package-group', 'cased')}"
    packages = [
        client.create_model_package(
            ModelPackageGroupName=name, InferenceSpecification=specification(), ModelPackageDescription=name
        )["ModelPackageArn"]
        for name in ("Cased", "cased")
    ]
    assert packages == [arn("model-package", f"cased/{version}") for version in (1, 2)]
    first = client.describe_model_package(ModelPackageName=packages[0])
    assert (first["ModelPackageGroupName"], first["ModelPackageDescription"]) == ("Cased", "Cased"), "it is not lost"
    assert len(client.list_model_packages(ModelPackageGroupName="CASED")["ModelPackageSummaryList"]) == 2


def test_an_unversioned_model_package_in_another_case_is_the_same_package(endpoint: Endpoint) -> None:
    request = {"ModelPackageName": "Cased-Alone", "InferenceSpecification": specification()}
    own_arn = endpoint.sagemaker.create_model_package(**request)["ModelPackageArn"]
    taken = ("ValidationException", f"Model Package already exists: {own_arn}")
    again = request | {"ModelPackageName": "cased-alone"}
    assert refusal(endpoint.sagemaker.create_model_package, **again) == taken
    shown = endpoint.sagemaker.describe_model_package(ModelPackageName="CASED-ALONE")
    assert shown["ModelPackageName"] == "Cased-Alone"
