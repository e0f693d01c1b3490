"""Which features the final model relies on, and what it makes of the most important ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.inspection import permutation_importance

from warmfold_catalogue.metrics import load_metric
from warmfold_data.cells import TEXT
from warmfold_jobs.data.table import Schema
from warmfold_jobs.training.outcomes import cut, deviation_of, digits
from warmfold_jobs.training.scoring import Answers
from warmfold_run.diagnostics import Dependence, Importance

TOGETHER = 0.8
"""The rank correlation from which features are shuffled together: each alone would look dispensable."""
MOST_ROWS = 1000
MOST_SHUFFLES = 5
MOST_TOLD = 50
MOST_NAMES = 20
"""Features of a group that are named."""
GRID = 20
_Array = np.ndarray[Any, Any]


class Shuffled(NamedTuple):
    """Features that were shuffled together, the score that was lost, and its deviation over the shuffles."""

    features: list[str]
    drop: float
    deviation: float

    def told(self) -> Importance:
        """As the file has it."""
        names = [cut(name) for name in self.features[:MOST_NAMES]]
        return {"features": names, "drop": digits(self.drop), "deviation": digits(self.deviation)}


def groups(features: pd.DataFrame) -> list[list[str]]:
    """The features, those together whose rank correlation (Spearman's, of texts by their codes) is high.

    Complete linkage: in a group every two are correlated.
    """
    ranks = pd.DataFrame({column: _ranked(features[column]) for column in features.columns})
    names = list(features.columns)
    if len(names) < 2:
        return [[name] for name in names]
    correlation = ranks.corr(method="pearson").abs().fillna(0.0).to_numpy(copy=True)
    np.fill_diagonal(correlation, 1.0)
    distance = squareform(np.clip(1 - correlation, 0, None), checks=False)
    found = hierarchy.fcluster(hierarchy.linkage(distance, "complete"), 1 - TOGETHER, criterion="distance")
    together: dict[int, list[str]] = {}
    for name, place in zip(names, found, strict=True):
        together.setdefault(int(place), []).append(name)
    return list(together.values())


def importance(
    model: Any,
    features: pd.DataFrame,
    labels: _Array,
    metric: str,
    together: Sequence[Sequence[str]],
    shuffles: int,
    seed: int,
) -> list[Shuffled]:
    """The score that the model loses when a group of features is shuffled, the most important first."""
    kind = _ClassifierByRow if hasattr(model, "classes_") else _RegressorByRow
    by_row = kind(model, features, together)
    rows = np.repeat(np.arange(len(features))[:, None], len(together), axis=1)
    with np.errstate(over="ignore"):  # its own deviation of large numbers, which is not asked for
        found = permutation_importance(
            by_row, rows, labels, scoring=load_metric(metric).scorer(), n_repeats=shuffles, random_state=seed
        )
    drops = np.asarray(found.importances)
    order = np.argsort(-found.importances_mean, kind="stable")
    return [
        Shuffled(list(together[place]), float(found.importances_mean[place]), deviation_of(drops[place]))
        for place in order
    ]


def dependence(model: Any, features: pd.DataFrame, feature: str, schema: Schema, answers: Answers) -> Dependence:
    """What the model predicts on average over the rows when one feature has a value in all of them.

    Of a classification, the probability of the positive class, or of the most frequent of several, which `answers`,
    the model's on these rows, tell.
    """
    column = features[feature]
    values = _grid(column, schema.readings[feature]["kind"])
    place, what = 0, schema.target
    if schema.classes is not None and answers.classes is not None and answers.probabilities is not None:
        binary = len(schema.classes) == 2
        place = list(answers.classes).index(1) if binary else int(np.argmax(answers.probabilities.mean(axis=0)))
        what = schema.classes[int(answers.classes[place])]
    predicted = []
    for value in values:
        everywhere = pd.Series([value] * len(features), index=features.index).astype(column.dtype)
        changed = features.assign(**{feature: everywhere})
        answer = model.predict(changed) if schema.classes is None else model.predict_proba(changed)[:, place]
        with np.errstate(over="ignore"):  # who asks leaves out what is not finite
            predicted.append(digits(np.mean(answer)))
    return {
        "feature": cut(feature),
        "values": [digits(value) if isinstance(value, float) else cut(value) for value in values],
        "predicted": predicted,
        "what": cut(what) if schema.classes is None else f"probability of {cut(what)}",
    }


def _grid(column: pd.Series[Any], kind: str) -> list[Any]:
    known = column.dropna()
    if kind == TEXT:
        return list(known.value_counts().index[:GRID])
    different = np.sort(known.unique())
    if len(different) > GRID:
        different = np.unique(known.quantile(np.linspace(0.02, 0.98, GRID), interpolation="nearest"))
    return [value if isinstance(value, np.datetime64) else float(value) for value in different]


def _ranked(column: pd.Series[Any]) -> pd.Series[Any]:
    values = column if column.dtype != object else pd.Series(pd.factorize(column, sort=True)[0], index=column.index)
    return values.rank()


class _ByRow(BaseEstimator):  # type: ignore[misc]
    """A fitted model on a table of row numbers, a column for each group of features that takes its values from there.

    So scikit-learn's shuffling of one column shuffles the features of a group together.
    """

    def __init__(self, model: Any, features: pd.DataFrame, together: Sequence[Sequence[str]]) -> None:
        self.model, self.features, self.together = model, features, together

    def fit(self, rows: Any, labels: Any) -> _ByRow:  # noqa: ARG002 - scikit-learn asks for it; the model is fitted
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: _Array) -> Any:
        return self.model.predict(self._table(rows))

    def _table(self, rows: _Array) -> pd.DataFrame:
        columns = {
            name: self.features[name].to_numpy()[rows[:, place]]
            for place, names in enumerate(self.together)
            for name in names
        }
        return pd.DataFrame(columns)[list(self.features.columns)]


class _RegressorByRow(RegressorMixin, _ByRow):  # type: ignore[misc]
    pass


class _ClassifierByRow(ClassifierMixin, _ByRow):  # type: ignore[misc]
    def __init__(self, model: Any, features: pd.DataFrame, together: Sequence[Sequence[str]]) -> None:
        super().__init__(model, features, together)
        self.classes_ = model.classes_

    def predict_proba(self, rows: _Array) -> Any:
        return self.model.predict_proba(self._table(rows))
