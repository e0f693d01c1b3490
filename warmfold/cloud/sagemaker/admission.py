"""Scheduling: work gets the cores of this machine in the order in which it came."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

logger = logging.getLogger(__name__)


class StopSignal:
    """A flag that is raised once; whoever waits for something else as well registers a callback."""

    __slots__ = ("_callbacks", "_lock", "_raised")  # every job has one

    def __init__(self) -> None:
        self._raised = False
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def set(self) -> None:
        """Raise the flag and call what was registered, in this thread."""
        with self._lock:
            self._raised = True
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    def is_set(self) -> bool:
        """Whether the flag is up."""
        return self._raised

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`; true when the flag is up."""
        bell = threading.Event()
        with self.calling(bell.set):
            return bell.wait(seconds)

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call `callback` when the flag goes up inside this block, or at once when it is up already."""
        with self._lock:
            self._callbacks.append(callback)
            already = self._raised
        if already:
            callback()
        try:
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)


class Admission:
    """As many jobs at a time as there are cores; the rest wait in line.

    A core is held in somebody's name, and those who turn out to wait for other jobs hold none any more. When it has
    waited for `patience` seconds without any coming or going, the head of the line gets a core that is not there, as
    the jobs that hold the cores may wait for it.
    """

    def __init__(self, cores: int, patience: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free = max(1, cores)
        self._patience = patience
        self._moved_at = self._clock()
        self._line: deque[object] = deque()
        self._held: dict[object, str | None] = {}
        self._waiting: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def core(self, stop: StopSignal, needed: bool = True, owner: str | None = None) -> Iterator[bool]:
        """Hold one core for the length of the block; false (and no core) when `stop` was raised first."""
        hold = object()
        try:
            yield self._take(stop, hold, owner) if needed else not stop.is_set()
        finally:
            with self._changed:
                self._give_back(hold)

    def waits(self, owner: str) -> None:
        """Let whoever holds a core in this name, now or later, go on without: it waits for other jobs."""
        with self._changed:
            self._waiting.add(owner)
            for hold in [hold for hold, name in self._held.items() if name == owner]:
                self._give_back(hold)
            self._changed.notify_all()

    def _give_back(self, hold: object) -> None:
        if hold in self._held:
            del self._held[hold]
            self._free += 1
            self._moved_at = self._clock()
            self._changed.notify_all()

    def _take(self, stop: StopSignal, hold: object, owner: str | None) -> bool:
        """Wait for a core, or for what makes one needless; false when `stop` was raised first."""
        ticket, arrived_at = object(), self._clock()

        def patience_left() -> float:
            end = max(self._moved_at, arrived_at) + self._patience
            return min(end - self._clock(), threading.TIMEOUT_MAX)

        with stop.calling(self._wake), self._changed:
            self._line.append(ticket)
            while not (
                stop.is_set()
                or owner in self._waiting
                or (self._line[0] is ticket and (self._free > 0 or patience_left() <= 0))
            ):
                self._changed.wait(patience_left() if self._line[0] is ticket else None)
            self._line.remove(ticket)
            self._changed.notify_all()
            if stop.is_set() or owner in self._waiting:
                return not stop.is_set()
            if self._free <= 0:
                logger.warning(
                    "no core came free for %g s; the next job in line goes ahead, as others may wait for it",
                    self._patience,
                )
            self._free -= 1
            self._held[hold] = owner
            self._moved_at = self._clock()
            return True

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
