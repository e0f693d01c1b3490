"""Step Functions' optimized integrations of SageMaker, over the endpoint: they ask, wait and hand on the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID

from tests.conformance.endpoint import Endpoint
from tests.conformance.requests import model, processing, training, transform, tuning
from tests.waiting import until
from warmfold.cloud.hooks.stepfunctions.sagemaker import error_name

ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/machines"


@pytest.fixture(scope="module")
def role(endpoint: Endpoint) -> str:
    iam = endpoint.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}}
    iam.create_role(RoleName="machines", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="machines", PolicyName="all", PolicyDocument=json.dumps(rights))
    return ROLE


def executed(endpoint: Endpoint, role: str, name: str, *tasks: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """The execution of a machine that does one task after the other, to its end."""
    states: dict[str, Any] = {}
    for number, (resource, request) in enumerate(tasks, 1):
        state = {"Type": "Task", "Resource": f"arn:aws:states:::sagemaker:{resource}", "Arguments": request}
        states[f"S{number}"] = state | ({"End": True} if number == len(tasks) else {"Next": f"S{number + 1}"})
    definition = {"QueryLanguage": "JSONata", "StartAt": "S1", "States": states}
    machines = endpoint.client("stepfunctions")
    machine = machines.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    execution = machines.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    until(lambda: machines.describe_execution(executionArn=execution)["status"] != "RUNNING")
    return dict(machines.describe_execution(executionArn=execution))


@pytest.mark.parametrize(
    ("resource", "request_", "status"),
    [
        ("createTrainingJob.sync", training("machine-training"), "TrainingJobStatus"),
        ("createProcessingJob.sync", processing("machine-processing"), "ProcessingJobStatus"),
        (
            "createHyperParameterTuningJob.sync",
            tuning("machine-tuning", total=1, parallel=1),
            "HyperParameterTuningJobStatus",
        ),
    ],
)
def test_a_state_waits_for_its_job_and_hands_on_what_describe_says(
    endpoint: Endpoint, role: str, resource: str, request_: dict[str, Any], status: str
) -> None:
    done = executed(endpoint, role, f"waits-{resource.split('.')[0]}", (resource, request_))
    assert done["status"] == "SUCCEEDED", (done.get("error"), done.get("cause"))
    job = json.loads(done["output"])
    assert job[status] == "Completed"
    assert isinstance(job["CreationTime"], int), "epoch milliseconds"
    assert job["Tags"]["own"] == "tag"
    assert job["Tags"]["AWS_STEP_FUNCTIONS_EXECUTION_ARN"] == done["executionArn"]


def test_a_machine_makes_a_model_and_transforms_with_it(endpoint: Endpoint, role: str) -> None:
    endpoint.put("in/machine-transform/a.csv", b"x,y\n1,2\n")
    request = transform("machine-transform", "machine-model")
    steps = ("createModel", model("machine-model")), ("createTransformJob.sync", request)
    done = executed(endpoint, role, "transforms", *steps)
    assert done["status"] == "SUCCEEDED", (done.get("error"), done.get("cause"))
    job = json.loads(done["output"])
    assert (job["TransformJobStatus"], job["ModelName"]) == ("Completed", "machine-model")
    assert endpoint.objects("out/machine-transform/") == {"a.csv.out": b"x,y\n1,2\n"}


@pytest.mark.parametrize(
    ("name", "changes", "field"),
    [
        ("unknown", {"S3Operations": {"S3Upload": []}}, "S3Operations"),
        ("deep", {"Tags": [{"key": "own", "Value": "tag"}]}, "key"),
        ("lacking", {"TensorBoardOutputConfig": {"S3OutputPath": "s3://bucket/x"}}, "TensorBoardOutputConfig"),
    ],
)
def test_what_the_integration_does_not_know_ends_the_execution_for_good(
    endpoint: Endpoint, role: str, name: str, changes: dict[str, Any], field: str
) -> None:
    request = training(f"machine-{name}") | changes
    done = executed(endpoint, role, f"field-{name}", ("createTrainingJob.sync", request))
    assert (done["status"], done["error"]) == ("FAILED", "States.Runtime")
    assert f'[The field "{field}" is not supported by Step Functions]' in done["cause"]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ThrottlingException", "SageMaker.AmazonSageMakerException"),
        ("ValidationException", "SageMaker.AmazonSageMakerException"),
        ("InternalFailure", "SageMaker.AmazonSageMakerException"),
        ("ResourceInUse", "SageMaker.ResourceInUseException"),
        ("ResourceLimitExceeded", "SageMaker.ResourceLimitExceededException"),
        ("ConflictException", "SageMaker.ConflictException"),
    ],
)
def test_errors_have_the_names_of_sagemaker_s_model_and_all_others_one(code: str, name: str) -> None:
    assert error_name(code) == name


def test_a_failed_job_fails_its_state_with_the_job_as_the_cause(endpoint: Endpoint, role: str) -> None:
    done = executed(endpoint, role, "fails", ("createTrainingJob.sync", training("machine-fails", "exit 3")))
    assert (done["status"], done["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(done["cause"])["FailureReason"] == "AlgorithmError: , exit code: 3"


@pytest.mark.parametrize(
    ("name", "changes", "error"),
    [
        ("in-use", {}, "SageMaker.ResourceInUseException"),
        ("invalid", {"ResourceConfig": {"InstanceCount": 2}}, "SageMaker.AmazonSageMakerException"),
    ],
)
def test_a_refused_request_fails_its_state_with_the_service_s_error(
    endpoint: Endpoint, role: str, name: str, changes: dict[str, Any], error: str
) -> None:
    request = training(f"machine-{name}", **changes)
    steps = [("createTrainingJob", request)] * (2 if name == "in-use" else 1)
    done = executed(endpoint, role, f"refused-{name}", *steps)
    assert (done["status"], done["error"]) == ("FAILED", error)
