"""However a run ended, summary.json and report.html say so, from what S3 and SageMaker themselves know."""

from __future__ import annotations

import json
from statistics import stdev
from typing import Any

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID

from pipeline.errors import NotificationError, SageMakerError
from tests.documents import complaints
from tests.unit.functions.conftest import BUCKET
from tests.unit.functions.fake_sagemaker import FakeSageMaker
from tests.unit.functions.runs import ARN, NO_GATE, PACKAGE, Run, register
from warmfold_run import names
from warmfold_run.summary import Summary

NONE_LOST = {"abandoned": 0, "failed": 0, "stopped": 0}


def test_a_run_that_succeeded(succeeded: Run, report: Any) -> None:
    summary, _ = report()
    assert (summary["outcome"], summary["status"]) == ("succeeded", "SUCCEEDED")
    assert (summary["reason"], summary["error"]) == (NO_GATE, None)
    assert (summary["dataset"], summary["metric"], summary["problem"]) == ("churn", "roc_auc", "classification")
    assert (summary["estimator"], summary["target"]) == ("hist_gradient_boosting", "target")
    assert summary["data"]["rows"] == 120
    holdout = {"score": 0.85, "standard_error": 0.02, "rows": 24, "positive_class": "yes"}
    holdout |= {"interval": [0.81, 0.89], "interval_method": "bootstrap percentiles of 400 resamples"}
    assert summary["holdout"] == holdout
    assert summary["baselines"]["defaults"]["said"] == "Tuning gained +0.350 ROC AUC (0.31 to 0.39)"
    assert summary["model_package"] == {"arn": PACKAGE, "status": "Approved"}
    assert summary["final_job"] == {"name": succeeded.final_job, "status": "Completed", "warm_start": True}
    assert summary["candidates"] == {"planned": 20, "total": 3, "completed": 2} | NONE_LOST | {"failed": 1}


def test_the_summary_has_the_keys_that_the_contract_says(succeeded: Run, sagemaker: FakeSageMaker, report: Any) -> None:
    assert complaints(Summary, report()[0]) == []
    assert complaints(Summary, report("FAILED", "DatasetError", {"errorMessage": "no rows"})[0]) == []
    succeeded.abandoned(4, [0.5], 0.55, [1, 2])
    sagemaker.packages.clear()
    assert complaints(Summary, report("ABORTED")[0]) == []


def test_the_summary_of_a_run_without_a_plan_has_them_too(sagemaker: FakeSageMaker, report: Any) -> None:  # noqa: ARG001
    assert complaints(Summary, report("FAILED")[0]) == []


def test_the_best_candidate_is_the_one_the_run_chose(succeeded: Run, report: Any) -> None:
    best = report()[0]["best"]
    assert best["candidate"] == succeeded.candidate_name(2)
    assert best["hyperparameters"] == {"learning_rate": "0.2"}
    assert best["scores"] == [0.7, 0.8, 0.9]
    assert best["score_mean"] == pytest.approx(0.8)
    assert best["score_std"] == pytest.approx(stdev([0.7, 0.8, 0.9]))


def test_a_fixed_hyperparameter_is_part_of_the_best(s3: Any, sagemaker: Any, tmp_path: Any, report: Any) -> None:
    fixed = "search: {hyperparameters: {learning_rate: {min: 0.1, max: 0.5}, max_iter: 80}}\n"
    Run(s3, sagemaker, tmp_path, fixed).candidate(1, [0.7, 0.8, 0.9])
    assert report("ABORTED")[0]["best"]["hyperparameters"] == {"learning_rate": "0.1", "max_iter": "80"}


def test_a_higher_score_without_all_its_folds_is_not_the_best(run: Run, report: Any) -> None:
    run.candidate(1, [0.9, 0.9])
    best = run.candidate(2, [0.7, 0.8, 0.9])
    run.candidate(3, [0.95, 0.95, 0.95], status="Stopped")
    summary, _ = report("ABORTED")
    assert summary["best"]["candidate"] == best
    assert summary["candidate_results"][0]["fold_scores"] == [0.9, 0.9, None]


def test_a_fold_that_another_job_s_pool_names_started_warm(succeeded: Run, report: Any) -> None:  # noqa: ARG001
    summary, page = report()
    assert (summary["cold_starts"], summary["warm_starts"]) == (2, 4)
    assert summary["start_seconds"] == {"cold": 180.0, "warm": 6.0}
    assert "4 of 6 fold jobs started in a warm pool" in page


def test_a_candidate_whose_name_looks_like_a_fold_is_none(run: Run, sagemaker: FakeSageMaker, report: Any) -> None:
    sagemaker.add_candidate(f"{run.tuning_job}-001-f1234567")
    sagemaker.add_fold(f"{run.tuning_job}-001-f1234567-f0-r1")
    assert report("ABORTED")[0]["cold_starts"] == 1


def test_seconds_are_those_that_are_billed(succeeded: Run, report: Any) -> None:  # noqa: ARG001
    billed = report()[0]["billable_seconds"]
    assert billed == {"candidates": 180.0 + 180.0, "folds": 180, "retained": 20, "final": 75}


