"""Many deep trees, averaged: scikit-learn's RandomForest."""

from __future__ import annotations

from typing import Any

from warmfold_catalogue.domains import AT_LEAST_1, AT_LEAST_2, NOT_NEGATIVE, SHARE, YES_OR_NO, Domain, Interval
from warmfold_catalogue.estimators._base import Estimator, ModelSettings, Preprocessing


class RandomForest(Estimator):
    name = "random_forest"
    summary = "The average of many deep trees, each grown on other rows and features."
    problems = ("classification", "regression")
    preprocessing = Preprocessing()

    def hyperparameters(self, problem: str) -> dict[str, Domain]:
        domains = {
            "n_estimators": Domain(whole=AT_LEAST_1),
            "max_depth": Domain(whole=AT_LEAST_1, words=(None,)),
            "min_samples_split": Domain(whole=AT_LEAST_2, real=SHARE),
            "min_samples_leaf": Domain(whole=AT_LEAST_1, real=Interval(0, 1, low_open=True, high_open=True)),
            "max_features": Domain(whole=AT_LEAST_1, real=SHARE, words=("sqrt", "log2", None)),
            "max_leaf_nodes": Domain(whole=AT_LEAST_2, words=(None,)),
            "min_impurity_decrease": Domain(real=NOT_NEGATIVE),
            "bootstrap": YES_OR_NO,
            "ccp_alpha": Domain(real=NOT_NEGATIVE),
            "max_samples": Domain(whole=AT_LEAST_1, real=SHARE, words=(None,)),
        }
        if problem == "regression":
            return domains | {"criterion": Domain(words=("squared_error", "absolute_error", "poisson"))}
        return domains | {
            "criterion": Domain(words=("gini", "entropy", "log_loss")),
            "class_weight": Domain(words=("balanced", "balanced_subsample", None)),
        }

    def default_search_space(self, problem: str) -> dict[str, Any]:
        return {
            "n_estimators": {"min": 50, "max": 400},
            "max_depth": {"min": 3, "max": 24},
            "min_samples_leaf": {"min": 1, "max": 20, "scaling": "Logarithmic"},
            "max_features": {"min": 0.1, "max": 1.0},
        }

    def build(self, settings: ModelSettings) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        forest = RandomForestClassifier if settings.problem == "classification" else RandomForestRegressor
        return forest(**{"random_state": settings.seed, "n_jobs": -1, **settings.hyperparameters})
