"""What SageMaker is taken to do: starts, limits, what is billed. Seconds, instance-seconds, calls per second."""

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
    """What SageMaker is taken to do; the defaults are those of every benchmark."""

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


@dataclass
class Quota:
    """Instances that there may be: at work or retained, and retained."""

    instances: float = float("inf")
    pools: float = float("inf")


@dataclass
class Bill:
    """Instance-seconds."""

    candidates: float = 0.0
    folds: float = 0.0
    retained: float = 0.0

    @property
    def total(self) -> float:
        """All of them."""
        return self.candidates + self.folds + self.retained
