"""The pipelines that candidates tune: preprocessing and estimator in one, made of library classes only.

So nothing learned from a row outside the training rows leaks into a fold, and a saved model loads without this code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from warmfold_catalogue.estimators import ModelSettings, Preprocessing, load_estimator
from warmfold_data.cells import BOOLEAN, NUMERIC, TEXT
from warmfold_jobs.data.table import Schema

LARGEST = 3e38
"""Numbers beyond are cut to it: forests compute in single precision, and infinity is no number to scale by."""


def build_pipeline(schema: Schema, estimator: str, hyperparameters: Mapping[str, Any], seed: int) -> Pipeline:
    """An unfitted pipeline for tables of this schema; the same seed gives the same fit.

    Raises UnknownNameError for an estimator that the catalogue does not have.
    """
    entry = load_estimator(estimator)
    numeric, text = schema.of_kind(NUMERIC, BOOLEAN), schema.of_kind(TEXT)
    settings = ModelSettings(
        schema.problem, hyperparameters, seed=seed, numeric_features=len(numeric), text_features=len(text)
    )
    branches = [
        ("numeric", _for_numbers(entry.preprocessing), numeric),
        ("text", _for_text(entry.preprocessing, hyperparameters), text),
    ]
    preprocessing = ColumnTransformer([branch for branch in branches if branch[2]], verbose_feature_names_out=False)
    return Pipeline([("preprocessing", preprocessing), ("estimator", entry.build(settings))])


def _for_numbers(wanted: Preprocessing) -> Any:
    bounds = {"a_min": -LARGEST, "a_max": LARGEST}
    steps: list[Any] = [FunctionTransformer(np.clip, kw_args=bounds, feature_names_out="one-to-one")]
    if wanted.impute:
        steps.append(SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True))
    if wanted.scale:
        steps.append(StandardScaler())
    return steps[0] if len(steps) == 1 else Pipeline([(type(step).__name__.lower(), step) for step in steps])


def _for_text(wanted: Preprocessing, hyperparameters: Mapping[str, Any]) -> Any:
    most = int(hyperparameters.get(wanted.max_categories_from or "", wanted.max_categories))
    if wanted.text == "one_hot":
        return OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=most, sparse_output=False)
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=most,
    )
