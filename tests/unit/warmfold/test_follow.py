"""What a person reads while a run goes on, and at its end."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from tests.unit.warmfold.stubbed_stack import Cloud, Execution, training_job
from warmfold.follow import Clock, follow, follow_clean_up, one_line, render, result_table
from warmfold.progress import Progress
from warmfold.terminal import put
from warmfold_run.names import run_id
from warmfold_run.plan import SCHEMA
from warmfold_run.understanding import Understanding, printable

TUNING = Progress(
    execution_arn="arn:execution",
    status="RUNNING",
    run="churn-01234567",
    states=["Plan Run", "Split Dataset", "Tune Hyperparameters"],
    current_state="Tune Hyperparameters",
    candidates_total=12,
    candidates_done=5,
    best_score=0.98765,
    fold_jobs_running=10,
    folds_scored=25,
    candidates_given_up=3,
    warm_starts=15,
)


UNDERSTANDING: Understanding = {
    "target": "price",
    "target_why": "named in experiment.yaml",
    "problem": "regression",
    "problem_why": "as said",
    "classes": None,
    "positive_class": None,
    "metric": "r2",
    "metric_why": "since a number is predicted",
    "split": "5 folds, kfold",
    "rows": {"all": 100, "tuning": 79, "holdout": 20, "left_out": {"no target": 1}},
    "rows_by_footer": None,
    "split_instances": 1,
    "features": {"numeric": 3},
    "columns_left_out": {"Unnamed: 0": "a running number"},
    "rows_to_score": None,
    "remarks": [
        {
            "code": "same_columns",
            "column": "b",
            "text": "2 columns hold the same",
            "remedy": "columns: {b: ignore}",
            "holds": True,
        }
    ],
}


BASELINES = {
    "defaults": {
        "model": "forest with the default hyperparameters",
        "score": 0.85,
        "interval": [0.8, 0.9],
        "said": "Tuning gained +0.0300 AUC (0.01 to 0.05)",
    },
    "dummy": {"model": "DummyClassifier", "score": 0.5, "interval": None, "said": "The model gained +0.38 AUC"},
}


def shown(thing: object) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(thing)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


def test_a_line_says_state_candidates_best_score_and_warm_starts() -> None:
    line = one_line(TUNING)
    for words in (
        "Tune Hyperparameters",
        "candidates 5/12",
        "best 0.9877",
        "folds scored 25",
        "given up 3",
        "jobs running 10",
        "warm starts 15",
    ):
        assert words in line


def test_a_run_that_has_not_begun_says_so() -> None:
    assert one_line(Progress(execution_arn="arn", status="RUNNING", run="churn-1")) == "running · starting"


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
                "best": {
                    "candidate": "c-003",
                    "score_mean": 0.9,
                    "scores": [0.89, 0.91],
                    "hyperparameters": {"C": "1.5"},
                },
                "holdout": {"score": 0.88, "interval": [0.84, 0.92]},
                "baselines": BASELINES,
                "cold_starts": 10,
                "warm_starts": 50,
                "model_package": {"arn": "arn:package/1", "status": "Approved"},
                "locations": {"predictions": "s3://b/p/", "report": "s3://b/report.html"},
            }
        )
    )
    for words in (
        "0.9000, folds 0.8900 to 0.9100",
        "0.8800, 95% interval 0.8400 to 0.9200",
        "tuning          │ Tuning gained +0.0300 AUC (0.01 to 0.05).",
        "defaults        │ 0.8500, 95% interval 0.8000 to 0.9000: forest with the default hyperparameters",
        "baseline        │ 0.5000: DummyClassifier",
        "C=1.5",
        "10 cold, 50 warm",
        "Approved",
        "s3://b/report.html",
    ):
        assert words in text


def test_the_end_says_where_folds_were_trained_what_was_given_up_and_what_is_wrong_with_the_pools() -> None:
    summary = {
        "run": "churn-01234567",
        "outcome": "succeeded",
        "cold_starts": 0,
        "warm_starts": 0,
        "candidates": {"total": 12},
        "placement": {"folds_here": 60},
        "abandoning": {"abandoned": 4, "seconds_saved": 123.4},
        "pools": {"note": "the quota looks like 0", "cold_cost": {"seconds": 900.0}},
    }
    text = shown(result_table(summary))
    for words in ("60 folds trained by their candidates", "4 of 12", "about 123 instance-seconds", "looks like 0"):
        assert words in text
    quiet = summary | {"placement": {"folds_here": 0}, "abandoning": {"abandoned": 0}}
    quiet["pools"] = {"note": "1 more cold start", "cold_cost": {"seconds": 2.0}}
    text = shown(result_table(quiet))
    assert "0 cold, 0 warm " in text
    assert "given up" not in text
    assert "warm pools" not in text


def test_numbers_are_cut_to_what_one_reads_and_a_score_may_lack_its_error() -> None:
    summary = {
        "run": "churn-01234567",
        "outcome": "succeeded",
        "metric": "r2",
        "best": {
            "candidate": "c-003",
            "score_mean": 0.9,
            "scores": [0.9, 0.9],
            "hyperparameters": {"rate": "0.043284502212938815", "trees": "12345678", "loss": "sqrt"},
        },
        "holdout": {"score": 0.88, "interval": None},
    }
    text = shown(result_table(summary))
    assert "loss=sqrt, rate=0.0432845, trees=12345678" in text
    assert "0.8800 " in text
    assert "interval" not in text
    note = {**summary, "holdout": None, "holdout_note": "the holdout has no row of class 'x'"}
    assert "no row of class 'x'" in shown(result_table(note))


def followed(cloud: Cloud, terminal: bool) -> tuple[Progress, str]:
    console = Console(file=io.StringIO(), width=160, force_terminal=terminal)
    progress = follow(cloud.stack(), cloud.executions[0].arn, console, Clock(cloud.now, cloud.sleep))
    assert isinstance(console.file, io.StringIO)
    return progress, console.file.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_a_run_is_followed_to_its_last_state_though_it_ends_between_two_looks(terminal: bool) -> None:
    cloud = Cloud()
    execution = Execution("churn-1")
    execution.enter("Plan Run")
    cloud.executions = [execution]

    def end() -> None:
        execution.enter("Split Dataset", "Write Report")
        execution.end("SUCCEEDED", output="{}")

    cloud.each_sleep = iter([lambda: None, end])
    progress, text = followed(cloud, terminal)
    assert (progress.status, progress.current_state) == ("SUCCEEDED", "Write Report")
    assert "Write Report" in text
    assert "succeeded" in text.lower()


def test_lines_come_only_when_something_changed() -> None:
    cloud = Cloud()
    cloud.executions = [Execution("churn-1")]
    cloud.each_sleep = iter([lambda: None] * 5 + [lambda: cloud.executions[0].end("FAILED")])
    _, text = followed(cloud, terminal=False)
    assert text.splitlines() == ["running · starting", "failed · starting"]


def test_a_run_that_has_ended_is_not_waited_for() -> None:
    cloud = Cloud()
    cloud.executions = [Execution("churn-1", "ABORTED")]
    progress, _ = followed(cloud, terminal=False)
    assert (progress.status, cloud.time) == ("ABORTED", 0)


@pytest.mark.parametrize("terminal", [False, True])
def test_what_a_run_will_do_is_said_once_it_is_planned_and_only_once(terminal: bool) -> None:
    cloud = Cloud()
    execution = Execution("churn-1")
    execution.enter("Plan Run")
    cloud.executions = [execution]
    plan = f"runs/{run_id(execution.arn)}/plan.json"

    def planned() -> None:
        cloud.objects[plan] = json.dumps({"schema": SCHEMA, "understanding": UNDERSTANDING}).encode()
        execution.enter("Split Dataset")

    cloud.each_sleep = iter([lambda: None, planned, lambda: None, lambda: execution.end("SUCCEEDED", output="{}")])
    _, text = followed(cloud, terminal)
    assert text.count("predicts  price (named in experiment.yaml), a number, as said") == 1
    assert "b: 2 columns hold the same. A model is held for a person's approval because of this" in text
    assert "otherwise: columns: {b: ignore}" in text


@pytest.mark.parametrize("plan", [{}, {"schema": SCHEMA - 1, "understanding": {"target": "price"}}])
def test_a_run_planned_by_another_version_is_followed_without_first_lines(plan: dict[str, object]) -> None:
    cloud = Cloud()
    execution = Execution("churn-1", "SUCCEEDED")
    cloud.executions = [execution]
    cloud.objects[f"runs/{run_id(execution.arn)}/plan.json"] = json.dumps(plan).encode()
    assert "predicts" not in followed(cloud, terminal=False)[1]


def test_a_result_is_shown_as_it_is_whatever_its_reason_holds() -> None:
    text = shown(result_table({"run": "churn-01234567", "outcome": "rejected", "reason": "[/red]\x1b[2J\nsecond"}))
    assert "[/red]\\x1b[2J" in text
    assert "second" in text


@pytest.mark.parametrize(
    "word", ["[/x]", "[link=http://x]y[/link]", "\x1b]0;t\x07", "\x1b[2J", "\u202e", "\x85", ":skull:"]
)
def test_what_comes_from_outside_is_neither_markup_nor_control(word: str) -> None:
    summary = {"run": f"r{word}", "outcome": word, "reason": f"a {word}\nb", "holdout_note": f"no class {word}"}
    state = f"S{word}"
    progress = Progress("arn", f"RUNNING{word}", f"r{word}", states=[state], current_state=state)
    one = io.StringIO()
    put(Console(file=one, width=200, color_system=None), one_line(progress))
    for text in (shown(result_table(summary)), shown(render(progress, 1)), one.getvalue()):
        assert printable(word) in text
        assert not {"\x1b", "\x07", "\u202e", "\x85"} & set(text)


def test_a_clean_up_is_done_when_two_looks_in_a_row_find_nothing() -> None:
    cloud = Cloud()
    arn = Execution("churn-1").arn
    fold = f"wf-{run_id(arn)}-001-abcdef01-f0"

    def have(*jobs: dict[str, object]) -> None:
        cloud.jobs["TrainingJob"] = list(jobs)

    have(training_job(fold, "Stopping"))
    cloud.each_sleep = iter(
        [
            lambda: have(training_job(fold, "Stopped", "Available")),
            lambda: have(),
            lambda: have(training_job(fold.replace("-f0", "-f1"), "InProgress")),
            lambda: have(),
        ]
    )
    console = Console(file=io.StringIO(), width=160)
    follow_clean_up(cloud.stack(), arn, console, Clock(cloud.now, cloud.sleep))
    assert isinstance(console.file, io.StringIO)
    assert [line.split(" jobs")[0] for line in console.file.getvalue().splitlines()] == ["1", "0", "0", "1", "0"]
    assert "0 jobs running, 1 warm pools available" in console.file.getvalue()
    assert cloud.time == 5 * 0.5
