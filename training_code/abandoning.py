"""When a candidate is given up because it can't win, and what it reports then. Scores: higher is better.

A decision apart from whoever carries it out: nothing here calls anything.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from statistics import fmean

FEWEST_FOLDS = 2
"""Finished folds without which nothing is decided."""
MEASURED_SPLITS = (3, 5, 10)
"""Numbers of folds with which the rule keeps its promises: the same winner in 98% of the replays, at most 0.05 points
lost on the holdout in the mean. In 1350 replays with each number, of 27 real score matrices (benchmarks/abandoning),
the winner was the same in 99.3%, 99.7% and 99.1%, and lost -0.006, +0.003 and +0.002 points."""


def can_abandon(n_splits: int) -> bool:
    """Whether candidates may be given up with so many folds: as many as were measured, or a number between."""
    return min(MEASURED_SPLITS) <= n_splits <= max(MEASURED_SPLITS)


def estimate(scores: Mapping[int, float], incumbent: Sequence[float]) -> float | None:
    """What a candidate reports that is given up now, or None: it goes on.

    `scores` are those of its finished folds by number, `incumbent` all the fold scores of the best complete candidate.
    It is given up after two or more folds, before the last, when their mean is no better than the incumbent's worst
    fold and most of them are worse than the incumbent's. It reports the incumbent's mean plus its own mean difference
    from it over the finished folds, and always less than the incumbent's mean. Nothing is concluded from numbers that
    are not finite, or whose sum is not.
    """
    if not FEWEST_FOLDS <= len(scores) < len(incumbent):
        return None
    if not all(map(math.isfinite, (*scores.values(), *incumbent))):
        return None
    worse = sum(score < incumbent[fold] for fold, score in scores.items())
    try:
        if fmean(scores.values()) > min(incumbent) or 2 * worse <= len(scores):
            return None
        best = fmean(incumbent)
        guess = best + fmean(score - incumbent[fold] for fold, score in scores.items())
    except OverflowError:
        return None
    reported = min(guess, math.nextafter(best, -math.inf))
    return reported if math.isfinite(reported) else None


def leaderboard_key(mean: float) -> str:
    """16 hex digits that sort better means first, equal for equal means; ValueError for no finite number."""
    if not math.isfinite(mean):
        raise ValueError(f"a mean score of {mean} has no place on the leaderboard; it must be a finite number")
    (bits,) = struct.unpack(">Q", struct.pack(">d", mean + 0.0))  # -0.0 + 0.0 is 0.0
    sign, every = 1 << 63, (1 << 64) - 1
    return f"{bits if bits & sign else every ^ sign ^ bits:016x}"
