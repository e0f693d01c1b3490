"""The virtual candidate's own machine."""

from __future__ import annotations

from virtual.clock import VirtualClock
from virtual.trainer import VirtualTrainer


def test_a_trainer_with_lanes_trains_so_many_folds_at_a_time() -> None:
    clock, ended = VirtualClock(), []
    seconds = [10.0, 20.0, 5.0]

    def script() -> None:
        trainer = VirtualTrainer(clock, 2, lambda fold: {"seconds": seconds[fold]})
        for fold in range(3):
            trainer.start(fold, 2)
        while len(ended) < 3:
            trainer.wait(4)
            ended.extend((fold, clock.now()) for fold, _ in trainer.finished())

    clock.run([script])
    assert ended == [(0, 10), (2, 15), (1, 20)]
