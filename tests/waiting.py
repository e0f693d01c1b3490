"""Waiting for what another thread or process brings about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tests.patience import PATIENCE

Found = TypeVar("Found")


def until(condition: Callable[[], Found]) -> Found:
    """Wait until a condition gives something true, and give it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"it did not come about in {PATIENCE:.0f} s")


def given_time(attempt: Callable[[int], Found]) -> Found:
    """What an attempt gives that has so many seconds for something: the first that is true, of ever more seconds.

    For what must come before a limit in whole seconds that is itself under test; a busy machine needs a later attempt.
    """
    for seconds in (1, 5, 25, 125):
        if found := attempt(seconds):
            return found
    raise AssertionError("it did not come about within its limit, however late that was")
