"""Every number that the engine assumes. Seconds, instance-seconds, calls per second; kept once, here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Start:
    """How long an instance takes until a script runs on it, and how much of that is billed."""

    seconds: float
    billed: float


@dataclass(frozen=True)
class Rate:
    """So many calls per second in the long run, and so many at once."""

    per_second: float
    burst: float


@dataclass(frozen=True)
class Assumptions:
    """What SageMaker is taken to do."""

    cold: Start = Start(180.0, 60.0)
    warm: Start = Start(10.0, 5.0)
    tail: float = 8.0
    """Uploading at the end of every job."""
    gap: float = 15.0
    """Between a candidate's end and the start of the next one in its place."""
    creates: Rate = Rate(2.0, 4.0)
    lists: Rate = Rate(2.0, 2.0)
    describes: Rate = Rate(10.0, 10.0)
    """Stops have a limit of their own that is the same."""
    stop_seconds: float = 5.0
    """How long a stopped fold trains on. SageMaker's containers do not hand SIGTERM to the script, so it would be 120;
    but training.py looks every 5 s whether its candidate was given up."""


VARIATION = 0.2
"""Standard deviation of a fold's seconds over their mean; lognormal."""
CANDIDATES = 120

RECIPE_CREATE_PAUSE = 5.0
RECIPE_LOOK_PAUSE = 30.0
RECIPE_KEEP_ALIVE = 600
