"""Every right of every role is needed, or only AWS needs it; a role that lacks one is refused in AWS's words."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local import privileges
from tests.local.assumed import clients_as
from tests.local.observed import DATA, SMALL, Observed, leave_pool, observed_cloud
from tests.local.privileges import Right, deprived, needed, rights
from tests.local.runs import (
    assert_nothing_is_left,
    clean_up_ended,
    keys,
    to_the_end,
    training_jobs,
    upload,
)
from tests.long import sampled
from tests.states import states_of
from tests.waiting import until
from warmfold.cloud import local
from warmfold.cloud.deploy import package
from warmfold.cloud.hooks.cloudformation.templates import transformed
from warmfold.progress import Progress
from warmfold_run.names import run_id

UNRECORDED = Path(__file__).with_name("unrecorded_rights.yaml")


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    with observed_cloud(tmp_path_factory.mktemp("judged-cloud")) as seen:
        yield seen


@dataclass(frozen=True)
class Excuse:
    """Why a role has a right that no recorded call needs, or (`sometimes`) that not every recording needs."""

    reason: str
    sometimes: bool = False


def excuses() -> dict[tuple[str, str, str], Excuse]:
    """Role, action and resource of the rights that are listed; without a resource it is `*`."""
    return {
        (role, action, resource): Excuse(one["reason"], one.get("sometimes", False))
        for one in yaml.safe_load(UNRECORDED.read_text())["rights"]
        for role in one["roles"]
        for action in one["actions"]
        for resource in one.get("resources", ["*"])
    }


def named(observed: Observed, right: Right) -> tuple[str, str, str]:
    """Role, action and resource, the latter as the list writes it, for any stack's."""
    names = {observed.stack.bucket: "${DataBucket}", ":us-east-1:123456789012:": ":${Region}:${Account}:"}
    resource = right.resource
    for name, stands in names.items():
        resource = resource.replace(name, stands)
    return right.role, right.action, resource


def test_no_call_of_whole_runs_is_denied(observed: Observed) -> None:
    assert [one for one in observed.recorded if not one.allowed] == []
    assert {one.role_arn for one in observed.recorded} == {role.arn for role in observed.roles.values()}


def test_every_right_is_needed_by_a_recorded_call_or_listed_with_its_reason(observed: Observed) -> None:
    listed = excuses()
    uses = {
        named(observed, right): bool(needed(role, right, observed.calls_of(role)))
        for role in observed.roles.values()
        for right in rights(role)
    }
    assert {right for right, used in uses.items() if not used and right not in listed} == set()
    assert {right for right, used in uses.items() if used and right in listed and not listed[right].sometimes} == set()


def test_policies_only_allow_and_their_actions_have_no_wildcards(observed: Observed) -> None:
    assert [odd for role in observed.roles.values() for odd in privileges.odd_statements(role)] == []


def test_rights_that_a_parameter_brings_are_listed_too_and_the_list_names_no_other(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", observed.cloud.region)
    packaged = package(observed.cloud.session().client("s3"), local.TEMPLATE)
    in_template = privileges.template_rights(transformed(json.dumps(packaged)))
    deployed = {named(observed, right) for role in observed.roles.values() for right in rights(role)}
    roles_and_actions = {one[:2] for one in deployed}
    brought = {one for one in in_template if one[:2] not in roles_and_actions}
    assert roles_and_actions <= {one[:2] for one in in_template}
    assert brought <= set(excuses())
    assert set(excuses()) <= deployed | brought
    assert all(one.reason for one in excuses().values())


def test_only_the_listed_policies_of_aws_are_attached(observed: Observed) -> None:
    allowed = yaml.safe_load(UNRECORDED.read_text())["aws_managed_policies"]
    assert set(allowed) == {name for role in observed.roles.values() for name in role.aws_managed}


def test_resources_that_are_not_bound_to_the_stack_are_listed(observed: Observed) -> None:
    bucket, prefix = observed.stack.bucket, "warmfold"
    found = {
        named(observed, right)
        for role in observed.roles.values()
        for right in privileges.unbounded(role, observed.calls_of(role), bucket, prefix)
    }
    assert {" ".join(one) for one in found - set(excuses())} == set(
        yaml.safe_load(UNRECORDED.read_text())["wide_resources"]
    )


@pytest.fixture(scope="module")
def as_fold(observed: Observed) -> Callable[..., Any]:
    """Makes clients with the fold role's credentials, which a user has asked for."""
    return clients_as(observed.cloud, observed.roles["FoldRole"].name, "me")


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
        for state in states_of(definition).values():
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
    candidates = training_jobs(impatient.stack, progress.run)
    assert len(candidates) == 2, "one of the tuning job, and the default hyperparameters"
    status = {"TuningJobArn" in one: one["TrainingJobStatus"] for one in candidates}
    assert status[True] == "Failed"
    assert status[False] in ("Failed", "Stopped"), "a tuning job that fails first ends the branch beside it"
    for candidate in (one for one in candidates if one["TrainingJobStatus"] == "Failed"):
        reason, job = candidate["FailureReason"], f"training-job/{candidate['TrainingJobName']}-f"
        expected = words(impatient, "CandidateRole", "sagemaker:CreateTrainingJob") + rf"resource: \S+:{job}\d"
        assert re.search(expected, reason)
        assert "because no identity-based policy allows the sagemaker:CreateTrainingJob action" in reason
    assert_nothing_is_left(impatient.stack, progress.run)


@pytest.mark.long
def test_a_split_role_that_may_not_write_fails_the_job_that_has_it(impatient: Observed) -> None:
    progress, _ = run_without(impatient, "SplitRole", "s3:PutObject")
    assert (progress.status, progress.current_state) == ("FAILED", "Split Dataset")
    assert re.search(words(impatient, "SplitRole", "s3:PutObject"), str(progress.cause))
    assert_nothing_is_left(impatient.stack, progress.run)


@pytest.mark.long
def test_a_machine_that_may_not_pass_roles_starts_no_job(impatient: Observed) -> None:
    progress, execution = run_without(impatient, "TuningStateMachineRole", "iam:PassRole")
    assert (progress.status, progress.current_state) == ("FAILED", "Split Dataset")
    described = impatient.stack.stepfunctions.describe_execution(executionArn=execution)
    assert described["error"] == "SageMaker.AmazonSageMakerException"
    role = re.escape(impatient.roles["SplitRole"].arn)
    expected = (
        words(impatient, "TuningStateMachineRole", "iam:PassRole") + rf"resource: {role} because no .*AccessDenied"
    )
    assert re.search(expected, described["cause"])


@pytest.mark.long
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
    assert f"warmfold-{progress.run}-001-00000000-f9" in summary["pools_left"]
    assert all(name.startswith(f"warmfold-{progress.run}-") for name in summary["pools_left"])


@pytest.mark.parametrize("action", sampled(["sns:Publish", "s3:PutObject"], every=2))
def test_a_report_that_can_not_be_written_or_sent_changes_no_verdict(impatient: Observed, action: str) -> None:
    progress, _ = run_without(impatient, "WriteReportFunctionRole", action)
    assert progress.status == "SUCCEEDED"
    said = json.dumps(progress.output)
    assert re.search(words(impatient, "WriteReportFunctionRole", action.replace("sns", "SNS")), said)
    written = keys(impatient.stack, f"runs/{progress.run}/report.html")
    assert bool(written) == (action == "sns:Publish")
