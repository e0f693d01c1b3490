"""A gain in words: what the metric did, by how much, and how far that can be trusted."""

from __future__ import annotations

import math

from warmfold_catalogue.metrics import Metric
from warmfold_jobs.training.intervals import Interval

LONGEST = 1e15
"""Numbers from here on are written with an exponent."""


def gained(metric: Metric, gain: float, interval: Interval) -> str:
    """What a model has over another, as `+0.02 ROC AUC (0.01 to 0.03)`; an interval without ends is not told.

    Of an error it is said which way it went: `mean absolute error lower by 2.06 (1.60 to 2.55)`.
    """
    if not metric.is_error:
        by, ends = amount(gain, interval)
        return f"{'' if by.startswith('-') else '+'}{by} {metric.title}{ends}"
    if gain < 0:
        by, ends = amount(-gain, turned(interval))
        return f"{metric.title} higher by {by}{ends}"
    by, ends = amount(gain, interval)
    return f"{metric.title} lower by {by}{ends}"


def amount(gain: float, interval: Interval) -> tuple[str, str]:
    """A gain in as many digits as its interval tells, and the interval in brackets after a space, or nothing."""
    low, high = interval.low, interval.high
    if low is None or high is None:
        return f"{gain:.3g}", ""
    if max(abs(low), abs(high), abs(gain)) >= LONGEST:
        return f"{gain:.3g}", f" ({low:.3g} to {high:.3g})"
    digits = _decimals(low, high)
    return f"{gain:.{digits}f}", f" ({low:.{digits}f} to {high:.{digits}f})"


def turned(interval: Interval) -> Interval:
    """The interval of the same difference the other way round."""
    low, high = interval.low, interval.high
    return interval if low is None or high is None else Interval(-high, -low, interval.method)


def _decimals(low: float, high: float) -> int:
    """So many that the interval's width has two digits."""
    width = high - low or abs(high)
    return max(0, 1 - math.floor(math.log10(width))) if width else 0
