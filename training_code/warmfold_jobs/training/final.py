"""The final model: fitted on all the training rows, scored on the holdout, saved with the code that serves it."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
import sklearn

from warmfold_catalogue.metrics import load_metric
from warmfold_jobs.data.table import Schema, read_table
from warmfold_jobs.training.fit import fitted
from warmfold_jobs.training.scoring import ScoreError, score, standard_error
from warmfold_run import places
from warmfold_run.encoding import decode
from warmfold_run.experiment import CLASSIFICATION
from warmfold_run.plan import Plan
from warmfold_run.predictions import prediction_columns
from warmfold_run.records import FinalMetrics, ModelDescription
from warmfold_run.sources import source_files

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

CODE = Path(__file__).parents[2]
"""The training code: entry scripts and packages."""


class _Held(NamedTuple):
    """What the holdout tells."""

    score: float | None
    standard_error: float | None
    note: str | None


def train_final(
    plan: Plan,
    schema: Schema,
    given: dict[str, str],
    train: Sequence[Path],
    holdout: Sequence[Path],
    model_dir: Path,
) -> FinalMetrics:
    """Fit on all the training rows, save the model into `model_dir`, score the holdout; returns what metrics.json says.

    `model_dir` gets model.joblib (a plain scikit-learn pipeline), model.json (what it expects and predicts),
    metrics.json and code/ (what serves it).
    """
    features, labels = read_table(train, schema)
    model, seconds = fitted(plan, schema, given, features, labels)
    metric = plan["experiment"]["metric"]
    held_features, held_labels = read_table(holdout, schema)
    held = _holdout_score(plan, schema, model, held_features, held_labels)
    metrics: FinalMetrics = {
        "positive_class": schema.positive_class,
        "train_score": score(model, features, labels, metric),
        "holdout_score": held.score,
        "holdout_standard_error": held.standard_error,
        "holdout_note": held.note,
        "fit_seconds": seconds,
        "rows": {"train": len(labels), "holdout": len(held_labels)},
    }
    model_dir.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, model_dir / places.MODEL)
    (model_dir / places.MODEL_DESCRIPTION).write_text(json.dumps(_description(plan, schema, given), indent=1), "utf-8")
    (model_dir / places.METRICS).write_text(json.dumps(metrics, indent=1), "utf-8")
    for name in source_files(CODE):
        (model_dir / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CODE / name, model_dir / "code" / name)
    return metrics


def _holdout_score(
    plan: Plan, schema: Schema, model: Pipeline, features: pd.DataFrame, labels: np.ndarray[Any, Any]
) -> _Held:
    """Score and standard error, or neither and a note that says why, for a small holdout that lacks a class."""
    metric, seed = plan["experiment"]["metric"], plan["experiment"]["cross_validation"]["seed"]
    if schema.problem == CLASSIFICATION and schema.classes is not None and load_metric(metric).needs_every_class:
        absent = sorted(set(range(len(schema.classes))) - set(labels.tolist()))
        if absent:
            lacks = f"the holdout has no row of class {schema.classes[absent[0]]!r}"
            return _Held(None, None, f"{lacks}, without which {metric} can't be told")
    try:
        value = score(model, features, labels, metric)
    except ScoreError as error:
        return _Held(None, None, str(error))
    return _Held(value, standard_error(model, features, labels, metric, seed), None)


def _description(plan: Plan, schema: Schema, given: dict[str, str]) -> ModelDescription:
    experiment = plan["experiment"]
    return {
        "schema": 1,
        "run": plan["run"],
        "dataset": plan["dataset"],
        "features": schema.features,
        "readings": schema.readings,
        "target": schema.target,
        "problem": schema.problem,
        "classes": schema.classes,
        "positive_class": schema.positive_class,
        "prediction_columns": prediction_columns(schema.classes, schema.columns),
        "metric": experiment["metric"],
        "estimator": experiment["estimator"],
        "hyperparameters": decode(experiment["search"]["hyperparameters"], given),
        "versions": {
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "pandas": pd.__version__,
        },
    }
