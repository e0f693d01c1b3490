"""The estimators that an experiment can name."""

from __future__ import annotations

from warmfold_catalogue.entries import load
from warmfold_catalogue.estimators._base import Estimator, ModelSettings, Preprocessing

__all__ = [
    "DEFAULT_ESTIMATOR",
    "ESTIMATORS",
    "Estimator",
    "ModelSettings",
    "Preprocessing",
    "fitting_estimators",
    "load_estimator",
]

ESTIMATORS = {
    "hist_gradient_boosting": "warmfold_catalogue.estimators.hist_gradient_boosting:HistGradientBoosting",
    "random_forest": "warmfold_catalogue.estimators.random_forest:RandomForest",
    "linear": "warmfold_catalogue.estimators.linear:Linear",
}
"""Each estimator's class, "module:attribute", by the name that experiment.yaml calls it."""
DEFAULT_ESTIMATOR = "hist_gradient_boosting"


def load_estimator(name: str) -> Estimator:
    """Return the estimator of this name; raises UnknownNameError."""
    estimator: Estimator = load("estimator", ESTIMATORS, name)
    return estimator


def fitting_estimators(problem: str) -> list[str]:
    """Return the names of the estimators that are for a problem."""
    return [name for name in ESTIMATORS if problem in load_estimator(name).problems]
