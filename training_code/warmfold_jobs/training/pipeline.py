"""The pipelines that candidates tune: preprocessing and estimator in one, made of library classes only.

So nothing learned from a row outside the training rows leaks into a fold, and a saved model loads without this code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from warmfold_catalogue.estimators import ModelSettings, load_estimator
from warmfold_jobs.data.table import Schema
from warmfold_jobs.training import branches
from warmfold_jobs.training.columns import treatment


def build_pipeline(
    schema: Schema, features: pd.DataFrame, estimator: str, hyperparameters: Mapping[str, Any], seed: int
) -> Pipeline:
    """An unfitted pipeline for tables of this schema, its preprocessing chosen by these training rows.

    The same seed gives the same fit. Raises UnknownNameError for an estimator that the catalogue does not have,
    TableError if no feature has a value.
    """
    entry = load_estimator(estimator)
    wanted, schema = entry.preprocessing, schema.filled(features)
    most = int(hyperparameters.get(wanted.max_categories_from or "", wanted.max_categories))
    columns = treatment(schema, features, wanted, most)
    settings = ModelSettings(
        schema.problem,
        hyperparameters,
        seed=seed,
        numeric_features=len(columns.numbers),
        text_features=len(columns.categories),
    )
    sparse = entry.takes_sparse(schema.problem, hyperparameters)
    # numbers and categories come first: estimators are told where categories are
    made = [
        *branches.for_numbers(columns, wanted, seed),
        *branches.for_text(columns, wanted, most, seed, sparse=sparse),
        *branches.for_dates(columns, wanted),
    ]
    preprocessing = ColumnTransformer(
        made, verbose_feature_names_out=False, sparse_threshold=branches.DENSITY if sparse else 0
    )
    return Pipeline([("preprocessing", preprocessing), ("estimator", entry.build(settings))])
