"""Every right of every role is needed, or only AWS needs it; a role that lacks one is refused in AWS's words."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local import privileges
from tests.local.privileges import Recorded, RoleRights, deprived, needed, rights
from tests.local.runs import (
    as_csv,
    assert_nothing_is_left,
    breast_cancer,
    clean_up_ended,
    keys,
    to_the_end,
    training_jobs,
    upload,
)
from tests.ports import free_port
from tests.waiting import until
from warmfold.cloud import local
from warmfold.cloud.deploy import package
from warmfold.cloud.hooks.cloudformation import _transformed
from warmfold.cloud.iam.policy import Call
from warmfold.progress import Progress, read_progress
from warmfold.stack import Stack, open_stack, run_id

pytestmark = [pytest.mark.timeout(300)]

CORES = 2
SNAKE = {
    "ProcessingJob": "processing_job",
    "HyperParameterTuningJob": "hyper_parameter_tuning_job",
    "TrainingJob": "training_job",
    "TransformJob": "transform_job",
}
UNRECORDED = Path(__file__).with_name("unrecorded_rights.yaml")
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


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    home = tmp_path_factory.mktemp("judged-cloud")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARMFOLD_IAM_RECORD", str(home / "verdicts.jsonl"))
        cloud = local.up(home, free_port(), sagemaker={"cores": CORES})
    try:
        stack = open_stack(session=cloud.session())
        roles = {role.logical_id: role for role in privileges.roles_of(cloud.session(), stack.name)}
        good = succeed(stack, roles)
        fail(stack)
        functions = privileges.resources_of(cloud.session(), stack.name, "AWS::Lambda::Function")
        repeat(cloud, stack, functions, good)
        stop_what_hangs(cloud, stack, roles, functions, run_id(good))
        yield Observed(cloud, stack, roles, privileges.recorded(home / "verdicts.jsonl"))
    finally:
        local.down(home)


def succeed(stack: Stack, roles: dict[str, RoleRights]) -> str:
    """A good run, with one warm pool more than it reuses; gives its execution."""
    execution = upload(stack, "good", DATA, experiment=SMALL)
    leave_pool(stack, roles, run_id(execution))
    progress, _ = to_the_end(stack, execution)
    assert progress.status == "SUCCEEDED", progress.cause
    return execution


def leave_pool(stack: Stack, roles: dict[str, RoleRights], run: str) -> None:
    """A pool that no job of the run matches."""
    stack.sagemaker.create_training_job(
        TrainingJobName=f"warmfold-{run}-001-00000000-f9",
        AlgorithmSpecification={"TrainingImage": "x", "TrainingInputMode": "File", "ContainerEntrypoint": ["true"]},
        RoleArn=roles["FoldRole"].arn,
        OutputDataConfig={"S3OutputPath": f"s3://{stack.bucket}/runs/{run}/stray/"},
        ResourceConfig={
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 7,
            "KeepAlivePeriodInSeconds": 200,
        },
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def fail(stack: Stack) -> None:
    """A run that is stopped amid tuning, while it has warm pools, and cleaned up."""
    execution = upload(stack, "stopped", DATA, experiment=LONG)
    until(lambda: read_progress(stack, execution).pools_available)
    stack.stepfunctions.stop_execution(executionArn=execution, error="Enough", cause="seen enough")
    assert clean_up_ended(stack, execution)["status"] == "SUCCEEDED"


def repeat(cloud: local.LocalCloud, stack: Stack, functions: dict[str, str], execution: str) -> None:
    """Invoke a run's functions as a retry does, and as they are when its plan is gone."""
    scheduled: dict[str, Any] = {}
    pages: Any = stack.stepfunctions.get_paginator("get_execution_history").paginate(executionArn=execution)
    for event in (event for page in pages for event in page["events"] if event["type"] == "TaskScheduled"):
        given = json.loads(event["taskScheduledEventDetails"]["parameters"])
        scheduled[given.get("FunctionName", "").rpartition(":")[2]] = given.get("Payload")
    assert not invoke(cloud, functions["RegisterModelFunction"], scheduled[functions["RegisterModelFunction"]])[0]
    for name in ("PrepareFinalTrainingFunction", "RegisterModelFunction", "PrepareTransformFunction"):
        lost = {**scheduled[functions[name]], "plan_uri": f"s3://{stack.bucket}/runs/lost/plan.json"}
        failed, answer = invoke(cloud, functions[name], lost)
        assert failed
        assert "AccessDenied" not in json.dumps(answer)


