"""A local cloud that has seen runs succeed, wait for approval and fail, its roles, and every call that they made."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local import privileges
from tests.local.privileges import Recorded, RoleRights
from tests.local.runs import approve, as_csv, breast_cancer, clean_up_ended, summary_of, to_the_end, upload
from tests.ports import free_port
from tests.waiting import until
from warmfold.cloud import local
from warmfold.cloud.iam.policy import Call
from warmfold.progress import read_progress
from warmfold.stack import Stack, open_stack
from warmfold_run.names import run_id

CORES = 2
SNAKE = {
    "ProcessingJob": "processing_job",
    "HyperParameterTuningJob": "hyper_parameter_tuning_job",
    "TrainingJob": "training_job",
    "TransformJob": "transform_job",
}
SMALL = """\
cross_validation: {n_splits: 2}
search:
  max_candidates: 1
  max_parallel_candidates: 1
  hyperparameters: {learning_rate: {min: 0.1, max: 0.2}, max_iter: 5}
compute: {fold_placement: warm-pool}
"""
LONG = SMALL.replace("max_candidates: 1", "max_candidates: 30")
DATA = as_csv(breast_cancer(120))


@dataclass
class Observed:
    """A cloud that has seen runs succeed and fail, its roles, and every call that they made until then."""

    cloud: local.LocalCloud
    stack: Stack
    roles: dict[str, RoleRights]
    recorded: list[Recorded]

    def calls_of(self, role: RoleRights) -> list[Call]:
        return [one.call for one in self.recorded if one.role_arn == role.arn]


@contextlib.contextmanager
def observed_cloud(home: Path) -> Iterator[Observed]:
    """A cloud of its own that has seen what there is to see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARMFOLD_IAM_RECORD", str(home / "verdicts.jsonl"))
        cloud = local.up(home, free_port(), sagemaker={"cores": CORES})
    try:
        stack = open_stack(session=cloud.session())
        roles = {role.logical_id: role for role in privileges.roles_of(cloud.session(), stack.name)}
        good, package = succeed(stack, roles)
        fail(stack)
        functions = privileges.resources_of(cloud.session(), stack.name, "AWS::Lambda::Function")
        repeat(cloud, stack, functions, good, package)
        leave_dead_letters(cloud, functions)
        stop_what_hangs(cloud, stack, roles, functions, run_id(good))
        yield Observed(cloud, stack, roles, privileges.recorded(home / "verdicts.jsonl"))
    finally:
        local.down(home)


def succeed(stack: Stack, roles: dict[str, RoleRights]) -> tuple[str, str]:
    """A good run, approved by hand, with one warm pool more than it reuses; gives its execution and model package."""
    execution = upload(stack, "good", DATA, experiment=SMALL + "quality_gate: {approval: manual}\n")
    leave_pool(stack, roles, run_id(execution))
    summary = summary_of(stack, execution)
    progress, _ = to_the_end(stack, approve(stack, execution, summary["model_package"]["arn"]))
    assert progress.status == "SUCCEEDED", progress.cause
    return execution, summary["model_package"]["arn"]


def leave_pool(stack: Stack, roles: dict[str, RoleRights], run: str) -> None:
    """A pool that no job of the run matches."""
    stack.sagemaker.create_training_job(
        TrainingJobName=f"warmfold-{run}-001-00000000-f9",
        AlgorithmSpecification={"TrainingImage": "x", "TrainingInputMode": "File", "ContainerEntrypoint": ["true"]},
        RoleArn=roles["FoldRole"].arn,
        OutputDataConfig={"S3OutputPath": f"s3://{stack.bucket}/runs/{run}/fold-output/"},
        ResourceConfig={
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 7,
            "KeepAlivePeriodInSeconds": 3600,
        },
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def fail(stack: Stack) -> None:
    """A run that is stopped amid tuning, while it has warm pools, and cleaned up."""
    execution = upload(stack, "stopped", DATA, experiment=LONG)
    until(lambda: read_progress(stack, execution).pools_available)
    stack.stepfunctions.stop_execution(executionArn=execution, error="Enough", cause="seen enough")
    assert clean_up_ended(stack, execution)["status"] == "SUCCEEDED"


def repeat(
    cloud: local.LocalCloud, stack: Stack, functions: dict[str, str], execution: str, model_package: str
) -> None:
    """Invoke a run's functions as a retry does, and as they are when its plan is gone."""
    scheduled: dict[str, Any] = {}
    paginator: Any = stack.stepfunctions.get_paginator("get_execution_history")
    pages = [
        page for arn in (execution, stack.find_execution(execution)) for page in paginator.paginate(executionArn=arn)
    ]
    for event in (event for page in pages for event in page["events"] if event["type"] == "TaskScheduled"):
        given = json.loads(event["taskScheduledEventDetails"]["parameters"])
        scheduled[given.get("FunctionName", "").rpartition(":")[2]] = given.get("Payload")
    assert not invoke(cloud, functions["RegisterModelFunction"], scheduled[functions["RegisterModelFunction"]])[0]
    missed = {"detail": {"bucket": {"name": stack.bucket}, "object": {"key": "datasets/good/Data.csv"}}}
    failed, answer = invoke(cloud, functions["StartRunFunction"], missed)
    assert not failed
    assert "datasets/good/data.csv" in answer["ignored"]
    lost = {**scheduled[functions["RegisterModelFunction"]], "execution_arn": f"{execution}-lost"}
    failed, answer = invoke(cloud, functions["RegisterModelFunction"], lost)
    assert failed
    assert "AccessDenied" not in json.dumps(answer)
    place = {"Bucket": stack.bucket, "Key": f"runs/{run_id(execution)}/plan.json"}
    plan = stack.s3.get_object(**place)["Body"].read()
    stack.s3.delete_object(**place)
    approved = {"source": "aws.sagemaker", "detail": {"ModelPackageArn": model_package}}
    failed, answer = invoke(cloud, functions["ResumeRunFunction"], approved)
    stack.s3.put_object(**place, Body=plan)
    assert (failed, answer["errorType"]) == (True, "StorageError")


def invoke(cloud: local.LocalCloud, function: str, payload: Any) -> tuple[bool, Any]:
    """Whether a function failed, and its answer."""
    answer = cloud.session().client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
    return "FunctionError" in answer, json.load(answer["Payload"])


def leave_dead_letters(cloud: local.LocalCloud, functions: dict[str, str]) -> None:
    """Have the functions that events start fail on one until it is given up."""
    queue = next(url for url in cloud.session().client("sqs").list_queues()["QueueUrls"] if "DeadLetterQueue" in url)
    names = [functions[name] for name in ("StartRunFunction", "ResumeRunFunction")]
    for name in names:
        cloud.session().client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload="{}")

    def senders() -> set[str]:
        letters = cloud.session().client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        bodies = [json.loads(letter["Body"]) for letter in letters.get("Messages", [])]
        found.update(body["requestContext"]["functionArn"].split(":")[6] for body in bodies)
        return found

    found: set[str] = set()
    until(lambda: senders() >= set(names))


