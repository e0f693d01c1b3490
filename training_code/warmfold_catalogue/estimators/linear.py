"""A weighted sum of the features: scikit-learn's LogisticRegression, penalty `1/C`, and Ridge, penalty `alpha`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from warmfold_catalogue.domains import AT_LEAST_1, CLASS_WEIGHT, NOT_NEGATIVE, POSITIVE, YES_OR_NO, Domain
from warmfold_catalogue.estimators._base import Estimator, ModelSettings, Preprocessing

_MAX_ITERATIONS = 1000
_DENSE_SOLVERS = {
    "classification": ("newton-cholesky",),
    "regression": ("svd", "cholesky", "lsqr", "saga"),
}
"""Solvers that refuse a sparse table, or would fill it."""


class Linear(Estimator):
    name = "linear"
    summary = "A weighted sum of scaled features: logistic regression for classes, ridge regression for numbers."
    problems = ("classification", "regression")
    preprocessing = Preprocessing(scale=True)

    def hyperparameters(self, problem: str) -> dict[str, Domain]:
        if problem == "regression":
            return {
                "alpha": Domain(real=NOT_NEGATIVE),
                "fit_intercept": YES_OR_NO,
                "max_iter": Domain(whole=AT_LEAST_1, words=(None,)),
                "tol": Domain(real=NOT_NEGATIVE),
                "solver": Domain(words=("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga")),
            }
        return {
            "class_weight": CLASS_WEIGHT,
            "C": Domain(real=POSITIVE),
            "fit_intercept": YES_OR_NO,
            "max_iter": Domain(whole=AT_LEAST_1),
            "tol": Domain(real=POSITIVE),
            "solver": Domain(words=("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")),
        }

    def default_search_space(self, problem: str) -> dict[str, Any]:
        penalty = "C" if problem == "classification" else "alpha"
        return {penalty: {"min": 0.0001, "max": 1000.0, "scaling": "Logarithmic"}}

    def takes_sparse(self, problem: str, hyperparameters: Mapping[str, Any]) -> bool:
        return hyperparameters.get("solver") not in _DENSE_SOLVERS[problem]

    def build(self, settings: ModelSettings) -> Any:
        from sklearn.linear_model import LogisticRegression, Ridge

        seeded = {"random_state": settings.seed}
        if settings.problem == "classification":
            return LogisticRegression(**{**seeded, "max_iter": _MAX_ITERATIONS, **settings.hyperparameters})
        return Ridge(**{**seeded, **settings.hyperparameters})
