"""What a place must be for the loop: one of a test's own, that is neither the candidate's machine nor training jobs."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from statistics import fmean

import pytest

from tests.unit.training_code.virtual_candidate import CANDIDATE, EXPECTED, FOLDER, plan, result
from virtual.clock import VirtualClock
from virtual.processes import VirtualProcesses
from virtual.s3 import VirtualS3
from warmfold_jobs.fan_out.loop import FanOut, FoldFailedError, Outcome
from warmfold_jobs.fan_out.place import Failure, Fold, Place
from warmfold_jobs.fan_out.record_store import RunRecords

SECONDS, NOTICED_AFTER = 60.0, 25.0


class Workers(Place):
    """Two workers, which write scores to S3 when they are done; `deaths` is how often they die over a fold."""

    name = "warm-pool"

    def __init__(self, clock: VirtualClock, s3: VirtualS3, deaths: dict[int, int]) -> None:
        super().__init__(clock, lanes=2)
        self._virtual, self._s3, self._deaths = clock, s3, deaths
        self._dead: dict[int, float] = {}
        self.most_running = 0
        self.stopped: list[int] = []

    def _start(self, fold: Fold) -> bool:
        self.most_running = max(self.most_running, len(self.running) + 1)
        if self._deaths.get(fold.number):
            self._deaths[fold.number] -= 1
            self._dead[fold.number] = self._clock.now()
        else:
            key, score = f"{FOLDER}{CANDIDATE}/fold-{fold.number}.json", result(EXPECTED[fold.number], SECONDS)
            self._virtual.at(self._clock.now() + SECONDS, lambda: self._s3.place(key, json.dumps(score).encode()))
        return True

    def inspect(self) -> Iterator[tuple[Fold, Failure | None]]:
        for fold in self.running:
            if self._clock.now() >= self._dead.get(fold.number, float("inf")) + NOTICED_AFTER:
                del self._dead[fold.number]
                fold.began_at = None
                yield fold, Failure("its worker is gone")

    def score_at(self, fold: Fold) -> float:
        return (fold.began_at or 0.0) + SECONDS

    def look_at(self, fold: Fold) -> float:
        return self._dead.get(fold.number, self.score_at(fold)) + NOTICED_AFTER * (fold.number in self._dead)

    def stop(self) -> None:
        self.stopped = [fold.number for fold in self.running]


class World:
    """A candidate of five folds whose folds go to workers."""

    def __init__(self, deaths: dict[int, int], placement: str = "warm-pool") -> None:
        self.clock = VirtualClock()
        self.s3 = VirtualS3(self.clock)
        self.here = VirtualProcesses(self.clock, 1, lambda fold: result(EXPECTED[fold], SECONDS))
        self.workers = Workers(self.clock, self.s3, deaths)
        self._plan = plan(5, placement)

    def run(self) -> Outcome:
        records = RunRecords(self._plan, CANDIDATE, self.s3, self.clock, random.Random(1))  # type: ignore[arg-type]
        fan_out = FanOut(
            self._plan,  # type: ignore[arg-type]
            CANDIDATE,
            here=self.here,
            elsewhere=self.workers,
            records=records,
            clock=self.clock,
            log=lambda _: None,
        )
        return fan_out.run()


def test_no_more_folds_are_begun_in_a_place_than_it_has_room_for() -> None:
    world = World({})
    assert world.run() == Outcome(fmean(EXPECTED) + 0.05, fmean(EXPECTED), abandoned=False)
    assert world.workers.most_running == 2
    assert world.here.started == []
    assert 3 * SECONDS <= world.clock.now() < 3 * SECONDS + 10
    assert world.s3.json(f"{FOLDER}{CANDIDATE}/placement.json")["jobs"] == [0, 1, 2, 3, 4]


def test_a_fold_that_died_in_a_place_is_begun_again_when_that_is_noticed_and_lost_after_the_second_time() -> None:
    world = World({3: 1})
    assert world.run().validation_score == pytest.approx(fmean(EXPECTED))
    lost = World({0: 2})
    with pytest.raises(FoldFailedError, match=r"fold 0 is lost .attempt 2.: its worker is gone"):
        lost.run()
    assert lost.workers.stopped == [1]
    assert lost.here.stopped


def test_the_candidate_s_own_machine_takes_its_share_beside_any_place() -> None:
    world = World({}, placement="auto")
    world.run()
    assert 0 in world.here.started
    placement = world.s3.json(f"{FOLDER}{CANDIDATE}/placement.json")
    assert placement["choice"] == "both"
    assert sorted(placement["here"] + placement["jobs"]) == [0, 1, 2, 3, 4]


def test_a_place_keeps_the_books_of_the_folds_that_are_trained_there() -> None:
    world = World({})
    fold, other = Fold(1), Fold(0)
    world.clock.sleep(5)
    for one in (fold, other):
        assert one.waits
        assert world.workers.start(one)
    assert (fold.place, fold.began_at, world.workers.room) == (world.workers, 5, 0)
    assert world.workers.running == [other, fold]
    fold.score = result(0.5, 1.0)
    assert (world.workers.running, world.workers.room) == ([other], 1)
    other.place = world.here
    assert (world.workers.trained, world.workers.running) == ([fold], [])
