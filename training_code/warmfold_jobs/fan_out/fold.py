"""One fold of a candidate on its way to a score, and what the candidate reports of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Fold:
    """One fold's way to its score; `attempt` counts its jobs from 0, `failures` what was its own fault."""

    number: int
    here: bool = False
    running: bool = False
    attempt: int = 0
    failures: int = 0
    began_at: float = 0.0
    looked_at: float = 0.0
    created: bool = False
    ended: bool = False
    start_seconds: float | None = None
    score: dict[str, Any] | None = None

    @property
    def waits(self) -> bool:
        """Whether it is still to be begun."""
        return self.score is None and not self.running

    @property
    def runs_here(self) -> bool:
        """Whether it is being trained in the candidate."""
        return self.score is None and self.running and self.here

    @property
    def owes(self) -> bool:
        """Whether its job was created and owes a score."""
        return self.score is None and self.running and not self.here

    @property
    def is_job(self) -> bool:
        """Whether a job is or was what trains it."""
        return self.created and not self.here


@dataclass(frozen=True)
class Outcome:
    """What a candidate reports; `validation_score` of one that was given up is an estimate."""

    train_score: float
    validation_score: float
    abandoned: bool
