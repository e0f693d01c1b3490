"""One fit of what the plan asks for, and a fold's scores."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from warmfold_catalogue.estimators import ModelSettings, load_estimator
from warmfold_catalogue.metrics import load_metric
from warmfold_jobs.data.table import Rows, Schema, read_table
from warmfold_jobs.training.pipeline import build_pipeline
from warmfold_jobs.training.scoring import score
from warmfold_run.encoding import decode
from warmfold_run.plan import Plan
from warmfold_run.records import FoldResult

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def train_fold(plan: Plan, schema: Schema, given: dict[str, str], train: Rows, validation: Rows) -> FoldResult:
    """Fit on the rows of `train`, score on those of `validation`; returns both scores, the rows, and the seconds.

    `seconds` and `cpu_seconds` are those of everything here: reading, fit and scoring.
    """
    began, cpu_began = time.perf_counter(), time.process_time()
    features, labels = read_table(train.files, schema, train.chosen)
    model, seconds = fitted(plan, schema, given, features, labels)
    metric = plan["experiment"]["metric"]
    held_features, held_labels = read_table(validation.files, schema, validation.chosen)
    return {
        "train_score": score(model, features, labels, metric),
        "validation_score": score(model, held_features, held_labels, metric),
        "fit_seconds": seconds,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
        "rows": {"train": len(labels), "validation": len(held_labels)},
    }


def import_libraries(plan: Plan) -> None:
    """Import what fits of this plan import, so that processes forked later have it: it takes seconds."""
    experiment = plan["experiment"]
    settings = ModelSettings(experiment["problem"], {}, seed=0, numeric_features=1, text_features=1)
    load_estimator(experiment["estimator"]).build(settings)
    load_metric(experiment["metric"]).scorer()


def fitted(
    plan: Plan, schema: Schema, given: dict[str, str], features: pd.DataFrame, labels: np.ndarray[Any, Any]
) -> tuple[Pipeline, float]:
    """The plan's pipeline with these hyperparameters, fitted, and the seconds that the fit took."""
    experiment = plan["experiment"]
    hyperparameters = decode(experiment["search"]["hyperparameters"], given)
    seed = experiment["cross_validation"]["seed"]
    model = build_pipeline(schema, features, experiment["estimator"], hyperparameters, seed)
    started = time.perf_counter()
    model.fit(features, labels)
    return model, time.perf_counter() - started