def invoke(cloud: local.LocalCloud, function: str, payload: Any) -> tuple[bool, Any]:
    """Whether a function failed, and its answer."""
    answer = cloud.session().client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
    return "FunctionError" in answer, json.load(answer["Payload"])


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


def unrecorded() -> dict[tuple[str, str], str]:
    """Role and action of the rights that no recorded call needs, and why the role has them."""
    entries = yaml.safe_load(UNRECORDED.read_text())["rights"]
    return {(role, action): one["reason"] for one in entries for role in one["roles"] for action in one["actions"]}


def test_no_call_of_whole_runs_is_denied(observed: Observed) -> None:
    assert [one for one in observed.recorded if not one.allowed] == []
    assert {one.role_arn for one in observed.recorded} == {role.arn for role in observed.roles.values()}


def test_every_right_is_needed_by_a_recorded_call_or_listed_with_its_reason(observed: Observed) -> None:
    unneeded = {
        (right.role, right.action)
        for role in observed.roles.values()
        for right in rights(role)
        if not needed(role, right, observed.calls_of(role))
    }
    deployed = {(right.role, right.action) for role in observed.roles.values() for right in rights(role)}
    assert unneeded == {one for one in unrecorded() if one in deployed}


def test_rights_that_a_parameter_brings_are_listed_too_and_the_list_names_no_other(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", observed.cloud.region)
    packaged = package(observed.cloud.session().client("s3"), local.TEMPLATE)
    written = privileges.template_actions(_transformed(json.dumps(packaged)))
    in_template = {(role, action) for role, actions in written.items() for action in actions}
    deployed = {(right.role, right.action) for role in observed.roles.values() for right in rights(role)}
    assert deployed <= in_template
    assert in_template - deployed <= set(unrecorded())
    assert set(unrecorded()) <= in_template
    assert all(unrecorded().values())


def test_only_the_listed_policies_of_aws_are_attached(observed: Observed) -> None:
    allowed = yaml.safe_load(UNRECORDED.read_text())["aws_managed_policies"]
    assert set(allowed) == {name for role in observed.roles.values() for name in role.aws_managed}


def test_resources_wider_than_what_was_recorded_are_listed(observed: Observed) -> None:
    def plain(resource: str) -> str:
        names = {observed.stack.bucket: "${DataBucket}", ":us-east-1:123456789012:": ":${Region}:${Account}:"}
        for name, stands in names.items():
            resource = resource.replace(name, stands)
        return resource

    found = {
        f"{role.logical_id} {plain(wide)}"
        for role in observed.roles.values()
        for wide in privileges.wide_resources(role, observed.calls_of(role))
        if (role.logical_id, wide.partition(" ")[0]) not in unrecorded()
    }
    assert found == set(yaml.safe_load(UNRECORDED.read_text())["wide_resources"])


@pytest.fixture(scope="module")
def as_fold(observed: Observed) -> Callable[..., Any]:
    """Makes clients with the fold role's credentials, which a user has asked for."""
    role = observed.roles["FoldRole"].arn
    keys = observed.cloud.session().client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")

    def client(service: str, **options: Any) -> Any:
        make: Any = session.client
        return make(service, endpoint_url=observed.cloud.endpoint, **options)

    return client


def test_every_service_s_denial_is_the_client_s_exception_in_aws_s_words(
    observed: Observed, as_fold: Callable[..., Any]
) -> None:
    bucket, machine = observed.stack.bucket, observed.stack.state_machine_arn
    topic = machine.replace(":states:", ":sns:").replace("stateMachine:", "")
    calls: list[tuple[str, str, dict[str, Any], str, int]] = [
        ("s3", "put_object", {"Bucket": bucket, "Key": "datasets/x/data.csv"}, "AccessDenied", 403),
        ("s3", "delete_object", {"Bucket": bucket, "Key": "runs/x"}, "AccessDenied", 403),
        ("s3", "list_buckets", {}, "AccessDenied", 403),
        ("sagemaker", "list_training_jobs", {}, "AccessDeniedException", 400),
        ("sagemaker", "stop_training_job", {"TrainingJobName": "warmfold-x"}, "AccessDeniedException", 400),
        ("stepfunctions", "start_execution", {"stateMachineArn": machine}, "AccessDeniedException", 400),
        ("lambda", "invoke", {"FunctionName": "any"}, "AccessDeniedException", 403),
        ("sns", "publish", {"TopicArn": topic, "Message": "m"}, "AuthorizationError", 403),
        ("events", "put_events", {"Entries": [{"Source": "s"}]}, "AccessDeniedException", 400),
        ("logs", "create_log_group", {"logGroupName": "/own"}, "AccessDeniedException", 400),
        ("iam", "list_roles", {}, "AccessDenied", 403),
        (
            "sts",
            "assume_role",
            {"RoleArn": observed.roles["CandidateRole"].arn, "RoleSessionName": "other"},
            "AccessDenied",
            403,
        ),
    ]
    name = observed.roles["FoldRole"].name
    who = f"User: arn:aws:sts::123456789012:assumed-role/{name}/me is not authorized to perform: "
    for service, operation, arguments, code, status in calls:
        with pytest.raises(ClientError) as refused:
            getattr(as_fold(service), operation)(**arguments)
        answer = refused.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), operation
        assert answer["Error"]["Message"].startswith(who), operation
        assert "because no identity-based policy allows the" in answer["Error"]["Message"], operation
    assert as_fold("sts").get_caller_identity()["Arn"].endswith(f"/{name}/me")


