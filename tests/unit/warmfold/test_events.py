"""Delivery of events: to each target apart from the others, and again after a failure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.waiting import until
from warmfold.cloud.events import THREADS, Deliver, EventBus

FUNCTION = {"Arn": "arn:aws:lambda:r:1:function:f"}
MACHINE = {"Arn": "arn:aws:states:r:1:stateMachine:m"}


@pytest.fixture
def bus_of() -> Iterator[Callable[..., EventBus]]:
    """Makes a bus that the test's end shuts down."""
    made = []

    def make(*, pauses: tuple[float, ...] = (0, 0), **deliver: Deliver) -> EventBus:
        made.append(EventBus("1", "r", targets=lambda _: [], deliver=deliver, pauses=pauses))
        return made[-1]

    yield make
    for bus in made:
        bus.shutdown()


def test_functions_that_hang_hold_up_no_state_machine(bus_of: Callable[..., EventBus]) -> None:
    end, started = threading.Event(), threading.Event()
    bus = bus_of(**{"lambda": lambda *_: end.wait(), "states": lambda *_: started.set()})
    for _ in range(2 * THREADS):
        bus.deliver(FUNCTION, "{}")
    bus.deliver(MACHINE, "{}")
    assert started.wait(PATIENCE)
    end.set()


def test_a_target_that_fails_is_tried_again_and_then_given_up(
    bus_of: Callable[..., EventBus], caplog: pytest.LogCaptureFixture
) -> None:
    attempts = []

    def fail(_: Mapping[str, Any], text: str) -> None:
        attempts.append(text)
        raise ValueError("no cheese")

    bus_of(**{"lambda": fail}).deliver(FUNCTION, "the input")
    until(lambda: "attempt 3 of 3" in caplog.text)
    assert attempts == ["the input"] * 3


def test_a_shutdown_does_not_wait_for_the_pause(bus_of: Callable[..., EventBus]) -> None:
    attempts = []

    def fail(_: Mapping[str, Any], text: str) -> None:
        attempts.append(text)
        raise ValueError("no cheese")

    bus = bus_of(pauses=(60.0, 60.0), **{"lambda": fail})
    bus.deliver(FUNCTION, "{}")
    until(lambda: attempts)
    bus.shutdown()
    until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("lambda event")])
    assert len(attempts) == 1


def test_a_target_that_nothing_serves_is_logged(
    bus_of: Callable[..., EventBus], caplog: pytest.LogCaptureFixture
) -> None:
    bus_of().deliver({"Arn": "arn:aws:batch:r:1:job-queue/q"}, "{}")
    assert "the local cloud has no batch targets" in caplog.text
