"""Scores by the catalogue's metrics, and how far a holdout score can be trusted."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from warmfold_catalogue.metrics import Scorer, load_metric

RESAMPLES = 200
RESAMPLES_OF_MANY = 50
MANY_ROWS = 100_000


class ScoreError(ValueError):
    """A score can't be told; the text says which and why."""


def score(model: Any, features: pd.DataFrame, labels: np.ndarray[Any, Any], metric: str) -> float:
    """The model's score by a metric, greater when better; raises ScoreError when it is no finite number."""
    value = _value(load_metric(metric).scorer(), model, features, labels)
    if not math.isfinite(value):
        raise ScoreError(
            f"{metric} of {len(labels)} rows is {value}; it can't be told when a class is missing from them "
            "(`cross_validation: {strategy: stratified}` deals classes evenly) or numbers overflow. "
            "Choose another `metric` in experiment.yaml, or add rows."
        )
    return value


def standard_error(
    model: Any, features: pd.DataFrame, labels: np.ndarray[Any, Any], metric: str, seed: int
) -> float | None:
    """The standard error of the score: the standard deviation over bootstrap resamples of the rows.

    None when fewer than half of the resamples have a score. Source: Efron & Tibshirani, An Introduction to the
    Bootstrap, chapter 6.
    """
    answers, scorer = _Answers(model, features), load_metric(metric).scorer()
    generator = np.random.default_rng(seed)
    wanted = RESAMPLES if len(labels) <= MANY_ROWS else RESAMPLES_OF_MANY
    values = []
    for _ in range(wanted):
        rows = generator.integers(len(labels), size=len(labels))
        if answers.classes is not None and len(np.unique(labels[rows])) < len(np.unique(labels)):
            continue
        value = _value(scorer, answers.estimator, rows.reshape(-1, 1), labels[rows])
        if math.isfinite(value):
            values.append(value)
    return float(np.std(values, ddof=1)) if len(values) >= wanted / 2 else None


def _value(scorer: Scorer, model: Any, features: Any, labels: np.ndarray[Any, Any]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an undefined metric warns and is NaN, which is checked
        return float(scorer(model, features, labels))


class _Answers:
    """What a model answers on a table, asked once; `estimator` answers for rows given by number."""

    def __init__(self, model: Any, features: pd.DataFrame) -> None:
        self.classes = getattr(model, "classes_", None)
        kind = _Regressor if self.classes is None else _Classifier
        self.estimator = kind()
        self.estimator.predicted = model.predict(features)
        if self.classes is not None:
            self.estimator.classes_ = self.classes
            self.estimator.probabilities = model.predict_proba(features)


class _Regressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    predicted: np.ndarray[Any, Any]

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        chosen: np.ndarray[Any, Any] = self.predicted[rows[:, 0]]
        return chosen


class _Classifier(ClassifierMixin, _Regressor):  # type: ignore[misc]
    probabilities: np.ndarray[Any, Any]
    classes_: np.ndarray[Any, Any]

    def predict_proba(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        chosen: np.ndarray[Any, Any] = self.probabilities[rows[:, 0]]
        return chosen
