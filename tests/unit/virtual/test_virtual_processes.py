"""The virtual machine of a candidate trains as many folds at a time as it has lanes, and fails as it is told to."""

from __future__ import annotations

from virtual.clock import VirtualClock
from virtual.processes import VirtualProcesses
from warmfold_jobs.fan_out.place import Failure, Fold
from warmfold_run.records import FoldResult


def result(seconds: float) -> FoldResult:
    return {
        "train_score": 0.6,
        "validation_score": 0.5,
        "fit_seconds": seconds,
        "seconds": seconds,
        "cpu_seconds": seconds,
        "rows": {"train": 80, "validation": 20},
    }


def test_so_many_folds_are_trained_at_a_time_as_there_are_lanes() -> None:
    clock, ended = VirtualClock(), []
    seconds = [10.0, 20.0, 5.0]

    def script() -> None:
        here = VirtualProcesses(clock, 2, lambda fold: result(seconds[fold]))
        for fold in range(3):
            here.start(Fold(fold))
        while len(ended) < 3:
            here.wait(4)
            ended.extend((fold.number, clock.now()) for fold, _ in here.ended())

    clock.run([script])
    assert ended == [(0, 10), (2, 15), (1, 20)]


def test_the_next_folds_end_as_they_are_told_to_and_wait_to_be_begun_again() -> None:
    clock, folds = VirtualClock(), [Fold(0), Fold(1)]
    here = VirtualProcesses(clock, 2, lambda _: result(10.0))
    here.failures = [Failure("no memory")]
    for fold in folds:
        here.start(fold)
    assert (here.room, here.running) == (0, folds)
    here.wait(60)
    assert clock.now() == 10
    assert here.ended() == [(folds[0], Failure("no memory")), (folds[1], result(10.0))]
    assert folds[0].waits
    assert here.ended() == []