def test_a_presigned_url_has_its_signer_s_rights(observed: Observed, as_fold: Callable[..., Any]) -> None:
    def opened(key: str, version: str) -> int:
        client = as_fold("s3", config=Config(signature_version=version, s3={"addressing_style": "path"}))
        url = client.generate_presigned_url("get_object", Params={"Bucket": observed.stack.bucket, "Key": key})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    (plan,) = [key for key in keys(observed.stack, "runs/good-") if key.endswith("/plan.json")]
    for version in ("s3v4", "s3"):
        assert opened(plan, version) == 200
        assert opened("datasets/good/data.csv", version) == 403


def test_services_take_only_roles_that_trust_them(observed: Observed) -> None:
    session = observed.cloud.session()
    with pytest.raises(
        ClientError, match=r"Could not assume role .*StartRunFunctionRole.* allows principal 'sagemaker"
    ):
        session.client("sagemaker").create_model(
            ModelName="m", ExecutionRoleArn=observed.roles["StartRunFunctionRole"].arn
        )
    with pytest.raises(ClientError, match=r"The role defined for the function cannot be assumed by Lambda\."):
        session.client("lambda").create_function(
            FunctionName="f",
            Runtime="python3.12",
            Role=observed.roles["FoldRole"].arn,
            Handler="f.f",
            Code={"ZipFile": b"x"},
        )


