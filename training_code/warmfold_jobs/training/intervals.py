"""How far a holdout score, or the difference of two, can be trusted: 95% intervals that are right at the bounds too.

Sources: Efron & Tibshirani, An Introduction to the Bootstrap, chapters 6 and 13; Hesterberg, What Teachers Should Know
About the Bootstrap (2014), section 4.3, for the expanded percentiles; Brown, Cai & DasGupta, Interval Estimation for a
Binomial Proportion (2001), for Wilson's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from warmfold_catalogue.metrics import Metric, load_metric
from warmfold_jobs.training.outcomes import deviation_of
from warmfold_jobs.training.scoring import Answers

LEVEL = 0.95
RESAMPLES = 400
RESAMPLES_OF_MANY = 200
MANY_ROWS = 20_000
FEW_SCORES = 0.5
"""The share of resamples that must have a score, or nothing is said."""
_Z = 1.959963984540054  # the normal quantile that leaves 2.5% above
_Array = np.ndarray[Any, Any]


class Interval(NamedTuple):
    """A 95% interval, and in words how it was found; neither end where none can be told."""

    low: float | None
    high: float | None
    method: str

    @property
    def ends(self) -> list[float] | None:
        """Both ends, as JSON has them."""
        return None if self.low is None or self.high is None else [self.low, self.high]


def resampled(answers: Sequence[Answers], labels: _Array, metric: str, seed: int) -> _Array:
    """The scores of each of some models (a row each) on the same bootstrap resamples of the rows; NaN where untold.

    Of a classification every class keeps its number of rows, so that none is missing from a resample, and one score is
    that of all resamples where a model answers every row alike.
    """
    generator, scorer = np.random.default_rng(seed), load_metric(metric).scorer()
    strata = [np.arange(len(labels))]
    if answers[0].classes is not None:
        strata = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    wanted = RESAMPLES if len(labels) <= MANY_ROWS else RESAMPLES_OF_MANY
    first = [next(place for place, other in enumerate(answers) if other is answer) for answer in answers]
    scores = np.empty((len(answers), wanted))
    alike = {place for place, answer in enumerate(answers) if answer.classes is not None and answer.are_alike}
    for place in alike:
        scores[place] = answers[place].value(scorer, np.arange(len(labels)), labels)
    asked = sorted(set(first) - alike)
    for resample in range(wanted):
        rows = np.concatenate([generator.choice(stratum, size=len(stratum)) for stratum in strata])
        for place in asked:
            scores[place, resample] = answers[place].value(scorer, rows, labels[rows])
    return scores[first]


def standard_error(scores: _Array) -> float | None:
    """The standard deviation over resamples; None when fewer than half of them have a score."""
    known = _known(scores)
    if known is None or not math.isfinite(deviation := deviation_of(known, ddof=1)):
        return None
    return deviation


def of_score(value: float, scores: _Array, answers: Answers, labels: _Array, metric: str) -> Interval:
    """The interval of a score, from its resamples; where it is a share of rows, Wilson's, for few rows and at 0 and 1.

    Resamples of a classification without a mistake are all alike and bound nothing: it then gets the lower end that
    Wilson's interval has for as many rows, all right, as the rarest class has.
    """
    entry = load_metric(metric)
    if (counted := _rows_counted(entry, answers, labels)) is not None:
        if counted == 0:
            predicted = "predicted to be " if entry.a_share_of == "predicted positives" else ""
            return Interval(None, None, f"no row is {predicted}positive")
        return Interval(*wilson(value, counted), f"Wilson's, for a share of {counted} rows")
    known = _known(scores)
    if known is None:
        return Interval(None, None, "fewer than half of the bootstrap resamples have a score")
    if np.ptp(known) > 0:
        low, high = _percentiles(known, len(labels))
        return Interval(min(low, value), max(high, value), f"bootstrap percentiles of {len(known)} resamples")
    if value == entry.best_possible == 1 and answers.classes is not None:
        rarest = int(np.unique(labels, return_counts=True)[1].min())
        return Interval(wilson(1.0, rarest)[0], 1.0, f"no mistake was seen: Wilson's for {rarest} of {rarest} rows")
    if value == entry.best_possible:
        return Interval(None, None, "every row is predicted exactly, which bounds no error")
    return Interval(value, value, "the score is the same in every resample")


def of_difference(first: _Array, second: _Array, rows: int) -> Interval:
    """The interval of the first model's score less the second's, from resamples that both were scored on."""
    known = _known(first - second)
    if known is None:
        return Interval(None, None, "fewer than half of the bootstrap resamples have both scores")
    return Interval(*_percentiles(known, rows), f"paired bootstrap percentiles of {len(known)} resamples")


def wilson(share: float, rows: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share of rows."""
    middle, square = share + _Z**2 / (2 * rows), 1 + _Z**2 / rows
    half = _Z * math.sqrt(share * (1 - share) / rows + _Z**2 / (4 * rows**2))
    low, high = (middle - half) / square, (middle + half) / square
    return 0.0 if share == 0 else low, 1.0 if share == 1 else high  # what rounding would miss


def _percentiles(scores: _Array, rows: int) -> tuple[float, float]:
    """The percentiles between which a score lies, moved out as Student's t is wider than the normal distribution."""
    tail = (1 - LEVEL) / 2
    wider = math.sqrt(rows / max(1, rows - 1)) * float(stats.t.ppf(tail, max(1, rows - 1)))
    moved = float(stats.norm.cdf(wider))
    low, high = np.quantile(scores, [moved, 1 - moved])
    return float(low), float(high)


def _known(scores: _Array) -> _Array | None:
    known: _Array = scores[np.isfinite(scores)]
    return known if len(known) >= FEW_SCORES * len(scores) else None


def _rows_counted(metric: Metric, answers: Answers, labels: _Array) -> int | None:
    """How many rows a score is a share of, or None where it is none."""
    if metric.a_share_of == "rows":
        return len(labels)
    if metric.a_share_of is None or answers.classes is None:
        return None
    of = labels if metric.a_share_of == "positives" else answers.predicted
    return int((of == 1).sum())