def stop_what_hangs(
    cloud: local.LocalCloud, stack: Stack, roles: dict[str, RoleRights], functions: dict[str, str], run: str
) -> None:
    """Have each role that may stop jobs stop one of each kind, while others hold all the cores."""
    client = stack.sagemaker
    plan = stack.read_json(f"s3://{stack.bucket}/runs/{run}/plan.json")
    described: Any = client.describe_transform_job(TransformJobName=f"warmfold-{run}-score")
    shape = ("ModelName", "TransformInput", "TransformOutput", "TransformResources", "Environment")
    requests = {
        "ProcessingJob": plan["requests"]["processing"],
        "HyperParameterTuningJob": plan["requests"]["tuning"],
        "TrainingJob": plan["requests"]["final"],
        "TransformJob": {name: described[name] for name in shape if name in described},
    }

    def create(kind: str, name: str, **more: Any) -> str:
        getattr(client, f"create_{SNAKE[kind]}")(**{**requests[kind], f"{kind}Name": name, **more})
        return name

    def status(kind: str, name: str) -> str:
        with contextlib.suppress(ClientError):
            return str(getattr(client, f"describe_{SNAKE[kind]}")(**{f"{kind}Name": name})[f"{kind}Status"])
        return "None"

    def unfinished(part: str) -> list[str]:
        found = client.list_training_jobs(NameContains=part, StatusEquals="InProgress")["TrainingJobSummaries"]
        return [job["TrainingJobName"] for job in found]

    def stop(names: list[str]) -> None:
        for name in names:
            with contextlib.suppress(ClientError):  # it has ended meanwhile
                client.stop_training_job(TrainingJobName=name)

    sleeps = {"ContainerEntrypoint": ["sleep", "300"], "ImageUri": "x"}
    holders = [create("ProcessingJob", f"holder-{number}", AppSpecification=sleeps) for number in range(CORES)]

    # a candidate loses one of its folds, and stops the other
    create("HyperParameterTuningJob", "warmfold-loses")

    def other_is_stopped() -> bool:
        stop([name for name in unfinished("warmfold-loses-") if "-f0" in name])
        found = client.list_training_jobs(NameContains="warmfold-loses-")["TrainingJobSummaries"]
        return any(job["TrainingJobName"].endswith("-f1") and job["TrainingJobStatus"][:4] == "Stop" for job in found)

    until(other_is_stopped)

    # the machine is stopped while it waits for a job
    for kind in requests:
        work = {"Type": "Task", "Resource": f"arn:aws:states:::sagemaker:create{kind}.sync", "End": True}
        work["Arguments"] = {**requests[kind], f"{kind}Name": "warmfold-hangs"}
        machine = stack.stepfunctions.create_state_machine(
            name=f"hangs-{kind}",
            definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Work", "States": {"Work": work}}),
            roleArn=roles["TuningStateMachineRole"].arn,
        )["stateMachineArn"]
        execution = stack.stepfunctions.start_execution(stateMachineArn=machine)["executionArn"]
        until(lambda kind=kind: status(kind, "warmfold-hangs") == "InProgress")
        stack.stepfunctions.stop_execution(executionArn=execution)
        until(lambda kind=kind: status(kind, "warmfold-hangs") in ("Stopping", "Stopped"))

    # and a run is lost with all its jobs
    lost = f"{stack.state_machine_arn.replace(':stateMachine:', ':execution:')}:lost"
    tuning_job = create("HyperParameterTuningJob", f"warmfold-{run_id(lost)}")
    create("ProcessingJob", f"{tuning_job}-split")
    create("TransformJob", f"{tuning_job}-score")
    create("TrainingJob", f"{tuning_job}-001-00000000-f0")
    release = {"prefix": "warmfold", "run": run_id(lost), "keep": 0}
    assert not invoke(cloud, functions["ReleaseWarmPoolsFunction"], release)[0]
    create("TrainingJob", f"{tuning_job}-001-00000000-f1")
    until(lambda: invoke(cloud, functions["StopRunJobsFunction"], {"execution_arn": lost})[1]["running"] == 0)

    until(lambda: stop(unfinished("warmfold-")) or not unfinished("warmfold-"))
    for name in holders:
        client.stop_processing_job(ProcessingJobName=name)
