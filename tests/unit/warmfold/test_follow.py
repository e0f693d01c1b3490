"""What a person reads while a run goes on, and at its end."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from warmfold.follow import one_line, render, result_table
from warmfold.progress import Progress
from warmfold.stack import CommandError, check_dataset_name, run_hash

TUNING = Progress(
    execution_arn="arn:execution",
    status="RUNNING",
    run="churn-01234567",
    states=["Plan Run", "Split Dataset", "Tune Hyperparameters"],
    current_state="Tune Hyperparameters",
    candidates_total=12,
    candidates_done=5,
    best_score=0.98765,
    folds_running=10,
    folds_done=25,
    warm_starts=15,
)


def shown(thing: object) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(thing)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


def test_a_line_says_state_candidates_best_score_and_warm_starts() -> None:
    line = one_line(TUNING)
    for words in ("Tune Hyperparameters", "candidates 5/12", "best 0.9877", "25 done, 10 running", "warm starts 15"):
        assert words in line


def test_a_run_that_has_not_begun_says_so() -> None:
    assert one_line(Progress(execution_arn="arn", status="RUNNING")) == "running · starting"


def test_the_live_view_marks_the_state_a_run_is_in_and_the_one_it_failed_in() -> None:
    assert "▶  Tune Hyperparameters" in shown(render(TUNING, 3))
    assert "✗  Tune Hyperparameters" in shown(render(replace(TUNING, status="FAILED"), 3))


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"])
def test_a_verdict_ends_the_watching(status: str) -> None:
    assert replace(TUNING, status=status).finished
    assert not TUNING.finished


def test_the_end_says_both_scores_with_their_errors_and_where_things_are() -> None:
    text = shown(
        result_table(
            {
                "run": "churn-01234567",
                "outcome": "succeeded",
                "metric": "roc_auc",
                "best": {"candidate": "c-003", "score_mean": 0.9, "score_std": 0.01, "hyperparameters": {"C": "1.5"}},
                "holdout": {"score": 0.88, "standard_error": 0.02},
                "cold_starts": 10,
                "warm_starts": 50,
                "model_package": {"arn": "arn:package/1", "status": "Approved"},
                "locations": {"predictions": "s3://b/p/", "report": "s3://b/report.html"},
            }
        )
    )
    for words in ("0.9000 ± 0.0100", "0.8800 ± 0.0200", "C=1.5", "10 cold, 50 warm", "Approved", "s3://b/report.html"):
        assert words in text


def test_a_run_id_ends_in_the_hash_of_its_execution() -> None:
    from pipeline.names import run_id

    arn = "arn:aws:states:us-east-1:000000000000:execution:wf-tuning:churn-0123456789abcdef"
    assert run_id(arn).endswith("-" + run_hash(arn))


def test_a_dataset_name_that_s3_layout_can_not_hold_is_refused() -> None:
    with pytest.raises(CommandError, match="--dataset"):
        check_dataset_name("a/b")
