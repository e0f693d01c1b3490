"""The other sides: what a competent person would write with scikit-learn and Optuna, and FLAML's AutoML."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean
from typing import Any

import numpy as np
import optuna
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.model_selection import PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from benchmarks.models.datasets import SEED, Rows
from benchmarks.models.ours import search_space
from warmfold_run.experiment import Range

_MODELS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "hist_gradient_boosting": (HistGradientBoostingClassifier, HistGradientBoostingRegressor, {"random_state": SEED}),
    "random_forest": (RandomForestClassifier, RandomForestRegressor, {"random_state": SEED, "n_jobs": 1}),
    "linear": (LogisticRegression, Ridge, {"max_iter": 1000}),
}
_FLAML_METRICS = {"roc_auc": "roc_auc", "neg_log_loss": "log_loss", "r2": "r2"}


def plain_loop(rows: Rows, candidates: int) -> Any:
    """The best of so many trials of Optuna's default sampler, fitted on all rows but the holdout's."""
    space, scorer = search_space(rows), get_scorer(rows.source.metric)

    def objective(trial: optuna.Trial) -> float:
        given = {name: _suggested(trial, name, entry) for name, entry in space.items()}
        scores = []
        for train, validation in rows.folds:
            model = _pipeline(rows, given).fit(rows.features.iloc[train], rows.labels[train])
            scores.append(scorer(model, rows.features.iloc[validation], rows.labels[validation]))
        return fmean(scores)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=SEED))
    study.optimize(objective, n_trials=candidates)
    return _pipeline(rows, study.best_params).fit(rows.features, rows.labels)


def flaml(rows: Rows, seconds: float) -> Any:
    """What FLAML finds in so many seconds on the same folds, with its trees, boosted and in forests."""
    from flaml import AutoML

    fold = np.empty(len(rows.labels), int)
    for number, (_, validation) in enumerate(rows.folds):
        fold[validation] = number
    classifies = rows.source.problem == "classification"
    automl = AutoML()
    automl.fit(
        _with_date_parts(rows.features),
        rows.labels,
        task="classification" if classifies else "regression",
        metric=_FLAML_METRICS[rows.source.metric],
        estimator_list=["lgbm", "rf", "extra_tree"],
        time_budget=seconds,
        eval_method="cv",
        split_type=PredefinedSplit(fold),
        n_splits=len(rows.folds),
        n_jobs=1,
        seed=SEED,
        verbose=0,
    )
    return _Classifier(automl) if classifies else _Regressor(automl)


class _Regressor:
    def __init__(self, automl: Any) -> None:
        self._automl = automl

    def predict(self, features: pd.DataFrame) -> Any:
        return self._automl.predict(_with_date_parts(features))


class _Classifier(_Regressor):
    @property
    def classes_(self) -> Any:
        return np.asarray(self._automl.classes_)

    def predict_proba(self, features: pd.DataFrame) -> Any:
        return self._automl.predict_proba(_with_date_parts(features))


def _suggested(trial: optuna.Trial, name: str, entry: Range) -> Any:
    suggest: Callable[..., Any] = trial.suggest_int if entry["type"] == "integer" else trial.suggest_float
    return suggest(name, entry["min"], entry["max"], log=entry["scaling"] == "Logarithmic")


def _pipeline(rows: Rows, given: dict[str, Any]) -> Any:
    features, source = _with_date_parts(rows.features.head()), rows.source
    branches: list[tuple[str, Any, Any]]
    numbers = list(features.select_dtypes("number"))
    categories = [name for name in features if name not in numbers and name not in source.texts]
    classifier, regressor, settings = _MODELS[source.estimator]
    if source.estimator == "hist_gradient_boosting":
        coded = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan, max_categories=255
        )
        branches = [("numbers", "passthrough", numbers), ("categories", coded, categories)]
        places = range(len(numbers), len(numbers) + len(categories))
        settings = settings | {"categorical_features": list(places) or None}
    else:
        filled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=10, sparse_output=False)
        branches = [("numbers", filled, numbers), ("categories", one_hot, categories)]
    for text in source.texts:
        filled_in = FunctionTransformer(lambda column: column.fillna(""))
        topics = make_pipeline(filled_in, TfidfVectorizer(max_features=2000), TruncatedSVD(30, random_state=SEED))
        branches.append((text, topics, text))
    model = (classifier if source.problem == "classification" else regressor)(**settings | given)
    kept = [branch for branch in branches if len(branch[2])]
    return make_pipeline(FunctionTransformer(_with_date_parts), ColumnTransformer(kept), model)


def _with_date_parts(features: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for name, column in features.items():
        if column.dtype.kind != "M":
            columns[str(name)] = column
            continue
        for part in ("year", "month", "day", "weekday", "hour"):
            columns[f"{name} {part}"] = getattr(column.dt, part).astype(float)
    return pd.DataFrame(columns)
