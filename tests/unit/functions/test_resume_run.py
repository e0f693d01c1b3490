"""A run whose model was approved by hand goes on once; every other event about a model package changes nothing."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.stepfunctions.models import stepfunctions_backends

import plan_run
import resume_run
import stop_run_jobs
import write_report
from pipeline.errors import ExperimentError, NotApprovedError, RunNotEndedError, StorageError
from pipeline.reporting.notification import message
from tests.unit.functions.conftest import BUCKET
from tests.unit.functions.fake_sagemaker import START, FakeSageMaker, arn
from tests.unit.functions.runs import ARN, Run
from warmfold_run import names

PACKAGE = arn("model-package", "wf-churn/1")
MANUAL = "quality_gate: {approval: manual}\n"
RESUMED = names.approved_execution(ARN)


@pytest.fixture
def experiment(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", MANUAL))


@pytest.fixture
def run(s3: Any, sagemaker: FakeSageMaker, tmp_path: Any, experiment: str) -> Run:
    """A run that has registered its model, which has been approved."""
    run = Run(s3, sagemaker, tmp_path, experiment)
    run.candidate(1, [0.7, 0.8, 0.9])
    run.final()
    sagemaker.groups["wf-churn"] = {}
    sagemaker.packages.append(
        {
            "ModelPackageGroupName": "wf-churn",
            "ModelPackageArn": PACKAGE,
            "ModelPackageDescription": f"run {run.id}: experiment.yaml sets no quality_gate.min_score",
            "ModelApprovalStatus": "Approved",
            "CustomerMetadataProperties": {"run": run.id},
            "CreationTime": START,
        }
    )
    return run


class Machine:
    """The tuning state machine, with the run's first execution, which has succeeded unless a test says otherwise."""

    def __init__(self) -> None:
        self.client = boto3.client("stepfunctions", region_name="us-east-1")
        definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
        role = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/machine"
        made = self.client.create_state_machine(name="wf-tuning", definition=definition, roleArn=role)
        self.arn = made["stateMachineArn"]
        self.start(ARN, "SUCCEEDED")

    def start(self, execution: str, status: str) -> None:
        self.client.start_execution(stateMachineArn=self.arn, name=execution.rsplit(":", 1)[-1])
        self.ended(execution, status)

    def ended(self, execution: str, status: str) -> None:
        backend = stepfunctions_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
        backend.describe_execution(execution).status = status  # moto's executions never end by themselves

    def resumed(self) -> list[str]:
        executions = self.client.list_executions(stateMachineArn=self.arn)["executions"]
        return [one["executionArn"] for one in executions if one["executionArn"] != ARN]


@pytest.fixture
def machine(run: Run, monkeypatch: pytest.MonkeyPatch) -> Machine:  # noqa: ARG001
    made = Machine()
    monkeypatch.setenv("STATE_MACHINE_ARN", made.arn)
    return made


@pytest.fixture
def resume(machine: Machine, sample_event: Any, lambda_context: Any) -> Any:  # noqa: ARG001
    sample_event["detail"]["ModelPackageArn"] = PACKAGE
    return lambda: resume_run.lambda_handler(sample_event, lambda_context)


@pytest.fixture
def go_on(run: Run, lambda_context: Any) -> Any:  # noqa: ARG001
    """Plan Run of the execution that goes on, unless told otherwise."""
    event = {"execution_arn": RESUMED, "input": {"dataset": "churn"}}
    return lambda **more: plan_run.lambda_handler(event | more, lambda_context)


def test_the_run_goes_on_in_an_execution_that_is_the_same_run(run: Run, machine: Machine, resume: Any) -> None:
    started = resume()["execution_arn"]
    assert machine.resumed() == [started] == [RESUMED]
    assert names.run_id(started) == run.id


def test_plan_run_gives_the_same_plan_again(run: Run, s3: Any, resume: Any, lambda_context: Any) -> None:
    resumed = resume()["execution_arn"]
    before = run.read("plan.json")
    requests = json.loads(before)["requests"]
    s3.delete_object(Bucket=BUCKET, Key="datasets/churn/data.csv")
    planned = plan_run.lambda_handler({"execution_arn": resumed, "input": {"dataset": "churn"}}, lambda_context)
    assert (planned["run"], run.read("plan.json")) == (run.id, before)
    assert (planned["model"], planned["transform"]) == (requests["model"], requests["transform"])


