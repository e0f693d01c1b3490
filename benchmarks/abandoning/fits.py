"""A model on a dataset: its fits and their scores, by scikit-learn's own scorers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold

from benchmarks.abandoning.datasets import Array, Dataset
from benchmarks.abandoning.search_spaces import CLASSIFIERS, REGRESSORS

DIGITS = 9
"""Significant digits of a score: what is beyond depends on the machine."""


@dataclass(frozen=True)
class Pair:
    """A model on a dataset, scored by a scikit-learn scorer."""

    dataset: str
    model: str
    metric: str
    candidates: int = 110

    @property
    def name(self) -> str:
        """What its results are called."""
        return f"{self.dataset}-{self.model}-{self.metric}"


class Fits:
    """Candidates of one pair, each given by its hyperparameters."""

    def __init__(self, pair: Pair, data: Dataset) -> None:
        """The pair's own dataset."""
        self.model = (CLASSIFIERS if data.classifies else REGRESSORS)[pair.model]
        self._pair, self._data = pair, data

    @property
    def unit(self) -> float:
        """1 for a score of which 1 is perfect; for a loss, what the best constant prediction loses on the holdout."""
        if not self._pair.metric.startswith("neg_"):
            return 1.0
        constant = DummyClassifier(strategy="prior") if self._data.classifies else DummyRegressor()
        constant.fit(self._data.features, self._data.target)
        return -self._score(constant, self._data.holdout_features, self._data.holdout_target)

    def folds(self, n_splits: int) -> list[tuple[Array, Array]]:
        """Row numbers to train on and to validate on, the same for all candidates; classes are dealt evenly."""
        splitter = (StratifiedKFold if self._data.classifies else KFold)(n_splits, shuffle=True, random_state=n_splits)
        return list(splitter.split(self._data.features, self._data.target))

    def in_fold(self, drawn: dict[str, Any], train: Array, validation: Array) -> float:
        """The candidate's score on the validation rows, trained on the others."""
        return self._score(self._fitted(drawn, train), self._data.features[validation], self._data.target[validation])

    def on_holdout(self, drawn: dict[str, Any]) -> float:
        """The candidate's score on rows that no fold has, trained on all others."""
        fitted = self._fitted(drawn, np.arange(len(self._data.target)))
        return self._score(fitted, self._data.holdout_features, self._data.holdout_target)

    def _fitted(self, drawn: dict[str, Any], rows: Array) -> Any:
        return self.model.build(**drawn).fit(self._data.features[rows], self._data.target[rows])

    def _score(self, fitted: Any, features: Array, target: Array) -> float:
        return float(f"{get_scorer(self._pair.metric)(fitted, features, target):.{DIGITS}g}")
