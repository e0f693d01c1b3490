"""How long tests wait before they take something for a hang: docs/decisions/0008-tests-on-a-busy-machine.md."""

from __future__ import annotations

import time

REFERENCE_SECONDS = 0.1
"""What the work takes on the machine that the limits were chosen on, while nothing else runs there."""


def measured_slowness() -> float:
    """How many times as long as the reference machine this one needs for a fixed piece of work, now; at least 1."""
    started = time.perf_counter()
    sum(number * number % 7 for number in range(1_500_000))
    return max(1.0, (time.perf_counter() - started) / REFERENCE_SECONDS)


SLOWNESS = measured_slowness()
PATIENCE = 300 * SLOWNESS
"""Seconds for one thing to come about; every wait of a test has this limit or none."""
HANG = 1800 * SLOWNESS
"""Seconds for one test with its fixtures, which ends whatever waits without a limit."""
