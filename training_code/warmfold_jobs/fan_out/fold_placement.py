"""Which folds a candidate trains itself and which run as jobs, decided by what earlier candidates measured.

A decision apart from whoever carries it out: nothing here calls anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from warmfold_run.records import LeaderboardEntry

SHORTEST_WARM_START = 3.0
"""Seconds below which no warm start was seen on SageMaker; assumed until one is measured, so that one is measured
unless the folds are so short that no warm start could pay."""
COLD_START = 180.0
"""Seconds of a cold start until one is measured."""
MARGIN = 1.03
"""What is no slower than this share over the fastest is as good, and the cheapest of those is taken: fewest jobs."""
SINGLE_THREADED = 1.3
"""CPU seconds per second up to which a fit is taken for single-threaded, so that folds side by side don't slow it."""


@dataclass(frozen=True)
class Measured:
    """What earlier candidates tell of the next one's folds; seconds, None where nothing is known yet.

    `slowest` is the slowest fold of a candidate over its mean fold, `pools` the warm pools that should be free.
    """

    fold_seconds: float | None = None
    cpu_seconds: float = 0.0
    slowest: float = 1.2
    warm_start: float | None = None
    cold_start: float | None = None
    pools: int = 0
    job: str | None = None

    @classmethod
    def of(cls, candidates: Sequence[LeaderboardEntry]) -> Measured:
        """From the leaderboard's entries of some recent candidates."""
        if not candidates:
            return cls()
        seconds = [entry["fold_seconds"] for entry in candidates]
        warm = [start for entry in candidates for start in entry["start_seconds"]]
        cold = [start for entry in candidates for start in entry["cold_seconds"]]
        return cls(
            fold_seconds=fmean(one for some in seconds for one in some),
            cpu_seconds=fmean(one for entry in candidates for one in entry["cpu_seconds"]),
            slowest=fmean(max(some) / max(fmean(some), 1e-9) for some in seconds),
            warm_start=median(warm) if warm else None,
            cold_start=median(cold) if cold else None,
            pools=max(entry["jobs"] for entry in candidates),
            job=next((entry["job"] for entry in candidates if entry["job"]), None),
        )

    def start(self, jobs: int) -> float:
        """How long the slowest of so many jobs takes to start."""
        if jobs > self.pools:
            return COLD_START if self.cold_start is None else self.cold_start
        return SHORTEST_WARM_START if self.warm_start is None else self.warm_start

    def seconds_as_jobs(self, jobs: int, fold_seconds: float) -> float:
        """How long so many folds take as jobs, all at once."""
        return self.start(jobs) + fold_seconds * self.slowest if jobs else 0.0


@dataclass(frozen=True)
class Choice:
    """How many folds are trained here, how many of them at a time, and why."""

    here: int
    at_a_time: int
    reason: str


def side_by_side(lanes: int, fold_seconds: float, cpu_seconds: float) -> int:
    """How many folds to train here at a time: as many as there are lanes, unless a fit uses all the cores itself."""
    return lanes if cpu_seconds <= SINGLE_THREADED * fold_seconds else 1


def choose(folds: int, lanes: int, measured: Measured, fold_seconds: float, least: int = 1) -> Choice:
    """How to spread so many folds, of which `least` are trained here anyway, so that they are over soonest.

    `lanes` is how many can be trained here at a time; one that takes `fold_seconds` alone takes as long among others
    when it is single-threaded.
    """
    at_a_time = side_by_side(lanes, fold_seconds, measured.cpu_seconds)

    def seconds_here(here: int) -> float:
        return math.ceil(here / at_a_time) * fold_seconds

    def seconds(here: int) -> float:
        return max(seconds_here(here), measured.seconds_as_jobs(folds - here, fold_seconds))

    fastest = min(seconds(here) for here in range(least, folds + 1))
    here = max(here for here in range(least, folds + 1) if seconds(here) <= MARGIN * fastest)
    jobs = folds - here
    told = f"a fold takes about {fold_seconds:.3g} s and {at_a_time} at a time can be trained here"
    if jobs:
        start = measured.start(jobs)
        reason = f"{told}: {here} here in {seconds_here(here):.3g} s, {jobs} as jobs that start in {start:.3g} s"
    else:
        other = measured.seconds_as_jobs(folds - least, fold_seconds) if folds > least else math.inf
        reason = f"{told}: all {folds} here in {seconds_here(here):.3g} s, against {other:.3g} s with jobs"
    return Choice(here, at_a_time, reason)
