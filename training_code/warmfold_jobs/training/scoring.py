"""Scores by the catalogue's metrics, of a model and of what it answered once."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from warmfold_catalogue.metrics import Scorer, load_metric


class ScoreError(ValueError):
    """A score can't be told; the text says which and why."""


def absent_class(classes: Sequence[str] | None, labels: np.ndarray[Any, Any], metric: str) -> str | None:
    """The class that no row is of, without which the metric can't be told; None where it can."""
    if classes is None or not load_metric(metric).needs_every_class:
        return None
    absent = np.setdiff1d(np.arange(len(classes)), labels)
    return classes[int(absent[0])] if len(absent) else None


def score(model: Any, features: pd.DataFrame, labels: np.ndarray[Any, Any], metric: str) -> float:
    """The model's score by a metric, greater when better; raises ScoreError when it is no finite number."""
    return _finite(_value(load_metric(metric).scorer(), model, features, labels), labels, metric)


class Answers:
    """What a model answers on a table, asked once; rows are then given by number.

    `predicted` is by row, `probabilities` by row and class of `classes`; the latter two are None for regression.
    """

    def __init__(self, model: Any, features: pd.DataFrame) -> None:
        self.classes: np.ndarray[Any, Any] | None = getattr(model, "classes_", None)
        self.predicted: np.ndarray[Any, Any] = np.asarray(model.predict(features))
        self.probabilities: np.ndarray[Any, Any] | None = None
        self._are_finite = self.classes is not None or bool(np.isfinite(self.predicted).all())
        self._stand_in = _Regressor() if self.classes is None else _Classifier()
        self._stand_in.predicted = self.predicted
        if isinstance(self._stand_in, _Classifier):
            self.probabilities = np.asarray(model.predict_proba(features))
            self._stand_in.classes_ = self.classes
            self._stand_in.probabilities = self.probabilities

    @property
    def are_alike(self) -> bool:
        """Whether every row has the same answer."""
        told = [self.predicted] if self.probabilities is None else [self.predicted, self.probabilities]
        return all(bool((one == one[:1]).all()) for one in told)

    def score(self, labels: np.ndarray[Any, Any], metric: str) -> float:
        """The score of all the rows; raises ScoreError when it is no finite number."""
        return _finite(self.value(load_metric(metric).scorer(), np.arange(len(labels)), labels), labels, metric)

    def value(self, scorer: Scorer, rows: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> float:
        """The score of some rows with their labels, NaN where it can't be told."""
        if not self._are_finite:
            return math.nan
        return _value(scorer, self._stand_in, rows.reshape(-1, 1), labels)


def _finite(value: float, labels: np.ndarray[Any, Any], metric: str) -> float:
    if not math.isfinite(value):
        raise ScoreError(
            f"{metric} of {len(labels)} rows is {value}; it can't be told when a class is missing from them "
            "(`cross_validation: {strategy: stratified}` deals classes evenly) or numbers overflow. "
            "Choose another `metric` in experiment.yaml, or add rows."
        )
    return value


def _value(scorer: Scorer, model: Any, features: Any, labels: np.ndarray[Any, Any]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an undefined metric warns and is NaN, which is checked
        return float(scorer(model, features, labels))


class _Regressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    predicted: np.ndarray[Any, Any]

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        chosen: np.ndarray[Any, Any] = self.predicted[rows[:, 0]]
        return chosen


class _Classifier(ClassifierMixin, _Regressor):  # type: ignore[misc]
    probabilities: np.ndarray[Any, Any]
    classes_: np.ndarray[Any, Any] | None

    def predict_proba(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        chosen: np.ndarray[Any, Any] = self.probabilities[rows[:, 0]]
        return chosen
