"""The estimators there are, what may be set on each, and where to search when the experiment does not say."""

from __future__ import annotations

from typing import Any

DEFAULT = "hist_gradient_boosting"

_FOREST = frozenset(
    {
        "n_estimators",
        "max_depth",
        "min_samples_split",
        "min_samples_leaf",
        "max_features",
        "max_leaf_nodes",
        "min_impurity_decrease",
        "criterion",
        "bootstrap",
        "class_weight",
        "ccp_alpha",
        "max_samples",
    }
)
_BOOSTING = frozenset(
    {
        "learning_rate",
        "max_iter",
        "max_leaf_nodes",
        "max_depth",
        "min_samples_leaf",
        "l2_regularization",
        "max_features",
        "max_bins",
        "class_weight",
    }
)
_LINEAR = {
    "classification": frozenset({"C", "class_weight", "fit_intercept", "max_iter", "tol", "solver"}),
    "regression": frozenset({"alpha", "fit_intercept", "max_iter", "tol", "solver"}),
}
_REGRESSION_ONLY_LACKS = frozenset({"class_weight"})

ESTIMATORS = (DEFAULT, "random_forest", "linear")


def allowed_hyperparameters(estimator: str, problem: str) -> frozenset[str]:
    """Return the hyperparameters that an estimator has for a problem."""
    if estimator == "linear":
        return _LINEAR[problem]
    names = _BOOSTING if estimator == DEFAULT else _FOREST
    return names - _REGRESSION_ONLY_LACKS if problem == "regression" else names


def default_search_space(estimator: str, problem: str) -> dict[str, Any]:
    """Return the built-in search space, in the form of experiment.yaml's `search.hyperparameters`."""
    if estimator == "linear":
        name = "C" if problem == "classification" else "alpha"
        return {name: {"min": 0.0001, "max": 1000.0, "scaling": "Logarithmic"}}
    if estimator == "random_forest":
        return {
            "n_estimators": {"min": 50, "max": 400, "type": "integer"},
            "max_depth": {"min": 3, "max": 24, "type": "integer"},
            "min_samples_leaf": {"min": 1, "max": 20, "type": "integer", "scaling": "Logarithmic"},
            "max_features": {"min": 0.1, "max": 1.0},
        }
    return {
        "learning_rate": {"min": 0.01, "max": 0.5, "scaling": "Logarithmic"},
        "max_iter": {"min": 50, "max": 300, "type": "integer"},
        "max_leaf_nodes": {"min": 7, "max": 63, "type": "integer", "scaling": "Logarithmic"},
        "min_samples_leaf": {"min": 5, "max": 50, "type": "integer", "scaling": "Logarithmic"},
        "l2_regularization": {"min": 0.001, "max": 10.0, "scaling": "Logarithmic"},
    }
