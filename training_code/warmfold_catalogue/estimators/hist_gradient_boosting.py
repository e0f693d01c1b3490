"""Boosted trees on binned numbers: scikit-learn's HistGradientBoosting."""

from __future__ import annotations

from typing import Any

from warmfold_catalogue.domains import (
    AT_LEAST_1,
    AT_LEAST_2,
    CLASS_WEIGHT,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    Domain,
    Interval,
)
from warmfold_catalogue.estimators._base import Estimator, ModelSettings, Preprocessing

_MAX_BINS = 255


class HistGradientBoosting(Estimator):
    name = "hist_gradient_boosting"
    summary = "Gradient-boosted trees on binned features, which take missing values and categories as they are."
    problems = ("classification", "regression")
    preprocessing = Preprocessing(
        impute=False, text="ordinal", max_categories=_MAX_BINS, max_categories_from="max_bins"
    )

    def hyperparameters(self, problem: str) -> dict[str, Domain]:
        domains = {
            "learning_rate": Domain(real=POSITIVE),
            "max_iter": Domain(whole=AT_LEAST_1),
            "max_leaf_nodes": Domain(whole=AT_LEAST_2, words=(None,)),
            "max_depth": Domain(whole=AT_LEAST_1, words=(None,)),
            "min_samples_leaf": Domain(whole=AT_LEAST_1),
            "l2_regularization": Domain(real=NOT_NEGATIVE),
            "max_features": Domain(real=SHARE),
            "max_bins": Domain(whole=Interval(2, _MAX_BINS)),
        }
        return domains | {"class_weight": CLASS_WEIGHT} if problem == "classification" else domains

    def default_search_space(self, problem: str) -> dict[str, Any]:
        return {
            "learning_rate": {"min": 0.01, "max": 0.5, "scaling": "Logarithmic"},
            "max_iter": {"min": 50, "max": 300},
            "max_leaf_nodes": {"min": 7, "max": 63, "scaling": "Logarithmic"},
            "min_samples_leaf": {"min": 5, "max": 50, "scaling": "Logarithmic"},
            "l2_regularization": {"min": 0.001, "max": 10.0, "scaling": "Logarithmic"},
        }

    def build(self, settings: ModelSettings) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        classifies = settings.problem == "classification"
        boosting = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
        categories = list(range(settings.numeric_features, settings.numeric_features + settings.text_features))
        return boosting(
            **{"random_state": settings.seed, **settings.hyperparameters},
            categorical_features=categories or None,
        )