def test_the_same_event_twice_starts_nothing_more(machine: Machine, resume: Any, go_on: Any) -> None:
    assert resume() == resume()
    go_on()
    assert "has gone on once" in resume()["ignored"]
    assert machine.resumed() == [RESUMED]


def test_an_approval_while_an_execution_of_that_name_runs_is_tried_again(machine: Machine, resume: Any) -> None:
    started_by_somebody = {"stateMachineArn": machine.arn, "name": RESUMED.rsplit(":", 1)[-1], "input": "{}"}
    machine.client.start_execution(**started_by_somebody)
    with pytest.raises(RunNotEndedError, match=r"is about to go on with run .*, or to be refused; ask again"):
        resume()
    machine.ended(RESUMED, "FAILED")
    assert resume() == {"execution_arn": names.approved_execution(ARN, 1)}


def test_the_model_is_the_one_that_the_registry_has_of_the_run_whatever_the_input_says(go_on: Any) -> None:
    assert go_on(input={"dataset": "churn", "approved": arn("model-package", "wf-other/7")})["approved"] == PACKAGE
    assert go_on(input={})["approved"] == PACKAGE


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_an_execution_of_that_name_goes_on_with_no_model_that_nobody_approved(
    run: Run, sagemaker: FakeSageMaker, go_on: Any, status: str
) -> None:
    sagemaker.packages[0]["ModelApprovalStatus"] = status
    with pytest.raises(NotApprovedError, match=f"{PACKAGE}, the model of run {run.id}, is {status}; approve it first"):
        go_on(input={"dataset": "churn", "approved": PACKAGE})


def test_a_run_that_has_registered_nothing_does_not_go_on(run: Run, sagemaker: FakeSageMaker, go_on: Any) -> None:
    sagemaker.packages[0]["ModelPackageDescription"] = "run another-0123456789: no gate"
    with pytest.raises(NotApprovedError, match=f"run {run.id} has registered no model yet"):
        go_on()


@pytest.mark.parametrize("experiment", [MANUAL.replace("manual", "manual, min_score: 0.9")], indirect=True)
def test_an_execution_of_that_name_does_not_pass_the_gate(run: Run, go_on: Any) -> None:
    with pytest.raises(NotApprovedError, match=f"the quality gate of run {run.id} rejected"):
        go_on()


def test_only_one_execution_goes_on_with_a_run(run: Run, go_on: Any) -> None:
    first = go_on()
    assert go_on() == first  # a retry
    with pytest.raises(NotApprovedError, match=rf"run {run.id} has gone on once, as s3://.*/approval\.json says"):
        go_on(execution_arn=names.approved_execution(ARN, 1))


@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
def test_an_execution_that_was_refused_does_not_use_up_the_approval(
    sagemaker: FakeSageMaker, machine: Machine, resume: Any, go_on: Any, status: str
) -> None:
    sagemaker.packages[0]["ModelApprovalStatus"] = "PendingManualApproval"
    for attempt in range(3):
        execution = names.approved_execution(ARN, attempt)
        machine.start(execution, status)
        with pytest.raises(NotApprovedError):
            go_on(execution_arn=execution)
    sagemaker.packages[0]["ModelApprovalStatus"] = "Approved"
    started = resume()["execution_arn"]
    assert started == names.approved_execution(ARN, 3)
    assert go_on(execution_arn=started)["approved"] == PACKAGE


def test_a_package_that_only_says_that_it_is_the_run_s_is_ignored(
    run: Run, sagemaker: FakeSageMaker, machine: Machine, resume: Any
) -> None:
    forged = sagemaker.packages[0] | {"ModelPackageGroupName": "wf-other", "ModelPackageArn": PACKAGE}
    sagemaker.packages[:] = [forged]
    assert resume() == {"ignored": f"{PACKAGE} is not the model package of run {run.id}, which it names"}
    assert not machine.resumed()


