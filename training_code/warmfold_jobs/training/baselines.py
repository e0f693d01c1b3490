"""What the final model is held against: a model that looks at no feature, and the default hyperparameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor

from warmfold_catalogue.metrics import Metric, load_metric
from warmfold_jobs.data.table import Schema
from warmfold_jobs.training import intervals
from warmfold_jobs.training.fit import fitted
from warmfold_jobs.training.gains import amount, gained, turned
from warmfold_jobs.training.scoring import Answers, ScoreError
from warmfold_run.encoding import tuned
from warmfold_run.experiment import CLASSIFICATION
from warmfold_run.plan import Plan
from warmfold_run.records import Baseline

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FITS_OF_TIME = 2.0
"""The default hyperparameters are fitted where the job has time left for so many fits like the tuned ones'."""
_Array = np.ndarray[Any, Any]


class Words(NamedTuple):
    """How sentences call a comparison."""

    what: str
    """What gains."""
    no_gain: str
    other: str


OVER_DUMMY = Words("The model", "The model learned nothing that the holdout shows", "a model that looks at no feature")
OVER_DEFAULTS = Words("Tuning", "Tuning did not help here", "a model with the default hyperparameters")


class Rival(NamedTuple):
    """A model beside the final one: what it is, what it answers on the holdout, or a note on what it is or why not."""

    model: str
    words: Words
    answers: Answers | None
    note: str | None = None


def dummy(metric: str, problem: str, features: pd.DataFrame, labels: _Array) -> tuple[Any, str]:
    """A fitted model that looks at no feature, and what it predicts, in words."""
    if problem == CLASSIFICATION:
        return DummyClassifier(strategy="prior").fit(features, labels), "predicts how frequent each class is"
    strategy = load_metric(metric).constant
    return DummyRegressor(strategy=strategy).fit(features, labels), f"predicts the target's {strategy}"


def with_defaults(plan: Plan, schema: Schema, features: pd.DataFrame, labels: _Array) -> Pipeline:
    """The experiment's estimator with its default hyperparameters and the experiment's static ones, fitted."""
    return fitted(plan, schema, {}, features, labels)[0]


def held_against(
    plan: Plan,
    schema: Schema,
    given: dict[str, str],
    train: tuple[pd.DataFrame, _Array],
    holdout: tuple[pd.DataFrame, Answers],
    *,
    fit_seconds: float,
    seconds_left: float,
) -> tuple[Rival, Rival]:
    """The dummy and the default hyperparameters, fitted on the training rows, asked about the holdout's.

    `fit_seconds` is what the final model's fit took, `seconds_left` what the job has. `holdout` has what the final
    model answers too: where no hyperparameter was tuned, the defaults are that model.
    """
    metric, features = plan["experiment"]["metric"], holdout[0]
    constant, predicts = dummy(metric, schema.problem, *train)
    first = Rival(f"{type(constant).__name__}, which {predicts}", OVER_DUMMY, Answers(constant, features))
    name = f"{plan['experiment']['estimator']} with the default hyperparameters"
    if not tuned(plan["experiment"]["search"]["hyperparameters"], given):
        return first, Rival(name, OVER_DEFAULTS, holdout[1], "the default hyperparameters were the best candidate")
    if FITS_OF_TIME * fit_seconds > seconds_left:
        why = (
            f"they were not fitted, because a fit takes {fit_seconds / 60:.0f} minutes and the job has "
            f"{max(0.0, seconds_left) / 60:.0f} left; `compute.max_fold_seconds` gives it more"
        )
        return first, Rival(name, OVER_DEFAULTS, None, why)
    return first, Rival(name, OVER_DEFAULTS, Answers(with_defaults(plan, schema, *train), features))


def compared(
    final: Answers, others: Sequence[Rival], labels: _Array, metric: str, seed: int
) -> tuple[intervals.Interval, float | None, list[Baseline]]:
    """The final model's interval and standard error, and each other model with the gain over it.

    Raises ScoreError where the final model's own score can't be told.
    """
    score = final.score(labels, metric)
    asked = [rival.answers for rival in others if rival.answers is not None]
    resamples = intervals.resampled([final, *asked], labels, metric, seed)
    interval = intervals.of_score(score, resamples[0], final, labels, metric)
    waiting = iter(resamples[1:])
    found = []
    for rival in others:
        scores = next(waiting) if rival.answers is not None else None
        found.append(_baseline(rival, score, resamples[0], scores, labels, metric))
    return interval, intervals.standard_error(resamples[0]), found


def untold(others: Sequence[Rival], why: str) -> list[Baseline]:
    """The other models where no score can be told."""
    return [_without(rival, why) for rival in others]


def _baseline(
    rival: Rival, final_score: float, final_scores: _Array, scores: _Array | None, labels: _Array, metric: str
) -> Baseline:
    if rival.answers is None or scores is None:
        return _without(rival, rival.note or "it was not fitted")
    try:
        score = rival.answers.score(labels, metric)
    except ScoreError as error:
        return _without(rival, str(error))
    gain = final_score - score
    difference = intervals.of_difference(final_scores, scores, len(labels))
    return {
        "model": rival.model,
        "score": score,
        "interval": intervals.of_score(score, scores, rival.answers, labels, metric).ends,
        "gain": gain,
        "gain_interval": difference.ends,
        "said": _said(rival, gain, difference, load_metric(metric)),
    }


def _without(rival: Rival, why: str) -> Baseline:
    said = f"Whether the model is better than {rival.words.other} can't be told: {why}"
    return {"model": rival.model, "score": None, "interval": None, "gain": None, "gain_interval": None, "said": said}


def _said(rival: Rival, gain: float, interval: intervals.Interval, metric: Metric) -> str:
    what, no_gain, other = rival.words
    if rival.note:
        return f"{no_gain}: {rival.note}"
    low, high = interval.low, interval.high
    if low is None or high is None:
        return f"{what}: {gained(metric, gain, interval)}, whether by chance can't be told: {interval.method}"
    if low == high == 0:
        return f"{no_gain}: {other} scores the same on the holdout"
    if low > 0 and metric.is_error:
        by, ends = amount(gain, interval)
        return f"{what} lowered the {metric.title} by {by}{ends}"
    if low > 0:
        return f"{what} gained {gained(metric, gain, interval)}"
    if high < 0:
        by, ends = amount(-gain, turned(interval))
        return f"{no_gain}: {other} is better by {by} {metric.title}{ends}"
    return f"{no_gain}: {gained(metric, gain, interval)}, which may be chance, against {other}"
