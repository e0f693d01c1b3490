"""What SageMaker's Model Monitor and Studio read of a model: statistics and constraints of its quality and its data.

Formats: SageMaker's developer guide, "Model quality metrics and Amazon CloudWatch monitoring", "Schema for Statistics"
and "Schema for Constraints". A baseline of the holdout (quality) and of the training rows (data).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics

from warmfold_data.cells import TEXT
from warmfold_jobs.data.table import Schema
from warmfold_jobs.training.diagnose import Held
from warmfold_jobs.training.outcomes import deviation_of
from warmfold_run import places

SAMPLES = 5
SAMPLE_SHARE = 0.8
LEAST_ROWS = 200
"""As Model Monitor has it: the standard deviation of a metric is that of five samples of 80% of the rows, of at least
so many."""
MOST_CATEGORIES = 50
"""Of a text column: one with more has no domain to hold others against."""
_Array = np.ndarray[Any, Any]
_Metric = Callable[[_Array, _Array], float]
_Json = dict[str, Any]


def monitoring_files(schema: Schema, training: pd.DataFrame, held: Held, seed: int) -> dict[str, _Json]:
    """The files by their name: statistics and constraints of the model's quality, and of its features.

    What is not finite of large numbers, such as the mean of their squares, is not there.
    """
    kind = _kind(schema)
    with np.errstate(over="ignore", invalid="ignore"):
        return _files(schema, training, held, kind, _quality(schema, held, kind, seed))


def _files(schema: Schema, training: pd.DataFrame, held: Held, kind: str, quality: _Json) -> dict[str, _Json]:
    return {
        places.QUALITY_STATISTICS: {
            "version": 0.0,
            "dataset": {"item_count": len(held.labels)},
            f"{kind}_metrics": quality,
        },
        places.QUALITY_CONSTRAINTS: {"version": 0.0, f"{kind}_constraints": _quality_constraints(quality)},
        places.DATA_STATISTICS: {
            "version": 0.0,
            "dataset": {"item_count": len(training)},
            "features": [_statistics(training[name], schema.readings[name]["kind"]) for name in schema.features],
        },
        places.DATA_CONSTRAINTS: {
            "version": 0.0,
            "features": [_constraints(training[name], schema.readings[name]["kind"]) for name in schema.features],
        },
    }


def _kind(schema: Schema) -> str:
    if schema.classes is None:
        return "regression"
    return "binary_classification" if len(schema.classes) == 2 else "multiclass_classification"


def _quality(schema: Schema, held: Held, kind: str, seed: int) -> _Json:
    truth, predicted = held.labels, held.answers.predicted
    if schema.classes is None and not np.isfinite(predicted).all():
        return {}
    measured: _Json = {}
    if schema.classes is not None:
        places_of = range(len(schema.classes))
        counts = metrics.confusion_matrix(truth, predicted, labels=list(places_of)).tolist()
        measured["confusion_matrix"] = {
            schema.classes[row]: {schema.classes[column]: counts[row][column] for column in places_of}
            for row in places_of
        }
    measured |= {name: _measured(metric, truth, predicted, seed) for name, metric in _METRICS[kind].items()}
    if kind == "binary_classification" and held.answers.probabilities is not None and len(np.unique(truth)) > 1:
        measured["auc"] = _measured(metrics.roc_auc_score, truth, held.answers.probabilities[:, -1], seed)
    return {name: told for name, told in measured.items() if name == "confusion_matrix" or np.isfinite(told["value"])}


def _measured(metric: _Metric, truth: _Array, predicted: _Array, seed: int) -> _Json:
    """A metric and its standard deviation, `NaN` (a text, as Model Monitor writes it) where it can't be told.

    That is so of few rows, and of numbers so large that their squares are not finite.
    """
    deviation: float | str = "NaN"
    if len(truth) >= LEAST_ROWS:
        generator, size = np.random.default_rng(seed), int(SAMPLE_SHARE * len(truth))
        samples = [generator.choice(len(truth), size, replace=False) for _ in range(SAMPLES)]
        values = [float(metric(truth[rows], predicted[rows])) for rows in samples if len(np.unique(truth[rows])) > 1]
        spread = deviation_of(np.array(values)) if len(values) == SAMPLES else np.nan
        deviation = spread if np.isfinite(spread) else "NaN"
    return {"value": float(metric(truth, predicted)), "standard_deviation": deviation}


def _quality_constraints(quality: _Json) -> _Json:
    """What a metric must not become worse than: its value, as Model Monitor's own baseline suggests."""
    errors = ("mae", "mse", "rmse")
    return {
        name: {
            "threshold": told["value"],
            "comparison_operator": "GreaterThanThreshold" if name in errors else "LessThanThreshold",
        }
        for name, told in quality.items()
        if name != "confusion_matrix"
    }


