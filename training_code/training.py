"""Entry point of fold jobs and of the final job: one fit, scored, by what the plan says.

A fold job's name ends in `-f<fold>`; it scores its channel `validation` and writes its score to S3 the moment it is
known. The final job trains on all the parts, scores the holdout, and saves the model with the code that serves it.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import joblib
import numpy as np
import pandas as pd
import sklearn

import container
from dataset_rules import CLASSIFICATION
from model import build_pipeline, decode_hyperparameters
from scoring import ScoreError, score, standard_error
from storage import names_below, put_json
from table import Schema, read_profile, read_table

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from sklearn.pipeline import Pipeline

LOOK_SECONDS = 5.0
"""How often a fold job looks whether its candidate was given up."""
NEEDS_EVERY_CLASS = ("neg_log_loss", "roc_auc_ovr", "roc_auc_ovo", "roc_auc_ovr_weighted", "roc_auc_ovo_weighted")
"""Metrics that have no value for rows in which a class that the model knows is missing."""


def main(job: container.Container) -> None:
    """Do the job that the container holds: the final one if the plan calls it so, else a fold."""
    plan = job.plan()
    s3 = boto3.client("s3", region_name=plan["region"])
    schema = read_profile(job.channels["profile"] / "profile.json")
    if job.job == plan["requests"]["final"]["TrainingJobName"]:
        metrics = train_final(
            plan, schema, job.hyperparameters, job.files("train"), job.files("holdout"), job.model_dir
        )
        put_json(s3, plan["locations"]["model"] + "metrics.json", metrics)
        print(f"model training score:{metrics['train_score']!r};")
        print(f"holdout score:{metrics['holdout_score']} standard error:{metrics['holdout_standard_error']}")
        return
    candidate, fold = job.fold()
    if plan["experiment"]["search"]["abandon"] != "off":
        end_when_given_up(plan, candidate)
    result = train_fold(plan, schema, job.hyperparameters, job.files("train"), job.files("validation"))
    write_fold_score(s3, plan, candidate, fold, {"job": job.job, **result})


def end_when_given_up(plan: dict[str, Any], candidate: str) -> None:
    """End this process as soon as the candidate is given up.

    SageMaker's containers do not tell a script that its job is being stopped; it would train on for up to two minutes,
    and its instance would not be there for the next candidate.
    """
    s3 = boto3.client("s3", region_name=plan["region"])
    place = f"{plan['locations']['candidates']}{candidate}/"

    def look() -> None:
        while "abandoned.json" not in names_below(s3, place):
            time.sleep(LOOK_SECONDS)
        print(f"candidate {candidate} was given up, so this fold ends", flush=True)
        os._exit(0)

    threading.Thread(target=look, daemon=True).start()


def train_fold(
    plan: dict[str, Any], schema: Schema, given: dict[str, str], train: Sequence[Path], validation: Sequence[Path]
) -> dict[str, Any]:
    """Fit on the files of `train`, score on those of `validation`; returns both scores, the rows, and the seconds.

    `seconds` and `cpu_seconds` are those of everything here: reading, fit and scoring.
    """
    began, cpu_began = time.perf_counter(), time.process_time()
    features, labels = read_table(train, schema)
    model, seconds = _fitted(plan, schema, given, features, labels)
    metric = plan["experiment"]["metric"]
    held_features, held_labels = read_table(validation, schema)
    return {
        "train_score": score(model, features, labels, metric),
        "validation_score": score(model, held_features, held_labels, metric),
        "fit_seconds": seconds,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
        "rows": {"train": len(labels), "validation": len(held_labels)},
    }


def write_fold_score(s3: S3Client, plan: dict[str, Any], candidate: str, fold: int, result: dict[str, Any]) -> None:
    """Write a fold's score to S3, where its candidate looks for it, and print the lines that SageMaker scrapes."""
    put_json(
        s3,
        f"{plan['locations']['candidates']}{candidate}/fold-{fold}.json",
        {"candidate": candidate, "fold": fold} | result,
    )
    print(f"model training score:{result['train_score']!r};")
    print(f"model validation score:{result['validation_score']!r};")


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
    model, seconds = _fitted(plan, schema, given, features, labels)
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
    code = model_dir / "code"
    code.mkdir(exist_ok=True)
    for script in sorted(Path(__file__).parent.glob("*.py")):
        shutil.copy(script, code / script.name)
    return metrics


def _fitted(
    plan: dict[str, Any], schema: Schema, given: dict[str, str], features: pd.DataFrame, labels: np.ndarray[Any, Any]
) -> tuple[Pipeline, float]:
    experiment = plan["experiment"]
    hyperparameters = decode_hyperparameters(experiment["search"]["hyperparameters"], given)
    seed = experiment["cross_validation"]["seed"]
    model = build_pipeline(schema.filled(features), experiment["estimator"], hyperparameters, seed)
    started = time.perf_counter()
    model.fit(features, labels)
    return model, time.perf_counter() - started


def _holdout_score(
    plan: dict[str, Any], schema: Schema, model: Pipeline, features: pd.DataFrame, labels: np.ndarray[Any, Any]
) -> dict[str, Any]:
    """Score and standard error, or neither and a note that says why, for a small holdout that lacks a class."""
    metric, seed = plan["experiment"]["metric"], plan["experiment"]["cross_validation"]["seed"]
    nothing = {"holdout_score": None, "holdout_standard_error": None}
    if schema.problem == CLASSIFICATION and schema.classes is not None and metric in NEEDS_EVERY_CLASS:
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
        "hyperparameters": decode_hyperparameters(experiment["search"]["hyperparameters"], given),
        "versions": {
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "pandas": pd.__version__,
        },
    }


if __name__ == "__main__":
    sys.exit(container.run(main, os.environ))
