"""The final model: fitted on all the training rows, scored on the holdout, saved with the code that serves it."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
import sklearn

from warmfold_catalogue.metrics import load_metric
from warmfold_jobs.data.rules import CLASSIFICATION
from warmfold_jobs.data.table import Schema, read_table
from warmfold_jobs.training.fit import fitted
from warmfold_jobs.training.scoring import ScoreError, score, standard_error
from warmfold_run.encoding import decode
from warmfold_run.sources import source_files

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

CODE = Path(__file__).parents[2]
"""The training code: entry scripts and packages."""


def train_final(
    plan: dict[str, Any],
    schema: Schema,
    given: dict[str, str],
    train: Sequence[Path],
    holdout: Sequence[Path],
    model_dir: Path,
) -> dict[str, Any]:
    """Fit on all the training rows, save the model into `model_dir`, score the holdout; returns what metrics.json says.

    `model_dir` gets model.joblib (a plain scikit-learn pipeline), model.json (what it expects and predicts),
    metrics.json and code/ (what serves it).
    """
    features, labels = read_table(train, schema)
    model, seconds = fitted(plan, schema, given, features, labels)
    metric = plan["experiment"]["metric"]
    held_features, held_labels = read_table(holdout, schema)
    metrics = {
        "positive_class": schema.positive_class,
        "train_score": score(model, features, labels, metric),
        **_holdout_score(plan, schema, model, held_features, held_labels),
        "fit_seconds": seconds,
        "rows": {"train": len(labels), "holdout": len(held_labels)},
    }
    model_dir.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, model_dir / "model.joblib")
    (model_dir / "model.json").write_text(json.dumps(_description(plan, schema, given), indent=1), "utf-8")
    (model_dir / "metrics.json").write_text(json.dumps(metrics, indent=1), "utf-8")
    for name in source_files(CODE):
        (model_dir / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CODE / name, model_dir / "code" / name)
    return metrics


def _holdout_score(
    plan: dict[str, Any], schema: Schema, model: Pipeline, features: pd.DataFrame, labels: np.ndarray[Any, Any]
) -> dict[str, Any]:
    """Score and standard error, or neither and a note that says why, for a small holdout that lacks a class."""
    metric, seed = plan["experiment"]["metric"], plan["experiment"]["cross_validation"]["seed"]
    nothing = {"holdout_score": None, "holdout_standard_error": None}
    if schema.problem == CLASSIFICATION and schema.classes is not None and load_metric(metric).needs_every_class:
        absent = sorted(set(range(len(schema.classes))) - set(labels.tolist()))
        if absent:
            return nothing | {
                "holdout_note": f"the holdout has no row of class {schema.classes[absent[0]]!r}, without which "
                f"{metric} can't be told"
            }
    try:
        value = score(model, features, labels, metric)
    except ScoreError as error:
        return nothing | {"holdout_note": str(error)}
    return {
        "holdout_score": value,
        "holdout_standard_error": standard_error(model, features, labels, metric, seed),
        "holdout_note": None,
    }


def _description(plan: dict[str, Any], schema: Schema, given: dict[str, str]) -> dict[str, Any]:
    experiment = plan["experiment"]
    return {
        "schema": 1,
        "run": plan["run"],
        "dataset": plan["dataset"],
        "features": schema.features,
        "kinds": schema.kinds,
        "target": schema.target,
        "problem": schema.problem,
        "classes": schema.classes,
        "positive_class": schema.positive_class,
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