def _statistics(column: pd.Series[Any], kind: str) -> _Json:
    known = column.dropna()
    common = {"num_present": len(known), "num_missing": len(column) - len(known)}
    told: _Json = {"name": column.name, "inferred_type": "String" if kind == TEXT else "Fractional"}
    if kind == TEXT:
        return told | {"string_statistics": {"common": common, "distinct_count": float(known.nunique())}}
    numbers = _numbers(known)
    moments = {}
    if len(numbers):
        moments = {
            "mean": float(numbers.mean()),
            "sum": float(numbers.sum()),
            "std_dev": float(numbers.std()),
            "min": float(numbers.min()),
            "max": float(numbers.max()),
        }
    finite = {name: moment for name, moment in moments.items() if np.isfinite(moment)}
    return told | {"numerical_statistics": {"common": common, **finite}}


def _constraints(column: pd.Series[Any], kind: str) -> _Json:
    known = column.dropna()
    told: _Json = {
        "name": column.name,
        "inferred_type": "String" if kind == TEXT else "Fractional",
        "completeness": len(known) / max(1, len(column)),
    }
    if kind != TEXT:
        return told | {"num_constraints": {"is_non_negative": bool((_numbers(known) >= 0).all())}}
    domain = sorted(known.unique())
    return told | ({"string_constraints": {"domains": domain}} if len(domain) <= MOST_CATEGORIES else {})


def _numbers(known: pd.Series[Any]) -> _Array:
    """Numbers as they are, dates as seconds since 1970."""
    if pd.api.types.is_datetime64_any_dtype(known):
        return known.to_numpy().astype("datetime64[s]").astype(np.int64).astype(float)
    return known.to_numpy(dtype=float)


def _precision(truth: _Array, predicted: _Array) -> float:
    return float(metrics.precision_score(truth, predicted, zero_division=0))


def _recall(truth: _Array, predicted: _Array) -> float:
    return float(metrics.recall_score(truth, predicted, zero_division=0))


def _fbeta(beta: float, average: str) -> _Metric:
    return lambda truth, predicted: float(
        metrics.fbeta_score(truth, predicted, beta=beta, average=average, zero_division=0)
    )


_METRICS: dict[str, dict[str, _Metric]] = {
    "regression": {
        "mae": metrics.mean_absolute_error,
        "mse": metrics.mean_squared_error,
        "rmse": metrics.root_mean_squared_error,
        "r2": metrics.r2_score,
    },
    "binary_classification": {
        "recall": _recall,
        "precision": _precision,
        "accuracy": metrics.accuracy_score,
        "f0_5": _fbeta(0.5, "binary"),
        "f1": _fbeta(1, "binary"),
        "f2": _fbeta(2, "binary"),
    },
    "multiclass_classification": {
        "accuracy": metrics.accuracy_score,
        "weighted_recall": lambda t, p: float(metrics.recall_score(t, p, average="weighted", zero_division=0)),
        "weighted_precision": lambda t, p: float(metrics.precision_score(t, p, average="weighted", zero_division=0)),
        "weighted_f0_5": _fbeta(0.5, "weighted"),
        "weighted_f1": _fbeta(1, "weighted"),
        "weighted_f2": _fbeta(2, "weighted"),
    },
}
