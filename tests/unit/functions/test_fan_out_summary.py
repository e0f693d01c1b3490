"""summary.json and the page say where folds were trained, who was given up, and which pools were missed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.functions.fake_sagemaker import FakeSageMaker
from tests.unit.functions.runs import Run

AVAILABLE = {"Status": "Available"}


@pytest.fixture
def given_up(run: Run) -> Run:
    """Of three candidates of 3 folds, the second and the third were given up after two."""
    run.candidate(1, [0.8, 0.8, 0.8])
    run.abandoned(2, [0.7, 0.7], 0.7, [2])
    run.abandoned(3, [0.6, 0.6], 0.6, [2])
    return run


def result(summary: dict[str, Any], number: int) -> dict[str, Any]:
    return next(dict(one) for one in summary["candidate_results"] if one["number"] == number)


def test_a_candidate_that_was_given_up_keeps_sagemakers_status_and_shows_its_estimate(
    given_up: Run,  # noqa: ARG001
    report: Any,
) -> None:
    summary, page = report()
    second = result(summary, 2)
    assert (second["status"], second["abandoned"], second["score"]) == ("Completed", True, 0.7)
    assert second["fold_scores"] == [0.7, 0.7, None]
    assert (summary["candidates"]["completed"], summary["candidates"]["abandoned"]) == (3, 2)
    assert not result(summary, 1)["abandoned"]
    assert page.count(">given up</span>") == 2
    assert "≈ 0.7000" in page
    assert "candidate 2: given up, roc_auc estimated at 0.7000" in page


def test_the_best_so_far_is_never_an_estimate(run: Run, report: Any) -> None:
    run.candidate(1, [0.5, 0.5, 0.5])
    line = report()[1].count('class="so-far"')
    run.abandoned(2, [0.9, 0.9], 0.9, [])
    assert report()[1].count('class="so-far"') == line + 1, "the line goes on, and does not rise"


def test_one_that_was_given_up_with_all_its_scores_there_is_not_the_best(run: Run, report: Any) -> None:
    best = run.candidate(1, [0.8, 0.8, 0.8])
    run.abandoned(2, [0.7, 0.7, 0.99], 0.85, [2])
    summary, _ = report()
    assert summary["best"]["candidate"] == best
    assert result(summary, 2)["score"] == 0.85


def test_an_estimate_that_sagemaker_has_not_got_is_the_candidate_s_own(
    run: Run, sagemaker: FakeSageMaker, report: Any
) -> None:
    run.abandoned(1, [0.7, 0.7], 0.65, [], status="InProgress")
    del sagemaker.training[run.candidate_name(1)]["FinalHyperParameterTuningJobObjectiveMetric"]
    assert result(report("ABORTED")[0], 1)["score"] == 0.65


def test_what_giving_up_saved_is_the_mean_fold_less_what_was_spent(given_up: Run, report: Any) -> None:
    given_up.candidate(4, [0.5, 0.5, 0.5], fold_seconds=40.0)
    mean = (7 * 20.0 + 3 * 40.0) / 10
    given_up.fold(2, 2, 0, ran=6.0, TrainingJobStatus="Stopped")
    summary, page = report()
    saved = summary["abandoning"]
    assert (saved["asked"], saved["used"], saved["note"]) == ("forgiving", True, None)
    assert (saved["abandoned"], saved["folds_saved"]) == (2, 2)
    assert saved["seconds_saved"] == pytest.approx((mean - 6) + mean / 2), "the third has no job, and counts half"
    assert "Given up: 2 of 4 candidates" in page
    assert "saved about 33 instance-seconds" in page


def test_a_job_that_was_stopped_after_a_time_unknown_saved_nothing(
    given_up: Run, report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert report()[0]["abandoning"]["seconds_saved"] == 10.0 + 10.0
    given_up.fold(2, 2, 0, ran=6.0)
    monkeypatch.setattr("pipeline.reporting.facts.MOST_DESCRIBED", 0)
    assert report()[0]["abandoning"]["seconds_saved"] == 10.0
    given_up.fold(3, 2, 0, ran=6.0)
    summary, page = report()
    assert summary["abandoning"]["seconds_saved"] == 0.0
    assert "which saved about" not in page


def test_a_run_that_may_not_give_up_says_why(s3: Any, sagemaker: Any, tmp_path: Any, report: Any) -> None:
    Run(s3, sagemaker, tmp_path, "search: {abandon: off}\n").candidate(1, [0.7, 0.8, 0.9])
    summary, page = report()
    assert summary["abandoning"] == {
        "asked": "off",
        "used": False,
        "note": "search.abandon is off",
        "abandoned": 0,
        "folds_saved": 0,
        "seconds_saved": 0.0,
    }
    assert "No candidate was given up: search.abandon is off." in page


def test_a_run_without_fold_jobs_is_told_whole(run: Run, report: Any) -> None:
    for number in (1, 2, 3):
        run.candidate(number, [0.7, 0.8, 0.9], here=range(3))
        run.placed(number, "in-process", "a fold takes 0.5 s" if number < 3 else "a fold takes 0.6 s")
    run.final()
    summary, page = report()
    assert summary["placement"] == {
        "asked": "auto",
        "folds_here": 9,
        "fold_jobs": 0,
        "choices": {"in-process": 3},
        "reasons": {"a fold takes 0.5 s": 2, "a fold takes 0.6 s": 1},
    }
    assert result(summary, 1)["folds_here"] == 3
    assert (summary["cold_starts"], summary["warm_starts"]) == (0, 0)
    assert summary["pools"] == {
        "cold_starts": 0,
        "expected_cold_starts": 0,
        "missed": [],
        "note": None,
        "cold_cost": None,
    }
    assert summary["final_job"]["warm_start"] is False
    assert "3 candidates trained all their folds in their own instance" in page
    assert "a fold takes 0.5 s (2 candidates)" in page
    assert "Cold and warm starts" not in page


def test_folds_here_and_folds_as_jobs_are_told_apart(run: Run, report: Any) -> None:
    run.candidate(1, [0.7, 0.8, 0.9], here=[0])
    run.placed(1, "both", "one here, two as jobs")
    run.fold(1, 1, 0)
    run.fold(1, 2, 0)
    summary, page = report()
    assert (summary["placement"]["folds_here"], summary["placement"]["fold_jobs"]) == (1, 2)
    assert result(summary, 1)["folds_here"] == 1
    assert "1 candidate trained a part of its folds and left the others to fold jobs" in page


def test_more_reasons_than_a_page_should_have_are_counted(run: Run, report: Any) -> None:
    for number in range(1, 14):
        run.candidate(number, [0.7, 0.8, 0.9], here=range(3))
        run.placed(number, "in-process", f"a fold takes 0.{number:02} s")
    summary, page = report()
    assert len(summary["placement"]["reasons"]) == 13
    assert page.count("a fold takes") == 5
    assert "and 8 more, in summary.json" in page


def test_a_missed_pool_is_told_with_its_cause_and_its_cost(run: Run, report: Any) -> None:
    run.candidate(1, [0.7, 0.8, 0.9])
    run.candidate(2, [0.7, 0.8, 0.9])
    for fold in range(3):
        run.fold(1, fold, 0, pool=AVAILABLE)
        run.fold(2, fold, 300, pool=AVAILABLE, EnableNetworkIsolation=True)
    summary, page = report()
    cause = "EnableNetworkIsolation is True, and was False in the pool's job"
    assert summary["pools"] == {
        "cold_starts": 6,
        "expected_cold_starts": 3,
        "missed": [{"candidate": run.candidate_name(2), "folds": [0, 1, 2], "cause": cause}],
        "note": None,
        "cold_cost": {"starts": 3, "seconds_each": 170.0, "seconds": 510.0, "warm_assumed": True},
    }
    assert "3 folds of 1 candidate found no warm pool although one should have been free: EnableNetwork" in page
    assert (
        "3 cold starts were more than the run needed, which cost 3 × 2 min 50 s, about 8 min 30 s of waiting in all"
        in page
    )
    assert "a warm start is taken to be 10 s" in page


def test_what_a_candidate_said_itself_of_a_missed_pool_is_not_told_twice(run: Run, report: Any) -> None:
    run.candidate(1, [0.7, 0.8, 0.9])
    run.candidate(2, [0.7, 0.8, 0.9])
    for fold in range(3):
        run.fold(1, fold, 0, pool=AVAILABLE)
        run.fold(2, fold, 300, pool=AVAILABLE)
    name = run.candidate_name(2)
    run.write(f"candidates/{name}/missed.json", {"candidate": name, "folds": [2, 0], "cause": "so it was"})
    missed = report()[0]["pools"]["missed"]
    assert missed[0] == {"candidate": name, "folds": [0, 2], "cause": "so it was"}
    assert [one["folds"] for one in missed[1:]] == [[1]]


def test_a_quota_of_0_is_said_with_what_it_costs(run: Run, report: Any) -> None:
    for number, created in ((1, 0), (2, 300), (3, 600)):
        run.candidate(number, [0.7, 0.8, 0.9])
        for fold in range(3):
            run.fold(number, fold, created)
    summary, page = report()
    pools = summary["pools"]
    assert pools["note"] == (
        "the quota 'ml.m5.xlarge for training warm pool usage' looks like 0: no pool was kept, and every fold started "
        "cold: 9 starts x 180 s (median); ask for it in Service Quotas"
    )
    assert pools["missed"] == []
    assert pools["cold_cost"]["seconds"] == 6 * 170.0
    assert "ask for it in Service Quotas" in page


def test_pools_that_ended_too_early_are_told(run: Run, report: Any) -> None:
    ended = {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 10}
    run.candidate(1, [0.7, 0.8, 0.9])
    for fold in range(3):
        run.fold(1, fold, 300 * fold, pool=ended, keep=10)
    assert report()[0]["pools"]["note"].startswith("2 more cold starts came when no pool was Available")


def test_a_measured_warm_start_is_what_a_cold_one_is_held_against(run: Run, report: Any) -> None:
    run.candidate(1, [0.7, 0.8, 0.9])
    run.fold(1, 0, 0, pool={"Status": "Reused", "ReusedByJob": f"{run.candidate_name(1)}-f1"})
    run.fold(1, 1, 300, start=30, pool=AVAILABLE)
    run.fold(1, 2, 600, pool=AVAILABLE)
    cost = report()[0]["pools"]["cold_cost"]
    assert cost == {"starts": 1, "seconds_each": 150.0, "seconds": 150.0, "warm_assumed": False}


def test_more_fold_jobs_than_are_described_leave_pools_open_and_say_why(
    run: Run, report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.reporting.facts.MOST_DESCRIBED", 2)
    run.candidate(1, [0.7, 0.8, 0.9])
    for fold in range(3):
        run.fold(1, fold, 0)
    summary, page = report()
    assert summary["pools"]["expected_cold_starts"] is None
    assert summary["pools"]["cold_cost"] is None
    assert "there are 3 fold jobs" in summary["pools"]["note"]
    assert "there are 3 fold jobs" in page


def test_a_fold_job_that_was_stopped_before_it_started_is_no_cold_start(
    run: Run, sagemaker: FakeSageMaker, report: Any
) -> None:
    run.candidate(1, [0.7, 0.8, 0.9])
    run.fold(1, 0, 0)
    del sagemaker.training[run.fold(1, 1, 0, TrainingJobStatus="Stopped")]["TrainingStartTime"]
    summary, _ = report()
    assert summary["cold_starts"] == summary["pools"]["cold_starts"] == 1


def test_a_run_without_a_plan_has_every_key(sagemaker: FakeSageMaker, report: Any) -> None:  # noqa: ARG001
    summary, _ = report("FAILED", "DatasetError", "no rows")
    assert summary["placement"] == {"asked": None, "folds_here": 0, "fold_jobs": 0, "choices": {}, "reasons": {}}
    assert set(summary["abandoning"].values()) == {None}
    assert summary["pools"]["missed"] == []


def test_markup_in_a_cause_or_a_reason_is_harmless(run: Run, report: Any) -> None:
    evil = "<script>x</script>"
    name = run.candidate(1, [0.7, 0.8, 0.9])
    run.placed(1, evil, evil)
    run.fold(1, 0, 0)
    run.write(f"candidates/{name}/missed.json", {"candidate": name, "folds": [0], "cause": evil})
    page = report()[1]
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 3