def test_an_execution_that_was_refused_leaves_the_run_s_report_and_jobs_alone(
    run: Run,
    sagemaker: FakeSageMaker,
    lambda_context: Any,
    topic: str,  # noqa: ARG001
) -> None:
    run.write("summary.json", {"outcome": "awaiting approval"})
    sagemaker.others["Transform"][f"wf-{run.id}-score"] = "InProgress"
    looked = stop_run_jobs.lambda_handler({"execution_arn": RESUMED}, lambda_context)
    assert looked == {"running": 0, "available": 0, "clean": True, "run": run.id}
    event = {"execution_arn": RESUMED, "status": "FAILED", "error": "NotApprovedError", "cause": "{}"}
    written = write_report.lambda_handler(event, lambda_context)
    assert written["ignored"].startswith(f"run {run.id} has not gone on in execution {RESUMED}")
    assert json.loads(run.read("summary.json")) == {"outcome": "awaiting approval"}
    assert not [name for name, _ in sagemaker.calls if name.startswith("Stop")]


def test_the_execution_that_went_on_cleans_up_after_itself(
    run: Run, sagemaker: FakeSageMaker, lambda_context: Any, go_on: Any
) -> None:
    go_on()
    sagemaker.others["Transform"][f"wf-{run.id}-score"] = "InProgress"
    looked = stop_run_jobs.lambda_handler({"execution_arn": RESUMED}, lambda_context)
    assert looked == {"running": 1, "available": 0, "clean": False, "run": run.id}


def test_a_run_goes_on_once_however_that_ended(run: Run, machine: Machine, resume: Any) -> None:
    run.write("approval.json", {"execution_arn": RESUMED, "model_package_arn": PACKAGE})
    run.write("summary.json", {"execution_arn": RESUMED, "outcome": "failed"})
    assert resume()["ignored"].startswith(f"run {run.id} has gone on once, and its outcome is: failed; upload")
    assert not machine.resumed()


def test_what_came_of_the_first_execution_is_no_obstacle(run: Run, machine: Machine, resume: Any) -> None:
    run.write("summary.json", {"execution_arn": ARN, "outcome": "awaiting approval"})
    resume()
    assert machine.resumed() == [RESUMED]


def test_an_approval_before_the_run_s_end_is_tried_again(machine: Machine, resume: Any) -> None:
    machine.ended(ARN, "RUNNING")
    with pytest.raises(RunNotEndedError, match="has not ended yet; approve its model again when it has"):
        resume()
    machine.ended(ARN, "SUCCEEDED")
    assert resume() == {"execution_arn": RESUMED}


@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
def test_a_run_that_was_cleaned_up_does_not_go_on(run: Run, machine: Machine, resume: Any, status: str) -> None:
    machine.ended(ARN, status)
    assert resume() == {"ignored": f"run {run.id} ended {status}"}
    assert not machine.resumed()


@pytest.mark.parametrize("experiment", [MANUAL.replace("manual", "manual, min_score: 0.9")], indirect=True)
def test_a_model_that_the_gate_rejected_scores_nothing_whoever_approves_it(
    run: Run, machine: Machine, resume: Any
) -> None:
    why = "roc_auc 0.85 on the holdout is below quality_gate.min_score 0.9"
    assert resume() == {"ignored": f"the quality gate of run {run.id} rejected {PACKAGE}: {why}"}
    assert not machine.resumed()


def test_an_execution_that_somebody_named_so_is_a_run_of_its_own() -> None:
    for name in (f"{ARN}_approved", f"{ARN}_approved-0123456789", f"{RESUMED}-r100", f"{RESUMED}-r0"):
        assert names.run_id(name) != names.run_id(ARN)
    assert names.run_id(RESUMED) == names.run_id(f"{RESUMED}-r1") == names.run_id(ARN)


@pytest.mark.parametrize("experiment", ["", "quality_gate: {approval: automatic}\n"], indirect=True)
def test_what_the_run_approved_itself_is_ignored(run: Run, machine: Machine, resume: Any) -> None:
    assert resume() == {"ignored": f"run {run.id} approves its model itself"}
    assert not machine.resumed()


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_an_approval_that_was_taken_back_is_ignored(
    sagemaker: FakeSageMaker, machine: Machine, resume: Any, status: str
) -> None:
    sagemaker.packages[0]["ModelApprovalStatus"] = status
    assert resume() == {"ignored": f"{PACKAGE} is {status} by now"}
    assert not machine.resumed()


