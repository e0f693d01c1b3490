"""What a candidate decides on a virtual clock: where its folds run, when it is given up, how long pools are kept."""

from __future__ import annotations

import json
import re
from statistics import fmean
from typing import Any

import pytest

from tests.documents import complaints
from tests.unit.training_code.virtual_candidate import CANDIDATE, EXPECTED, Candidate, Trains, plan
from virtual.calls import client_error
from warmfold_jobs.fan_out.fold_jobs import KEEP_ALIVE
from warmfold_jobs.fan_out.place import Failure
from warmfold_run.places import leaderboard_name
from warmfold_run.records import Abandoned, FoldScore, LeaderboardEntry, Missed, Placement

EARLIER = "wf-churn-0123abcd-003-0a1b2c3d"


def candidate(placement: str = "auto", *, lanes: int = 1, abandon: str = "off", **fates: Trains) -> Candidate:
    made = Candidate(5, placement, lanes, **fates)
    made.plan = plan(5, placement, abandon)
    return made


def complete(
    world: Candidate,
    name: str = EARLIER,
    *,
    seconds: float = 60.0,
    starts: tuple[float, ...] = (10.0,),
    jobs: int = 4,
    scores: list[float] | None = None,
) -> None:
    """Enter an earlier candidate into the leaderboard."""
    scores = EXPECTED if scores is None else scores
    entry = {
        "candidate": name,
        "mean": fmean(scores),
        "scores": scores,
        "fold_seconds": [seconds] * 5,
        "cpu_seconds": [seconds] * 5,
        "start_seconds": list(starts),
        "cold_seconds": [],
        "jobs": jobs,
        "job": f"{name}-f1" if jobs else None,
    }
    key = f"runs/r/leaderboard/{leaderboard_name(fmean(scores), name)}"
    world.s3.place(key, json.dumps(entry).encode())


def every_fold(seconds: float, start: float = 10.0) -> dict[str, Trains]:
    return {f"f{fold}": Trains(seconds, start=start) for fold in range(5)}


def created(world: Candidate) -> list[int]:
    return [int(end[-1]) for end in world.created]


def test_the_first_candidate_trains_one_fold_itself_and_the_others_are_jobs() -> None:
    world = candidate(**every_fold(60, start=180))
    assert world.run() == EXPECTED
    assert world.here.started == [0]
    assert created(world) == [1, 2, 3, 4]
    assert world.record(f"{CANDIDATE}/placement.json") == {
        "candidate": CANDIDATE,
        "choice": "both",
        "here": [0],
        "jobs": [1, 2, 3, 4],
        "reason": "no fold has been measured yet: one is trained here, the others are jobs",
    }


def test_folds_shorter_than_any_warm_start_never_become_jobs() -> None:
    world = candidate(**every_fold(0.5, start=180))
    assert world.run() == EXPECTED
    assert world.here.started == [0, 1, 2, 3, 4]
    assert created(world) == []
    assert world.seconds < 5
    placement = world.record(f"{CANDIDATE}/placement.json")
    assert (placement["choice"], placement["jobs"]) == ("in-process", [])
    assert "all 5 here" in placement["reason"]


def test_folds_that_take_no_longer_than_the_jobs_of_the_first_candidate_need_to_start_are_taken_back() -> None:
    world = candidate(lanes=5, **every_fold(40, start=180))
    assert world.run() == EXPECTED
    assert world.here.started == [0, 1, 2, 3, 4]
    assert world.stopped == ["f1", "f2", "f3", "f4"]
    assert world.seconds < 90


@pytest.mark.parametrize(("seconds", "here"), [(60.0, [0]), (2.0, [0, 1, 2, 3, 4]), (5.0, [0, 1, 2])])
def test_later_candidates_place_their_folds_by_what_was_measured(seconds: float, here: list[int]) -> None:
    world = candidate(**every_fold(seconds))
    complete(world, seconds=seconds)
    assert world.run() == EXPECTED
    assert world.here.started == here
    assert created(world) == [fold for fold in range(5) if fold not in here]
    assert not world.stopped


def test_folds_that_turn_out_long_are_handed_over_to_jobs() -> None:
    world = candidate(**every_fold(300))
    complete(world, seconds=2.0)
    assert world.run() == EXPECTED
    assert world.here.started == [0]
    assert world.seconds < 400


def test_what_the_experiment_says_is_done() -> None:
    alone = candidate("in-process", lanes=2, **every_fold(60))
    assert alone.run() == EXPECTED
    assert created(alone) == []
    assert set(alone.here.shares) == {2}
    assert 180 <= alone.seconds < 190
    jobs = candidate("warm-pool", **every_fold(0.1))
    assert jobs.run() == EXPECTED
    assert jobs.here.started == []


