"""The estimators there are, what may be set on each, and where to search when the experiment does not say."""

from __future__ import annotations

from typing import Any

from pipeline.experiment.domains import Domain, Interval

DEFAULT = "hist_gradient_boosting"
ESTIMATORS = (DEFAULT, "random_forest", "linear")

_ONE_UP, _TWO_UP = Interval(1), Interval(2)
_POSITIVE, _NOT_NEGATIVE = Interval(0, low_open=True), Interval(0)
_SHARE = Interval(0, 1, low_open=True)
_YES_OR_NO = Domain(words=(True, False))
_CLASS_WEIGHT = {"class_weight": Domain(words=("balanced", None))}

_BOOSTING = {
    "learning_rate": Domain(real=_POSITIVE),
    "max_iter": Domain(whole=_ONE_UP),
    "max_leaf_nodes": Domain(whole=_TWO_UP, words=(None,)),
    "max_depth": Domain(whole=_ONE_UP, words=(None,)),
    "min_samples_leaf": Domain(whole=_ONE_UP),
    "l2_regularization": Domain(real=_NOT_NEGATIVE),
    "max_features": Domain(real=_SHARE),
    "max_bins": Domain(whole=Interval(2, 255)),
}
_FOREST = {
    "n_estimators": Domain(whole=_ONE_UP),
    "max_depth": Domain(whole=_ONE_UP, words=(None,)),
    "min_samples_split": Domain(whole=_TWO_UP, real=_SHARE),
    "min_samples_leaf": Domain(whole=_ONE_UP, real=Interval(0, 1, low_open=True, high_open=True)),
    "max_features": Domain(whole=_ONE_UP, real=_SHARE, words=("sqrt", "log2", None)),
    "max_leaf_nodes": Domain(whole=_TWO_UP, words=(None,)),
    "min_impurity_decrease": Domain(real=_NOT_NEGATIVE),
    "bootstrap": _YES_OR_NO,
    "ccp_alpha": Domain(real=_NOT_NEGATIVE),
    "max_samples": Domain(whole=_ONE_UP, real=_SHARE, words=(None,)),
}
_HYPERPARAMETERS: dict[tuple[str, str], dict[str, Domain]] = {
    (DEFAULT, "classification"): _BOOSTING | _CLASS_WEIGHT,
    (DEFAULT, "regression"): _BOOSTING,
    ("random_forest", "classification"): _FOREST
    | {
        "criterion": Domain(words=("gini", "entropy", "log_loss")),
        "class_weight": Domain(words=("balanced", "balanced_subsample", None)),
    },
    ("random_forest", "regression"): _FOREST
    | {"criterion": Domain(words=("squared_error", "absolute_error", "poisson"))},
    ("linear", "classification"): _CLASS_WEIGHT
    | {
        "C": Domain(real=_POSITIVE),
        "fit_intercept": _YES_OR_NO,
        "max_iter": Domain(whole=_ONE_UP),
        "tol": Domain(real=_POSITIVE),
        "solver": Domain(words=("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")),
    },
    ("linear", "regression"): {
        "alpha": Domain(real=_NOT_NEGATIVE),
        "fit_intercept": _YES_OR_NO,
        "max_iter": Domain(whole=_ONE_UP, words=(None,)),
        "tol": Domain(real=_NOT_NEGATIVE),
        "solver": Domain(words=("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga")),
    },
}


def hyperparameters(estimator: str, problem: str) -> dict[str, Domain]:
    """Return the hyperparameters that an estimator has for a problem, and what each takes."""
    return _HYPERPARAMETERS[estimator, problem]


def default_search_space(estimator: str, problem: str) -> dict[str, Any]:
    """Return the built-in search space, in the form of experiment.yaml's `search.hyperparameters`."""
    if estimator == "linear":
        name = "C" if problem == "classification" else "alpha"
        return {name: {"min": 0.0001, "max": 1000.0, "scaling": "Logarithmic"}}
    if estimator == "random_forest":
        return {
            "n_estimators": {"min": 50, "max": 400},
            "max_depth": {"min": 3, "max": 24},
            "min_samples_leaf": {"min": 1, "max": 20, "scaling": "Logarithmic"},
            "max_features": {"min": 0.1, "max": 1.0},
        }
    return {
        "learning_rate": {"min": 0.01, "max": 0.5, "scaling": "Logarithmic"},
        "max_iter": {"min": 50, "max": 300},
        "max_leaf_nodes": {"min": 7, "max": 63, "scaling": "Logarithmic"},
        "min_samples_leaf": {"min": 5, "max": 50, "scaling": "Logarithmic"},
        "l2_regularization": {"min": 0.001, "max": 10.0, "scaling": "Logarithmic"},
    }
