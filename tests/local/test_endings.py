"""Runs that end badly: in words that help, and with nothing left running or billed."""

from __future__ import annotations

import json
from typing import Any

from sklearn.datasets import load_diabetes, load_wine

from tests.local.runs import (
    as_csv,
    assert_nothing_is_left,
    clean_up_ended,
    read,
    to_the_end,
    training_jobs,
    until,
    upload,
)
from warmfold.progress import read_progress
from warmfold.stack import Stack


def written_summary(stack: Stack, execution_arn: str) -> dict[str, Any]:
    """The summary.json that clean-up wrote."""
    ended = clean_up_ended(stack, execution_arn)
    assert ended["status"] == "SUCCEEDED", ended
    return stack.read_json(json.loads(ended["output"])["summary_uri"])


def test_bad_data_ends_in_its_own_words_before_any_job(stack: Stack) -> None:
    execution = upload(stack, "bad", b"a,target\n1,x\n2,x\n3,x\n4,x\n5,x\n6,x\n")
    progress, _ = to_the_end(stack, execution)
    assert (progress.status, progress.error, progress.states) == ("FAILED", "DatasetError", ["Plan Run"])
    assert "datasets/bad/data.csv: column 'target', the target, has one class only" in str(progress.cause)
    summary = written_summary(stack, execution)
    assert summary["outcome"] == "failed"
    assert "one class only" in summary["reason"]
    assert training_jobs(stack, summary["run"]) == []


def test_an_empty_file_is_taken_and_ends_the_run_in_words(stack: Stack) -> None:
    progress, _ = to_the_end(stack, upload(stack, "empty", b""))
    assert (progress.status, progress.error, progress.states) == ("FAILED", "DatasetError", ["Plan Run"])
    assert "datasets/empty/data.csv is empty" in str(progress.cause)


def test_a_run_whose_every_fold_fails_says_why_and_leaves_nothing(stack: Stack) -> None:
    experiment = """\
cross_validation: {n_splits: 2}
estimator: linear
search:
  max_candidates: 6
  max_parallel_candidates: 2
  hyperparameters: {solver: liblinear, C: {min: 0.1, max: 1}}
"""
    data = as_csv(load_wine(as_frame=True).frame)
    execution = upload(stack, "hopeless", data, experiment=experiment)
    progress, _ = to_the_end(stack, execution)
    assert (progress.status, progress.current_state) == ("FAILED", "Tune Hyperparameters")
    assert "No training job succeeded after 5 attempts" in str(progress.cause)
    summary = written_summary(stack, execution)
    assert summary["outcome"] == "failed"
    assert "liblinear" in json.dumps(summary["candidate_results"])
    assert "liblinear" in read(stack, f"runs/{summary['run']}/report.html").decode()
    assert_nothing_is_left(stack, summary["run"])
    candidates = [job for job in training_jobs(stack, summary["run"]) if "FailureReason" in job]
    assert any("is lost" in job["FailureReason"] and "liblinear" in job["FailureReason"] for job in candidates)


def test_a_run_without_an_experiment_can_be_stopped_amid_tuning_and_started_by_hand(stack: Stack) -> None:
    execution = upload(stack, "diabetes", as_csv(load_diabetes(as_frame=True).frame))
    until(lambda: read_progress(stack, execution).folds_scored >= 4)
    run = read_progress(stack, execution).run
    stack.stepfunctions.stop_execution(executionArn=execution, error="Enough", cause="seen enough")
    summary = written_summary(stack, execution)
    assert (summary["outcome"], summary["run"], summary["candidates"]["planned"]) == ("aborted", run, 20)
    assert_nothing_is_left(stack, run)
    seen = len(training_jobs(stack, run))
    tuning = stack.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=f"warmfold-{run}")
    assert tuning["HyperParameterTuningJobStatus"] == "Stopped"

    size = {"cross_validation": {"n_splits": 2}, "search": {"max_candidates": 2, "max_parallel_candidates": 1}}
    given = json.dumps({"dataset": "diabetes", "experiment": size})
    again = stack.stepfunctions.start_execution(stateMachineArn=stack.state_machine_arn, input=given)["executionArn"]
    progress, summary_of_all = to_the_end(stack, again)
    assert progress.status == "SUCCEEDED", progress.cause
    assert summary_of_all is not None
    assert [summary_of_all[key] for key in ("metric", "problem", "target")] == ["r2", "regression", "target"]
    assert summary_of_all["candidates"]["total"] == 2
    assert_nothing_is_left(stack, summary_of_all["run"])
    assert len(training_jobs(stack, run)) == seen