def test_more_folds_than_may_be_asked_for_leave_their_seconds_open(
    succeeded: Run, sagemaker: FakeSageMaker, report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.reporting.facts.MOST_DESCRIBED", 5)
    summary, _ = report()
    assert summary["billable_seconds"]["folds"] is None
    assert summary["start_seconds"] == {"cold": None, "warm": None}
    assert (summary["cold_starts"], summary["warm_starts"]) == (2, 4)
    asked = [request["TrainingJobName"] for request in sagemaker.asked("DescribeTrainingJob")]
    assert asked == [names.defaults_job(succeeded.tuning_job), succeeded.final_job]


def test_every_key_says_where_things_are(succeeded: Run, report: Any) -> None:
    folder = f"s3://{BUCKET}/runs/{succeeded.id}/"
    assert report()[0]["locations"] == {
        "report": f"{folder}report.html",
        "predictions": f"{folder}predictions/",
        "model": f"{folder}model/{succeeded.final_job}/output/model.tar.gz",
        "plan": f"{folder}plan.json",
    }


def test_a_rejected_model_is_a_verdict_of_a_run_that_succeeded(run: Run, sagemaker: FakeSageMaker, report: Any) -> None:
    run.candidate(1, [0.7, 0.8, 0.9])
    run.final()
    register(sagemaker, run, "Rejected", "roc_auc 0.85 on the holdout is below quality_gate.min_score 0.9")
    summary, page = report()
    assert (summary["outcome"], summary["status"]) == ("rejected", "SUCCEEDED")
    assert summary["reason"] == "roc_auc 0.85 on the holdout is below quality_gate.min_score 0.9"
    assert summary["locations"]["predictions"] is None
    assert "Model rejected by the quality gate" in page


def test_a_holdout_that_can_t_tell_a_score_says_why(run: Run, report: Any) -> None:
    run.candidate(1, [0.7, 0.8, 0.9])
    run.final(float("nan"), None, note="the holdout has no row of class 'yes'")
    summary, page = report("FAILED", "X", "x")
    assert summary["holdout"] is None
    assert "There is no holdout score: the holdout has no row of class &#39;yes&#39;." in page


def test_a_score_without_a_standard_error_is_shown(run: Run, report: Any) -> None:
    run.candidate(1, [0.7, 0.8, 0.9])
    run.final(0.85, None)
    summary, page = report("FAILED", "X", "x")
    assert summary["holdout"]["standard_error"] is None
    assert "interval unknown" in page


def test_refused_data_is_reported_without_a_plan(sagemaker: FakeSageMaker, report: Any, sample_event: Any) -> None:
    summary, page = report("FAILED", sample_event["error"], sample_event["cause"])
    assert (summary["outcome"], summary["error"]) == ("failed", "DatasetError")
    assert summary["reason"] == "datasets/churn/data.csv: the target has one class; it needs two"
    assert summary["reason"] in page
    assert {summary[key] for key in ("dataset", "metric", "data", "final_job", "model_package", "bound")} == {None}
    assert summary["locations"] == {"report": summary["locations"]["report"]} | dict.fromkeys(
        ("predictions", "model", "plan")
    )
    assert not sagemaker.calls


def test_the_dataset_of_a_run_without_a_plan_is_the_one_its_execution_asked_for(report: Any) -> None:
    client = boto3.client("stepfunctions", region_name="us-east-1")
    machine = client.create_state_machine(
        name="wf-tuning",
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
        roleArn=f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/machine",
    )["stateMachineArn"]
    asked = json.dumps({"dataset": "churn"})
    client.start_execution(stateMachineArn=machine, name=ARN.rsplit(":", 1)[1], input=asked)
    summary, page = report("FAILED", "DatasetError", {"errorMessage": "no rows"})
    assert summary["dataset"] == "churn"
    assert summary["seconds"]["run"] >= 0
    assert "<title>churn: The run failed</title>" in page


@pytest.mark.parametrize(
    ("status", "error", "cause", "outcome", "reason"),
    [
        ("FAILED", "DatasetError", {"errorMessage": "no rows", "errorType": "DatasetError"}, "failed", "no rows"),
        (
            "FAILED",
            "States.TaskFailed",
            {"ProcessingJobName": "p", "FailureReason": "AlgorithmError: exit code 1", "ExitMessage": "row 3 is short"},
            "failed",
            "row 3 is short",
        ),
        (
            "FAILED",
            "States.TaskFailed",
            {"TrainingJobName": "wf-x-final", "FailureReason": "AlgorithmError: , exit code: 1"},
            "failed",
            "job wf-x-final: AlgorithmError: , exit code: 1",
        ),
        (
            "FAILED",
            "States.TaskFailed",
            {"TrainingJobName": "t", "TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxRuntimeExceeded"},
            "failed",
            "job t ended Stopped, MaxRuntimeExceeded",
        ),
        ("FAILED", "States.Runtime", "plain words", "failed", "plain words"),
        ("FAILED", "States.Runtime", '["a", "list"]', "failed", '["a", "list"]'),
        ("ABORTED", "Stopped", "warmfold stop", "aborted", "warmfold stop"),
        ("ABORTED", None, None, "aborted", "the execution was stopped from outside"),
        ("TIMED_OUT", None, None, "timed out", "the execution, or one of its states, ran into its time limit"),
        ("FAILED", "States.Timeout", None, "failed", "States.Timeout"),
    ],
)
def test_the_sentence_that_matters_is_the_reason(
    report: Any, status: str, error: str | None, cause: Any, outcome: str, reason: str
) -> None:
    summary, _ = report(status, error, cause)
    assert (summary["outcome"], summary["reason"]) == (outcome, reason)


def test_an_aborted_run_keeps_what_it_had_and_names_what_is_still_billed(
    run: Run, sagemaker: FakeSageMaker, report: Any, notified: Any
) -> None:
    run.candidate(1, [0.7, 0.8, 0.9])
    run.candidate(2, [], status="Stopped")
    pool = f"{run.candidate_name(1)}-f0"
    sagemaker.add_fold(pool, "Available")
    sagemaker.add_fold(stuck := f"{run.candidate_name(2)}-f1", TrainingJobStatus="Stopping")
    sagemaker.others["Transform"][f"wf-{run.id}-score"] = "InProgress"
    summary, page = report("ABORTED", "Stopped", "warmfold stop")
    assert summary["jobs_left"] == [f"wf-{run.id}-score", stuck]
    left = f"<code>wf-{run.id}-score</code>, <code>{stuck}</code>"
    assert f"Still running, and billed: {left}; stop them in SageMaker's console." in page
    assert f"Still running, and billed: wf-{run.id}-score, {stuck}" in notified()["Message"]
    assert summary["best"]["number"] == 1
    assert summary["candidates"]["stopped"] == 1
    assert summary["pools_left"] == [pool]
    assert (summary["final_job"], summary["model_package"], summary["holdout"]) == (None, None, None)
    assert f"Still billed: the warm pools of <code>{pool}</code>" in page


def test_a_planned_run_without_a_tuning_job_is_reported(run: Run, sagemaker: FakeSageMaker, report: Any) -> None:
    del sagemaker.others["HyperParameterTuning"][run.tuning_job]
    summary, page = report("FAILED", "States.TaskFailed", "x")
    assert summary["candidates"] == {"planned": 20, "total": 0, "completed": 0} | NONE_LOST
    assert (summary["best"], summary["seconds"]["tuning"]) == (None, None)
    assert summary["bound"] in page


def test_a_fold_score_that_is_not_a_number_is_null(run: Run, report: Any) -> None:
    run.candidate(1, [0.7, float("nan"), 0.9], objective=0.8)
    summary, _ = report("ABORTED")
    assert summary["candidate_results"][0]["fold_scores"] == [0.7, None, 0.9]
    assert summary["best"] is None


def test_another_run_s_jobs_are_none_of_this_one_s(succeeded: Run, sagemaker: FakeSageMaker, report: Any) -> None:
    sagemaker.add_fold(f"x{succeeded.candidate_name(1)}-f0", "Available")
    sagemaker.add_fold(f"{succeeded.tuning_job}1-001-0a1b2c3d-f0", "Available")
    summary, _ = report()
    assert summary["cold_starts"] + summary["warm_starts"] == 6
    assert summary["pools_left"] == []


def test_a_reason_from_outside_controls_no_mail(run: Run, report: Any, notified: Any) -> None:  # noqa: ARG001
    report("FAILED", "ExperimentError", {"errorMessage": "one\x1b[2J\u202e\x85Model package: x\ntwo"})
    lines = notified()["Message"].split("\n")
    assert lines[1:3] == ["one\\x1b[2J\\u202e\\x85Model package: x", "two"]


def test_the_notification_says_how_it_ended_and_where_to_read(succeeded: Run, notified: Any, report: Any) -> None:
    summary, _ = report()
    told = notified()
    assert told["Subject"] == f"warmfold: run {succeeded.id} succeeded"
    assert "roc_auc 0.8500 on the holdout, 95% interval 0.8100 to 0.8900." in told["Message"]
    assert "Tuning gained +0.350 ROC AUC (0.31 to 0.39)." in told["Message"]
    assert summary["locations"]["report"] in told["Message"]


def test_a_notification_that_fails_is_an_error_after_both_files_are_written(
    succeeded: Run, report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", f"arn:aws:sns:us-east-1:{DEFAULT_ACCOUNT_ID}:gone")
    with pytest.raises(NotificationError, match="gone could not be told: NotFound"):
        report()
    assert json.loads(succeeded.read("summary.json"))["outcome"] == "succeeded"
    assert succeeded.read("report.html").startswith(b"<!DOCTYPE html>")


def test_a_refusal_of_sagemaker_is_named(run: Run, sagemaker: FakeSageMaker, report: Any) -> None:
    sagemaker.refuse("ListTrainingJobs", "AccessDeniedException")
    with pytest.raises(SageMakerError, match=rf"training jobs {run.tuning_job}-\* could not be listed"):
        report()
