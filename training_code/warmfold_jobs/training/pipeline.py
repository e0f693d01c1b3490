"""The pipelines that candidates tune: preprocessing and estimator in one, made of scikit-learn's own classes only.

So nothing learned from a row outside the training rows leaks into a fold, and a saved model loads without this code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from warmfold_jobs.data.cells import BOOLEAN, NUMERIC, TEXT
from warmfold_jobs.data.rules import CLASSIFICATION
from warmfold_jobs.data.table import Schema

LARGEST = 3e38
"""Numbers beyond are cut to it: forests compute in single precision, and infinity is no number to scale by."""
ONE_HOT_CATEGORIES = 30
BOOSTING_BINS = 255
LINEAR_ITERATIONS = 1000


class HyperparameterError(ValueError):
    """The job's hyperparameters are not those that the plan's experiment asks for."""


def decode_hyperparameters(space: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]) -> dict[str, Any]:
    """The estimator's hyperparameters as Python values, from SageMaker's strings and the plan's search space.

    The space decides how a string is meant: `1` of a continuous range is 1.0, `true` of a list is the entry it stands
    for. Raises HyperparameterError for one that is missing or means nothing.
    """
    return {name: _decoded(name, entry, given) for name, entry in space.items()}


def build_pipeline(schema: Schema, estimator: str, hyperparameters: Mapping[str, Any], seed: int) -> Pipeline:
    """An unfitted pipeline for tables of this schema; the same seed gives the same fit."""
    classifies = schema.problem == CLASSIFICATION
    if estimator == "hist_gradient_boosting":
        boosting = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
        bins = int(hyperparameters.get("max_bins", BOOSTING_BINS))
        is_text = [False] * len(schema.of_kind(NUMERIC, BOOLEAN)) + [True] * len(schema.of_kind(TEXT))
        fitted = boosting(
            **{"random_state": seed, **hyperparameters}, categorical_features=is_text if any(is_text) else None
        )
        return _pipeline(schema, [_clip()], [_ordinal(bins)], fitted)
    if estimator == "random_forest":
        forest = RandomForestClassifier if classifies else RandomForestRegressor
        fitted = forest(**{"random_state": seed, "n_jobs": -1, **hyperparameters})
        return _pipeline(schema, [_clip(), _median()], [_one_hot()], fitted)
    if classifies:
        linear = LogisticRegression(**{"random_state": seed, "max_iter": LINEAR_ITERATIONS, **hyperparameters})
    else:
        linear = Ridge(**{"random_state": seed, **hyperparameters})
    return _pipeline(schema, [_clip(), _median(), StandardScaler()], [_one_hot()], linear)


def _decoded(name: str, entry: Mapping[str, Any], given: Mapping[str, str]) -> Any:
    if "value" in entry:
        return entry["value"]
    if name not in given:
        raise HyperparameterError(f"hyperparameter {name} is missing; the plan's search space has it")
    text = given[name]
    if "values" in entry:
        for value in entry["values"]:
            if text == (value if isinstance(value, str) else json.dumps(value)):
                return value
        raise HyperparameterError(f"hyperparameter {name} is {text!r}, which is not among {entry['values']}")
    try:
        number = float(text)
    except ValueError as error:
        raise HyperparameterError(f"hyperparameter {name} is {text!r}; its range is of numbers") from error
    return round(number) if entry["type"] == "integer" else number


def _pipeline(schema: Schema, numeric_steps: list[Any], text_steps: list[Any], estimator: Any) -> Pipeline:
    numeric, text = schema.of_kind(NUMERIC, BOOLEAN), schema.of_kind(TEXT)
    branches = [
        (name, _chain(steps), columns)
        for name, steps, columns in (("numeric", numeric_steps, numeric), ("text", text_steps, text))
        if columns
    ]
    preprocessing = ColumnTransformer(branches, verbose_feature_names_out=False)
    return Pipeline([("preprocessing", preprocessing), ("estimator", estimator)])


def _chain(steps: list[Any]) -> Any:
    return steps[0] if len(steps) == 1 else Pipeline([(type(step).__name__.lower(), step) for step in steps])


def _clip() -> FunctionTransformer:
    bounds = {"a_min": -LARGEST, "a_max": LARGEST}
    return FunctionTransformer(np.clip, kw_args=bounds, feature_names_out="one-to-one")


def _median() -> SimpleImputer:
    return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)


def _ordinal(bins: int) -> OrdinalEncoder:
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=bins,
    )


def _one_hot() -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=ONE_HOT_CATEGORIES, sparse_output=False)
