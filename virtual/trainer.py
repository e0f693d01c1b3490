"""Folds trained in the candidate's own instance, on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtual.clock import VirtualClock


class VirtualTrainer:
    """Trains as many folds at a time as it has lanes, each as long as a job would; the others wait for a lane.

    `failures` are how the next folds end, in order; `started` and `shares` what was begun, and among how many at a
    time.
    """

    def __init__(self, clock: VirtualClock, lanes: int, result: Callable[[int], dict[str, Any]]) -> None:
        """`result` gives a fold's result, with the seconds that it takes."""
        self.lanes = lanes
        self.failures: list[Exception] = []
        self.started: list[int] = []
        self.shares: list[int] = []
        self.stopped = False
        self._clock, self._result = clock, result
        self._free_at = [0.0] * max(1, lanes)
        self._running: dict[int, float] = {}

    def start(self, fold: int, at_a_time: int) -> None:
        """Begin to train a fold."""
        self.started.append(fold)
        self.shares.append(at_a_time)
        lane = min(range(len(self._free_at)), key=self._free_at.__getitem__)
        begins = max(self._clock.now(), self._free_at[lane])
        self._running[fold] = self._free_at[lane] = begins + self._result(fold)["seconds"]

    def finished(self) -> list[tuple[int, dict[str, Any] | Exception]]:
        """The folds that ended since this was last asked."""
        now = self._clock.now()
        ended = sorted((until, fold) for fold, until in self._running.items() if until <= now)
        for _, fold in ended:
            del self._running[fold]
        return [(fold, self.failures.pop(0) if self.failures else self._result(fold)) for _, fold in ended]

    def wait(self, seconds: float) -> None:
        """Wait until a fold ends, at most so long."""
        now = self._clock.now()
        self._clock.sleep(min([seconds, *(until - now for until in self._running.values())]))

    def stop(self) -> None:
        """Forget what is being trained."""
        self.stopped = True
        self._running.clear()
        self._free_at = [0.0] * len(self._free_at)