def test_without_memory_for_a_fold_all_are_jobs() -> None:
    world = candidate(lanes=0)
    assert world.run() == EXPECTED
    assert world.here.started == []
    assert "no memory" in world.log[0]


def test_without_memory_for_a_fold_one_is_trained_here_when_no_instance_was_free_for_long() -> None:
    world = candidate(lanes=0, **every_fold(60))
    world.no_instance_for(1e9)
    assert world.run() == EXPECTED
    assert world.here.started == [0, 1, 2, 3, 4]


def test_a_fold_that_was_taken_back_and_fails_here_gets_a_job_of_its_own_again() -> None:
    world = candidate(lanes=5, **every_fold(40, start=180))
    first = world.here._result(0)
    world.here.failures = [first, Failure("killed")]  # type: ignore[list-item]
    assert world.run() == EXPECTED
    assert world.stopped == ["f1", "f2", "f3", "f4"]
    assert [end for end in world.created if "-r" in end] == ["f1-r1"]


def test_a_fold_that_finds_no_instance_is_trained_here_as_soon_as_there_is_room() -> None:
    world = candidate(**every_fold(60))
    complete(world)
    world.no_instance_for(1e9)
    assert world.run() == EXPECTED
    assert world.here.started == [0, 1, 2, 3, 4]
    assert world.seconds < 5 * 60 + 10


def test_a_fold_that_fails_here_is_tried_again_as_a_job() -> None:
    world = candidate(**every_fold(60))
    complete(world)
    world.here.failures = [Failure("killed")]
    assert world.run() == EXPECTED
    assert created(world) == [1, 2, 3, 4, 0]


def keep_alives(number: int, *, seconds: float | None = 1000.0, asked: Any = "auto") -> list[int | None]:
    world = candidate("auto", **every_fold(60))
    world.name = f"wf-churn-0123abcd-{number:03d}-0a1b2c3d"
    world.plan["experiment"]["compute"]["keep_alive_seconds"] = asked
    if seconds is not None:
        complete(world, seconds=seconds)
    world.run()
    requests = [job.request for job in world.sagemaker.jobs.values()]
    return [request["ResourceConfig"].get("KeepAlivePeriodInSeconds") for request in requests]


def test_pools_are_kept_as_long_as_measured_folds_demand_and_the_last_ones_not_at_all_but_for_the_final_job() -> None:
    assert keep_alives(7, seconds=None) == [600] * 4  # what the plan says
    assert keep_alives(7) == [KEEP_ALIVE + 900] * 4
    assert keep_alives(7, seconds=1e5) == [3600] * 4
    assert keep_alives(7, asked=600) == [600] * 4
    assert keep_alives(18) == [KEEP_ALIVE + 900] * 4
    assert keep_alives(19) == [None] * 4
    assert keep_alives(20) == [None, None, None, KEEP_ALIVE + 900]


def test_a_candidate_that_cannot_win_is_given_up_and_its_folds_are_stopped() -> None:
    world = candidate(
        "warm-pool", abandon="forgiving", f0=Trains(50), f1=Trains(55), **{f"f{n}": Trains(300) for n in (2, 3, 4)}
    )
    complete(world, scores=[0.9, 0.8, 0.95, 0.9, 0.95])
    world.fold_scores = {0: 0.7, 1: 0.75}
    world.run()
    assert world.outcome.abandoned
    assert world.outcome.validation_score == pytest.approx(0.9 + fmean([-0.2, -0.05]))
    assert world.outcome.train_score == pytest.approx(0.775)
    assert world.seconds < 60
    assert world.stopped == ["f2", "f3", "f4"]
    record = world.record(f"{CANDIDATE}/abandoned.json")
    assert record["incumbent"] == EARLIER
    assert record["scores"] == {"0": 0.7, "1": 0.75}
    assert record["stopped"] == [2, 3, 4]
    assert record["estimate"] == world.outcome.validation_score
    assert not [key for key in world.s3.keys("runs/r/leaderboard/") if CANDIDATE in key]


def test_folds_that_were_never_begun_are_saved_too() -> None:
    world = candidate("in-process", abandon="forgiving", **every_fold(60))
    complete(world, scores=[0.9, 0.9, 0.9, 0.9, 0.9])
    world.run()
    assert world.outcome.abandoned
    assert world.here.started in ([0, 1], [0, 1, 2])
    assert world.calls("StopTrainingJob") == 0


