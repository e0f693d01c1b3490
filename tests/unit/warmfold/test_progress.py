"""What is read of a run while it goes on and when it has ended."""

from __future__ import annotations

import json

import pytest

from tests.unit.warmfold.stubbed_stack import Cloud, Execution, training_job
from warmfold.progress import Progress, read_leftovers, read_progress, readable
from warmfold_run.names import run_id

TUNING = "wf-churn-01234567"
CANDIDATE = f"{TUNING}-001-abcdef01"


def progress_of(cloud: Cloud) -> Progress:
    return read_progress(cloud.stack(), cloud.executions[-1].arn)


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud()
    execution = Execution("churn-0123456789abcdef")
    execution.enter("Plan Run")
    execution.plan(TUNING)
    execution.enter("Split Dataset", "Tune Hyperparameters")
    cloud.executions = [execution]
    return cloud


def test_folds_are_told_from_candidates_and_the_final_job_by_their_names(cloud: Cloud) -> None:
    cloud.jobs["TrainingJob"] = [
        training_job(CANDIDATE, "InProgress"),
        training_job(f"{TUNING}-1002-f0abcdef", "InProgress"),
        training_job(f"{CANDIDATE}-f0", "Completed", "Reused", f"{CANDIDATE}-f1-r1"),
        training_job(f"{CANDIDATE}-f1", "Failed", "Reused", f"{TUNING}-final"),
        training_job(f"{CANDIDATE}-f1-r1", "InProgress", "InUse"),
        training_job(f"{CANDIDATE}-f10", "Completed", "Available"),
        training_job(f"{TUNING}-final", "InProgress", "InUse"),
        training_job(f"x{CANDIDATE}-f0", "InProgress"),
        training_job(f"{TUNING}8-001-abcdef01-f0", "InProgress"),
    ]
    progress = progress_of(cloud)
    assert progress.fold_jobs_running == 1
    assert (progress.warm_starts, progress.pools_available) == (1, 1)


def test_folds_count_by_their_scores_wherever_they_were_trained(cloud: Cloud) -> None:
    place = f"runs/{run_id(cloud.executions[-1].arn)}/candidates/"
    for name in ("a/fold-0.json", "a/fold-11.json", "a/abandoned.json", "a/placement.json", "b/fold-0.json"):
        cloud.objects[place + name] = b"{}"
    cloud.objects["runs/other/candidates/a/fold-0.json"] = b"{}"
    progress = progress_of(cloud)
    assert (progress.folds_scored, progress.candidates_given_up) == (3, 1)


def test_the_tuning_job_s_counters_are_the_candidates_(cloud: Cloud) -> None:
    cloud.tuning = {
        "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": 12}},
        "TrainingJobStatusCounters": {
            "Completed": 3,
            "NonRetryableError": 1,
            "RetryableError": 1,
            "Stopped": 2,
            "InProgress": 2,
        },
        "BestTrainingJob": {"FinalHyperParameterTuningJobObjectiveMetric": {"Value": 0.9}},
    }
    progress = progress_of(cloud)
    assert (progress.candidates_total, progress.candidates_done, progress.candidates_failed) == (12, 7, 4)
    assert progress.best_score == 0.9


def test_a_tuning_job_that_is_not_there_yet_counts_nothing(cloud: Cloud) -> None:
    assert progress_of(cloud).candidates_total == 0


def test_a_run_that_failed_at_plan_run_has_a_name_and_a_readable_cause() -> None:
    cloud = Cloud()
    execution = Execution("churn-0123456789abcdef")
    execution.enter("Plan Run")
    cause = json.dumps({"errorMessage": "data.csv: it has no rows", "errorType": "DatasetError", "stackTrace": ["x"]})
    execution.end("FAILED", error="DatasetError", cause=cause)
    cloud.executions = [execution]
    progress = progress_of(cloud)
    assert progress.finished
    assert (progress.run, progress.current_state) == (run_id(execution.arn), "Plan Run")
    assert (progress.error, progress.cause) == ("DatasetError", "data.csv: it has no rows")


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (None, None),
        ("", ""),
        ("plain words", "plain words"),
        ('["a", "list"]', '["a", "list"]'),
        (json.dumps({"ExitMessage": "no target", "FailureReason": "AlgorithmError"}), "no target"),
        (json.dumps({"FailureReason": "AlgorithmError: bad"}), "AlgorithmError: bad"),
        (json.dumps({"Other": 1}), '{"Other": 1}'),
    ],
)
def test_a_cause_is_the_sentence_that_matters(cause: str | None, text: str | None) -> None:
    assert readable(cause) == text


def test_an_output_is_read_of_a_run_that_succeeded(cloud: Cloud) -> None:
    cloud.executions[-1].end("SUCCEEDED", output='{"summary_uri": "s3://b/k"}')
    assert progress_of(cloud).output == {"summary_uri": "s3://b/k"}


def test_leftovers_are_the_run_s_own_running_jobs_and_available_pools() -> None:
    cloud = Cloud()
    arn = Execution("churn-0123456789abcdef").arn
    run = run_id(arn)
    cloud.jobs = {
        "TrainingJob": [
            training_job(f"wf-{run}-001-abcdef01", "Stopping"),
            training_job(f"wf-{run}-001-abcdef01-f0", "InProgress", "InUse"),
            training_job(f"wf-{run}-001-abcdef01-f1", "Stopped", "Available"),
            training_job(f"wf-{run}-001-abcdef01-f2", "Completed", "Reused"),
            training_job(f"wf-other-{run}9-001-abcdef01", "InProgress"),
        ],
        "HyperParameterTuningJob": [
            {"HyperParameterTuningJobName": f"wf-{run}", "HyperParameterTuningJobStatus": "Stopping"}
        ],
        "ProcessingJob": [{"ProcessingJobName": f"wf-{run}-split", "ProcessingJobStatus": "Completed"}],
        "TransformJob": [{"TransformJobName": f"wf-{run}-score", "TransformJobStatus": "InProgress"}],
    }
    left = read_leftovers(cloud.stack(), arn)
    assert sorted(left.jobs) == [
        f"wf-{run}", f"wf-{run}-001-abcdef01", f"wf-{run}-001-abcdef01-f0", f"wf-{run}-score"
    ]  # fmt: skip
    assert left.pools == [f"wf-{run}-001-abcdef01-f1"]
    assert left.any


def test_nothing_is_left_of_a_run_that_is_cleaned_up() -> None:
    cloud = Cloud()
    assert not read_leftovers(cloud.stack(), Execution("churn").arn).any
