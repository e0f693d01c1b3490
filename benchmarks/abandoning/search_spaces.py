"""The models behind the matrices, each with a search space as a user would give it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor


@dataclass(frozen=True)
class Between:
    """A range of numbers, evenly over their logarithms or themselves."""

    low: float
    high: float
    logarithmic: bool = True
    whole: bool = False

    def draw(self, generator: np.random.Generator) -> float | int:
        """One number of the range."""
        if self.logarithmic:
            value = float(np.exp(generator.uniform(np.log(self.low), np.log(self.high))))
        else:
            value = float(generator.uniform(self.low, self.high))
        return round(value) if self.whole else value


@dataclass(frozen=True)
class OneOf:
    """A list of values."""

    values: tuple[Any, ...]

    def draw(self, generator: np.random.Generator) -> Any:
        """One value of the list."""
        return self.values[int(generator.integers(len(self.values)))]


Space = Mapping[str, Between | OneOf]


@dataclass(frozen=True)
class Model:
    """How a model is built from hyperparameters, and where those are drawn from."""

    build: Callable[..., BaseEstimator]
    space: Space

    def draw(self, generator: np.random.Generator) -> dict[str, Any]:
        """The hyperparameters of one candidate."""
        return {name: entry.draw(generator) for name, entry in self.space.items()}


def _scaled(estimator: Callable[..., BaseEstimator], **settings: Any) -> Callable[..., BaseEstimator]:
    return lambda **drawn: make_pipeline(StandardScaler(), estimator(**settings, **drawn))


def _fixed(estimator: Callable[..., BaseEstimator], **settings: Any) -> Callable[..., BaseEstimator]:
    return lambda **drawn: estimator(**settings, **drawn)


def _polynomial_ridge(degree: int, **drawn: Any) -> BaseEstimator:
    return make_pipeline(StandardScaler(), PolynomialFeatures(degree, include_bias=False), Ridge(**drawn))


_BOOSTING: Space = {
    "learning_rate": Between(0.01, 0.5),
    "max_iter": Between(8, 40, whole=True),
    "max_leaf_nodes": Between(3, 31, whole=True),
    "min_samples_leaf": Between(3, 50, whole=True),
    "l2_regularization": Between(1e-6, 10.0),
}
_FOREST: Space = {
    "n_estimators": Between(5, 30, whole=True),
    "max_depth": Between(2, 20, logarithmic=False, whole=True),
    "min_samples_leaf": Between(1, 20, whole=True),
    "max_features": Between(0.1, 1.0, logarithmic=False),
}
_TREE: Space = {
    "max_depth": Between(2, 20, logarithmic=False, whole=True),
    "min_samples_leaf": Between(1, 50, whole=True),
    "ccp_alpha": Between(1e-5, 0.1),
}
_NEIGHBOURS: Space = {
    "n_neighbors": Between(1, 60, whole=True),
    "weights": OneOf(("uniform", "distance")),
    "p": OneOf((1, 2)),
}
_VECTORS: Space = {"C": Between(1e-2, 1e3), "gamma": Between(1e-4, 1.0)}

CLASSIFIERS: dict[str, Model] = {
    "boosting": Model(_fixed(HistGradientBoostingClassifier, random_state=0, early_stopping=False), _BOOSTING),
    "forest": Model(_fixed(RandomForestClassifier, random_state=0), _FOREST),
    "extra_trees": Model(_fixed(ExtraTreesClassifier, random_state=0), _FOREST),
    "tree": Model(_fixed(DecisionTreeClassifier, random_state=0), _TREE),
    "linear": Model(
        _scaled(LogisticRegression, max_iter=300),
        {"C": Between(1e-4, 1e2), "class_weight": OneOf((None, "balanced"))},
    ),
    "vectors": Model(_scaled(SVC), _VECTORS),
    "neighbours": Model(_scaled(KNeighborsClassifier), _NEIGHBOURS),
    "network": Model(
        _scaled(MLPClassifier, random_state=0, max_iter=12, batch_size=64),
        {
            "hidden_layer_sizes": Between(4, 48, whole=True),
            "alpha": Between(1e-6, 10.0),
            "learning_rate_init": Between(1e-3, 0.1),
        },
    ),
}
REGRESSORS: dict[str, Model] = {
    "boosting": Model(_fixed(HistGradientBoostingRegressor, random_state=0, early_stopping=False), _BOOSTING),
    "tree": Model(_fixed(DecisionTreeRegressor, random_state=0), {**_TREE, "ccp_alpha": Between(1e-3, 1e3)}),
    "linear": Model(_polynomial_ridge, {"alpha": Between(1e-3, 1e4), "degree": OneOf((1, 2))}),
    "vectors": Model(_scaled(SVR), {**_VECTORS, "epsilon": Between(1e-3, 10.0)}),
    "neighbours": Model(_scaled(KNeighborsRegressor), _NEIGHBOURS),
}