@pytest.mark.parametrize(("abandon", "scores"), [("off", [0.9] * 5), ("forgiving", [0.9, 0.8, 0.9, 0.9, 0.9])])
def test_no_candidate_is_given_up_when_it_is_off_or_when_it_could_still_win(abandon: str, scores: list[float]) -> None:
    world = candidate("in-process", abandon=abandon, **every_fold(60))
    complete(world, scores=scores)
    assert world.run() == EXPECTED
    assert not world.outcome.abandoned


def test_the_incumbent_is_the_best_complete_candidate() -> None:
    world = candidate(
        "warm-pool", abandon="forgiving", f0=Trains(50), f1=Trains(50), **{f"f{n}": Trains(300) for n in (2, 3, 4)}
    )
    complete(world, "wf-churn-0123abcd-001-0a1b2c3d", scores=[0.5] * 5)
    complete(world, scores=[0.95] * 5)
    complete(world, "wf-churn-0123abcd-002-0a1b2c3d", scores=[0.6] * 5)
    world.run()
    assert world.record(f"{CANDIDATE}/abandoned.json")["incumbent"] == EARLIER


def test_a_complete_candidate_tells_the_next_ones_what_it_measured() -> None:
    world = candidate(**every_fold(60, start=11.0))
    complete(world)
    world.run()
    entry = world.record(f"{CANDIDATE}.json")
    assert entry["scores"] == EXPECTED
    assert entry["fold_seconds"] == [pytest.approx(60)] * 5
    assert entry["start_seconds"] == [pytest.approx(11, abs=3)] * 4
    assert (entry["cold_seconds"], entry["jobs"], entry["job"]) == ([], 4, f"{CANDIDATE}-f1")


@pytest.mark.parametrize(
    ("pool", "change", "cause"),
    [
        (None, {}, "quota 'ml.m5.xlarge for training warm pool usage' looks like 0"),
        ({"Status": "Available"}, {"RoleArn": "arn:aws:iam::123456789012:role/other"}, "RoleArn is .*fold, and was"),
        ({"Status": "Terminated"}, {}, "is Terminated"),
    ],
)
def test_a_fold_that_started_cold_although_a_pool_should_be_free_says_why(
    pool: dict[str, str] | None, change: dict[str, Any], cause: str
) -> None:
    world = candidate(**(every_fold(60) | {"f2": Trains(60, start=180)}))
    complete(world)
    describe = world.sagemaker.describe_training_job

    def with_pool(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        if TrainingJobName != f"{EARLIER}-f1":
            return describe(TrainingJobName)
        earlier = world.plan["requests"]["fold"] | change | {"TrainingJobName": TrainingJobName}
        return earlier | ({"WarmPoolStatus": pool} if pool else {})

    world.sagemaker.describe_training_job = with_pool  # type: ignore[method-assign]
    assert world.run() == EXPECTED
    missed = world.record(f"{CANDIDATE}/missed.json")
    assert complaints(Missed, missed) == []
    assert missed["folds"] == [2]
    assert re.search(cause, missed["cause"])
    assert any(missed["cause"] in line for line in world.log)


def test_the_cause_of_a_missed_pool_is_worth_no_failure() -> None:
    world = candidate(**(every_fold(60) | {"f2": Trains(60, start=180)}))
    complete(world)
    describe = world.sagemaker.describe_training_job

    def refuse(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        if TrainingJobName == f"{EARLIER}-f1":
            raise client_error("AccessDeniedException")
        return describe(TrainingJobName)

    world.sagemaker.describe_training_job = refuse  # type: ignore[method-assign]
    assert world.run() == EXPECTED


def test_what_a_candidate_writes_has_the_keys_that_the_contract_says() -> None:
    both = candidate(**every_fold(60))
    complete(both)
    both.run()
    given_up = candidate("in-process", abandon="forgiving", **every_fold(60))
    complete(given_up, scores=[0.9] * 5)
    given_up.run()
    folder = f"runs/r/candidates/{CANDIDATE}/"
    here = [fold for fold in range(5) if both.s3.keys(f"{folder}fold-{fold}.json")]
    assert here, "no fold was trained here"
    for fold in here:
        assert complaints(FoldScore, both.record(f"{CANDIDATE}/fold-{fold}.json")) == []
    assert complaints(Placement, both.record(f"{CANDIDATE}/placement.json")) == []
    assert complaints(LeaderboardEntry, both.record(f"{CANDIDATE}.json")) == []
    assert complaints(Abandoned, given_up.record(f"{CANDIDATE}/abandoned.json")) == []
