"""Virtual time moves only when every thread waits, in one order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from virtual.clock import VirtualClock


def test_threads_wake_in_the_order_of_their_times_and_nothing_is_waited_for_really() -> None:
    clock = VirtualClock()
    seen: list[tuple[str, float]] = []

    def script(name: str, *waits: float) -> Callable[[], None]:
        def run() -> None:
            for wait in waits:
                clock.sleep(wait)
                seen.append((name, clock.now()))

        return run

    clock.run([script("a", 5000, 5000), script("b", 3000, 4000), script("c", 7000)])
    assert seen == [("b", 3000), ("a", 5000), ("c", 7000), ("b", 7000), ("a", 10000)]


def test_time_stands_still_while_a_thread_works() -> None:
    clock = VirtualClock()
    at_work, seen = threading.Event(), []

    def busy() -> None:
        clock.sleep(1)
        at_work.set()
        time.sleep(0.05)  # real work, during which the other is due in virtual time soon
        seen.append(("busy", clock.now()))

    def other() -> None:
        clock.sleep(1.001)
        seen.append(("other", clock.now()))

    clock.run([busy, other])
    assert at_work.is_set()
    assert seen == [("busy", 1), ("other", 1.001)]


def test_what_is_asked_for_is_done_between_the_threads_and_after_them() -> None:
    clock = VirtualClock()
    seen: list[float] = []
    clock.at(2, lambda: seen.append(clock.now()))
    clock.at(600, lambda: seen.append(clock.now()))
    clock.run([lambda: (clock.sleep(1), seen.append(clock.now()), clock.sleep(2), seen.append(clock.now()))])  # type: ignore[func-returns-value]
    assert seen == [1, 2, 3, 600]


def test_a_thread_that_fails_ends_the_others_and_its_error_is_raised() -> None:
    clock = VirtualClock()
    ended: list[str] = []

    def fails() -> None:
        clock.sleep(1)
        raise ValueError("no")

    def waits() -> None:
        try:
            clock.sleep(2)
            ended.append("slept on")
        finally:
            ended.append("cleaned up")

    with pytest.raises(ValueError, match="no"):
        clock.run([fails, waits])
    assert ended == ["cleaned up"]


def test_code_that_runs_alone_needs_no_thread() -> None:
    clock, seen = VirtualClock(1000.0), []
    clock.at(1002, lambda: seen.append(clock.now()))
    clock.at(1004, lambda: seen.append(clock.now()))
    clock.sleep(3)
    assert (seen, clock.now()) == ([1002], 1003)
    clock.sleep(0)
    clock.sleep(1)
    assert (seen, clock.now()) == ([1002, 1004], 1004)