def test_a_package_of_somebody_else_is_ignored(sagemaker: FakeSageMaker, machine: Machine, resume: Any) -> None:
    sagemaker.packages[0]["CustomerMetadataProperties"] = {}
    assert resume() == {"ignored": f"{PACKAGE} is not a model package that a run registered"}
    sagemaker.packages.clear()
    assert resume() == {"ignored": f"{PACKAGE} is not a model package that a run registered"}
    assert not machine.resumed()


def test_a_plan_that_is_gone_is_an_error_that_the_dead_letters_keep(run: Run, s3: Any, resume: Any) -> None:
    s3.delete_object(Bucket=BUCKET, Key=f"runs/{run.id}/plan.json")
    with pytest.raises(StorageError, match=rf"runs/{run.id}/plan\.json is not there"):
        resume()


@pytest.mark.usefixtures("run")
def test_an_execution_s_name_must_leave_room_for_the_one_that_goes_on(lambda_context: Any) -> None:
    start = ARN.rpartition(":")[0]
    event = {"execution_arn": f"{start}:{'x' * 57}", "input": {"dataset": "churn"}}
    with pytest.raises(ExperimentError, match=r"quality_gate\.approval is manual, .* has 57 characters; .* at most 56"):
        plan_run.lambda_handler(event, lambda_context)
    event["input"]["experiment"] = {"quality_gate": {"approval": "automatic"}}
    with pytest.raises(ExperimentError, match=r"quality_gate\.suspicious is hold\), .* at most 56"):
        plan_run.lambda_handler(event, lambda_context)
    event["input"]["experiment"] = {}
    plan_run.lambda_handler(event | {"execution_arn": f"{start}:{'x' * 56}"}, lambda_context)


@pytest.mark.parametrize("experiment", [""], indirect=True)
def test_a_model_that_was_held_goes_on_once_somebody_has_approved_it(
    run: Run, machine: Machine, resume: Any, report: Any
) -> None:
    run.final(1.0)
    summary, page = report()
    assert summary["outcome"] == "awaiting approval"
    assert summary["reason"].endswith("; predictions follow once the model is approved")
    assert f"--model-package-arn {PACKAGE} --model-approval-status Approved" in page
    assert resume() == {"execution_arn": RESUMED}
    assert machine.resumed() == [RESUMED]


@pytest.mark.parametrize("experiment", [""], indirect=True)
def test_a_perfect_score_in_cross_validation_holds_a_model_for_the_resumption_too(
    sagemaker: FakeSageMaker, machine: Machine, resume: Any
) -> None:
    assert resume()["ignored"].endswith("approves its model itself")
    sagemaker.packages[0]["CustomerMetadataProperties"]["cv_score"] = "1.0"
    assert resume() == {"execution_arn": RESUMED}
    assert machine.resumed() == [RESUMED]


def test_until_then_the_report_and_the_notification_say_how_to_approve(run: Run, report: Any) -> None:  # noqa: ARG001
    summary, page = report()
    command = (
        f"aws sagemaker update-model-package --region us-east-1 --model-package-arn {PACKAGE} "
        "--model-approval-status Approved"
    )
    assert summary["outcome"] == "awaiting approval"
    assert summary["reason"] == (
        "experiment.yaml sets no quality_gate.min_score; "
        "quality_gate.approval is manual: predictions follow once the model is approved"
    )
    assert summary["approve"] == command
    assert "Model awaits approval" in page
    assert command in page
    assert command in message(summary)


def test_the_execution_that_goes_on_ends_the_run(run: Run, machine: Machine, go_on: Any, report: Any) -> None:  # noqa: ARG001
    go_on()
    summary, _ = report(execution_arn=RESUMED)
    assert (summary["outcome"], summary["execution_arn"], summary["approve"]) == ("succeeded", RESUMED, None)
    assert summary["reason"] == "experiment.yaml sets no quality_gate.min_score"
    summary, _ = report("FAILED", "States.TaskFailed", "no instance", execution_arn=RESUMED)
    assert (summary["outcome"], summary["reason"]) == ("failed", "no instance")


def test_a_model_that_was_rejected_by_hand_is_rejected(run: Run, sagemaker: FakeSageMaker, report: Any) -> None:  # noqa: ARG001
    sagemaker.packages[0]["ModelApprovalStatus"] = "Rejected"
    assert report()[0]["outcome"] == "rejected"
