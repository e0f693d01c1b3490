"""Virtual time for code that sleeps, in threads or not: it moves on when every thread waits, and costs no real time."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Sequence


class ClockStoppedError(BaseException):
    """Another thread failed, so time is over; for no code under test to catch."""


class _Actor:
    """A thread that is run for as long as it does not sleep."""

    def __init__(self) -> None:
        self.gate = threading.Lock()
        self.gate.acquire()


class VirtualClock:
    """The seconds of a simulation, shared by threads of which one runs at a time.

    Code that `run` does not run may sleep too, while nothing else does. What is due at the same moment comes in the
    order in which it was asked for, so that a simulation repeats itself.
    """

    def __init__(self, start: float = 0.0) -> None:
        """`start` is what the clock shows at first."""
        self._time = start
        self._agenda: list[tuple[float, int, _Actor | Callable[[], None]]] = []
        self._order = itertools.count()
        self._current = threading.local()
        self._over = threading.Lock()
        self._failure: BaseException | None = None

    def now(self) -> float:
        """What the clock shows."""
        return self._time

    def sleep(self, seconds: float) -> None:
        """Let everything happen that is due within so many seconds."""
        actor: _Actor = getattr(self._current, "actor", None) or _Actor()
        heapq.heappush(self._agenda, (self._time + max(0.0, seconds), next(self._order), actor))
        if self._hand_over(actor):
            actor.gate.acquire()
        if self._failure is not None:
            raise ClockStoppedError from self._failure

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Have something done at a time that is not past; it must not sleep."""
        heapq.heappush(self._agenda, (max(time, self._time), next(self._order), action))

    def run(self, scripts: Sequence[Callable[[], None]]) -> None:
        """Run the scripts, each in a thread, and what `at` was asked for, until nothing is left.

        Raises what a script raised; the others then end with ClockStoppedError when they next sleep.
        """
        threads = []
        for script in scripts:
            actor = _Actor()
            heapq.heappush(self._agenda, (self._time, next(self._order), actor))
            threads.append(threading.Thread(target=self._live, args=(actor, script), daemon=True))
        for thread in threads:
            thread.start()
        self._over.acquire()
        self._hand_over(None)
        self._over.acquire()
        self._over.release()
        for thread in threads:
            thread.join()
        if self._failure is not None:
            raise self._failure

    def _live(self, actor: _Actor, script: Callable[[], None]) -> None:
        self._current.actor = actor
        actor.gate.acquire()
        try:
            if self._failure is None:
                script()
        except ClockStoppedError:
            pass
        except BaseException as error:  # noqa: BLE001 - `run` raises it
            self._failure = self._failure or error
        self._hand_over(None)

    def _hand_over(self, actor: _Actor | None) -> bool:
        """Do what is due until a thread is; False when it is the one that asks."""
        while self._agenda:
            self._time, _, due = heapq.heappop(self._agenda)
            if due is actor:
                return False
            if isinstance(due, _Actor):
                due.gate.release()
                return True
            try:
                due()
            except Exception as error:  # noqa: BLE001 - `run` raises it
                self._failure = self._failure or error
        self._over.release()
        return True
