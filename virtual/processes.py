"""Folds trained in the candidate's own machine, on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable

from virtual.clock import VirtualClock
from warmfold_jobs.fan_out.place import Failure, Fold, Place
from warmfold_run.records import FoldResult


class VirtualProcesses(Place):
    """Trains as many folds at a time as it has lanes, each as long as a job would; the others wait for a lane.

    `failures` are how the next folds end, in order; `started` and `shares` what was begun, and among how many at a
    time.
    """

    name = "in-process"

    def __init__(self, clock: VirtualClock, lanes: int, result: Callable[[int], FoldResult]) -> None:
        """`result` gives a fold's result, with the seconds that it takes."""
        super().__init__(clock, lanes)
        self.failures: list[Failure] = []
        self.started: list[int] = []
        self.shares: list[int] = []
        self.stopped = False
        self._result = result
        self._free_at = [0.0] * max(1, lanes)
        self._until: dict[int, float] = {}

    def _start(self, fold: Fold) -> bool:
        self.started.append(fold.number)
        self.shares.append(self.at_a_time)
        lane = min(range(len(self._free_at)), key=self._free_at.__getitem__)
        begins = max(self._clock.now(), self._free_at[lane])
        self._until[fold.number] = self._free_at[lane] = begins + self._result(fold.number)["seconds"]
        return True

    def _ended(self) -> list[tuple[int, FoldResult | Failure]]:
        now = self._clock.now()
        ended = sorted((until, fold) for fold, until in self._until.items() if until <= now)
        for _, fold in ended:
            del self._until[fold]
        return [(fold, self.failures.pop(0) if self.failures else self._result(fold)) for _, fold in ended]

    def wait(self, seconds: float) -> None:
        """Wait until a fold ends, at most so long."""
        now = self._clock.now()
        super().wait(min([seconds, *(until - now for until in self._until.values())]))

    def stop(self) -> None:
        """Forget what is being trained."""
        self.stopped = True
        self._until.clear()
        self._free_at = [0.0] * len(self._free_at)