def test_a_machine_that_may_not_invoke_a_function_fails_under_aws_s_name(observed: Observed) -> None:
    client = observed.stack.stepfunctions
    work = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "any"},
        "End": True,
    }
    machine = client.create_state_machine(
        name="refused",
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Work", "States": {"Work": work}}),
        roleArn=observed.roles["CleanUpStateMachineRole"].arn,
    )["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    until(lambda: client.describe_execution(executionArn=execution)["status"] == "FAILED")
    described = client.describe_execution(executionArn=execution)
    assert described["error"] == "Lambda.AWSLambdaException"
    assert re.search(words(observed, "CleanUpStateMachineRole", "lambda:InvokeFunction"), described["cause"])


@pytest.fixture(scope="module")
def impatient(observed: Observed) -> Observed:
    """The same, with machines that try nothing twice."""
    client = observed.stack.stepfunctions
    for machine in client.list_state_machines()["stateMachines"]:
        if not machine["name"].startswith("warmfold-"):
            continue
        arn = machine["stateMachineArn"]
        definition = json.loads(client.describe_state_machine(stateMachineArn=arn)["definition"])
        for state in definition["States"].values():
            state.pop("Retry", None)
        client.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    return observed


def run_without(observed: Observed, role: str, action: str) -> tuple[Progress, str]:
    """A run to its end, and its clean-up's, while a role lacks an action; gives its progress and its execution."""
    with deprived(observed.cloud.session(), observed.roles[role], action):
        execution = upload(observed.stack, f"without-{action.partition(':')[2]}-{role}".lower(), DATA, experiment=SMALL)
        progress, _ = to_the_end(observed.stack, execution)
        if progress.status == "FAILED":
            assert clean_up_ended(observed.stack, execution)["status"] == "SUCCEEDED"
    return progress, execution


def words(observed: Observed, role: str, action: str) -> str:
    """AWS's sentence for a role that lacks an action, up to the resource, as an expression."""
    session = rf"arn:aws:sts::\d+:assumed-role/{observed.roles[role].name}/\S+"
    return f"User: {session} is not authorized to perform: {action} on "


def test_a_candidate_that_may_not_create_folds_fails_in_aws_s_words_and_leaves_nothing(impatient: Observed) -> None:
    progress, _ = run_without(impatient, "CandidateRole", "sagemaker:CreateTrainingJob")
    assert (progress.status, progress.current_state) == ("FAILED", "Tune Hyperparameters")
    (candidate,) = training_jobs(impatient.stack, progress.run)
    reason = candidate["FailureReason"]
    job = f"training-job/{candidate['TrainingJobName']}-f"
    assert re.search(
        words(impatient, "CandidateRole", "sagemaker:CreateTrainingJob") + rf"resource: \S+:{job}\d", reason
    )
    assert "because no identity-based policy allows the sagemaker:CreateTrainingJob action" in reason
    assert_nothing_is_left(impatient.stack, progress.run)


def test_a_fold_role_that_may_not_write_fails_the_first_job_that_has_it(impatient: Observed) -> None:
    progress, _ = run_without(impatient, "FoldRole", "s3:PutObject")
    assert (progress.status, progress.current_state) == ("FAILED", "Split Dataset")
    assert re.search(words(impatient, "FoldRole", "s3:PutObject"), str(progress.cause))
    assert_nothing_is_left(impatient.stack, progress.run)


def test_a_machine_that_may_not_pass_roles_starts_no_job(impatient: Observed) -> None:
    progress, execution = run_without(impatient, "TuningStateMachineRole", "iam:PassRole")
    assert (progress.status, progress.current_state) == ("FAILED", "Split Dataset")
    described = impatient.stack.stepfunctions.describe_execution(executionArn=execution)
    assert described["error"] == "SageMaker.AmazonSageMakerException"
    role = re.escape(impatient.roles["FoldRole"].arn)
    expected = (
        words(impatient, "TuningStateMachineRole", "iam:PassRole") + rf"resource: {role} because no .*AccessDenied"
    )
    assert re.search(expected, described["cause"])


def test_a_plan_that_can_not_be_written_ends_the_run_before_any_job(impatient: Observed) -> None:
    progress, _ = run_without(impatient, "PlanRunFunctionRole", "s3:PutObject")
    assert (progress.status, progress.states, progress.error) == ("FAILED", ["Plan Run"], "StorageError")
    assert re.search(words(impatient, "PlanRunFunctionRole", "s3:PutObject"), str(progress.cause))


def test_pools_that_can_not_be_released_cost_no_run_and_are_named(impatient: Observed) -> None:
    with deprived(
        impatient.cloud.session(), impatient.roles["ReleaseWarmPoolsFunctionRole"], "sagemaker:UpdateTrainingJob"
    ):
        execution = upload(impatient.stack, "kept", DATA, experiment=SMALL)
        leave_pool(impatient.stack, impatient.roles, run_id(execution))
        progress, summary = to_the_end(impatient.stack, execution)
    assert progress.status == "SUCCEEDED"
    assert summary is not None
    assert summary["pools_left"] == [f"warmfold-{progress.run}-001-00000000-f9"]


@pytest.mark.parametrize("action", ["sns:Publish", "s3:PutObject"])
def test_a_report_that_can_not_be_written_or_sent_changes_no_verdict(impatient: Observed, action: str) -> None:
    progress, _ = run_without(impatient, "WriteReportFunctionRole", action)
    assert progress.status == "SUCCEEDED"
    said = json.dumps(progress.output)
    assert re.search(words(impatient, "WriteReportFunctionRole", action.replace("sns", "SNS")), said)
    written = keys(impatient.stack, f"runs/{progress.run}/report.html")
    assert bool(written) == (action == "sns:Publish")
