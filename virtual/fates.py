"""What becomes of a fold job once it is created, unless it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from virtual.assumptions import Start
from warmfold_run.records import FoldResult


@dataclass(frozen=True)
class Fate:
    """How long a job trains, what it scores and how it ends.

    `seconds` count from when its script runs, or from its creation when there is no instance for it. `result` is what
    it writes as its score when they are over, None for no score. `start` and `tail` None are what the account assumes.
    """

    seconds: float = 60.0
    result: FoldResult | None = None
    status: str = "Completed"
    secondary: str = ""
    reason: str = ""
    start: Start | None = None
    tail: float | None = None

    @property
    def has_instance(self) -> bool:
        """Whether there was an instance for it."""
        return not self.reason.startswith("CapacityError")


Fates = Callable[[str], Fate]
"""What becomes of a job, by its name."""


def failed(reason: str, seconds: float = 0.0) -> Fate:
    """A job that fails at once when its seconds are over."""
    return Fate(seconds, status="Failed", reason=reason, tail=0.0)
