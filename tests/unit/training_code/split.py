"""A dataset that Split Dataset has split, for tests of what trains on it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from warmfold_data.dealing import content_hash
from warmfold_data.units import limit_of
from warmfold_jobs.data.parts import fold_rows
from warmfold_jobs.data.split import split_dataset
from warmfold_jobs.data.table import Rows, Schema, read_profile
from warmfold_run.experiment import AS_IT_SHOWS

RUN = "s3://bucket/runs/r/"
PLACES = ("parts", "holdout", "candidates", "model", "score", "predictions")
LEARNING_RATE = {"learning_rate": {"min": 0.01, "max": 0.5, "type": "continuous", "scaling": "Logarithmic"}}


class OneObject:
    """An S3 that holds the dataset only."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self._body), "ContentLength": len(self._body), "ETag": '"e"'}


@dataclass
class Split:
    """The run's plan, and its files below `folder`."""

    plan: dict[str, Any]
    folder: Path

    @property
    def profile(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "profile.json").read_text()))

    @property
    def schema(self) -> Schema:
        return read_profile(self.folder / "profile.json")

    @property
    def parts(self) -> list[list[Path]]:
        """The files of each part."""
        parts = len(self.profile["part_rows"])
        return [sorted((self.folder / "parts" / str(part)).glob("*.parquet")) for part in range(parts)]

    @property
    def files(self) -> list[Path]:
        """The files of all the parts."""
        return [file for part in self.parts for file in part]

    def fold(self, fold: int) -> tuple[Rows, Rows]:
        """What a fold trains on and what it is scored on."""
        return fold_rows(self.folder / "parts", self.folder / "profile.json", fold)

    @property
    def holdout(self) -> list[Path]:
        return sorted((self.folder / "holdout").glob("*.parquet"))


def in_holdout(row: Sequence[str], seed: int, holdout: float) -> bool:
    """Whether a row's content and the seed say that it is held out, where no class or side needs another row."""
    return content_hash(row, seed) < limit_of(holdout)


def split(
    folder: Path,
    frame: pd.DataFrame,
    *,
    problem: str = "classification",
    metric: str = "roc_auc",
    estimator: str = "hist_gradient_boosting",
    space: dict[str, Any] | None = None,
    **cross_validation: Any,
) -> Split:
    """Split a table whose last column is the target."""
    strategy = "stratified" if problem == "classification" else "kfold"
    splitting = {"n_splits": 4, "strategy": strategy, "holdout": 0.25, "seed": 7} | cross_validation
    plan = {
        "run": "r",
        "dataset": "d",
        "region": "us-east-1",
        "bucket": "bucket",
        "data": {"key": "data.csv", "version_id": "v", "etag": "e", "size": 0},
        "data_files": None,
        "predict": None,
        "profile": None,
        "problem_sampled": False,
        "metric_classes": None,
        "champion": None,
        "folds": splitting["n_splits"] * splitting.get("repeats", 1),
        "abandoning": {"used": False, "note": "search.abandon is off"},
        "fold_retries": 1,
        "quota_patience_seconds": 600,
        "experiment": {
            "target": frame.columns[-1],
            "problem": problem,
            "metric": metric,
            "estimator": estimator,
            "dialect": AS_IT_SHOWS,
            "cross_validation": splitting,
            "quality_gate": {"beat_champion": False},
            "search": {"hyperparameters": LEARNING_RATE if space is None else space, "abandon": "off"},
        },
        "locations": {"run": RUN, **{place: f"{RUN}{place}/" for place in PLACES}},
        "requests": {"final": {"TrainingJobName": "wf-r-final", "StoppingCondition": {"MaxRuntimeInSeconds": 7200}}},
    }
    split_dataset(plan, OneObject(frame.to_csv(index=False, quoting=csv.QUOTE_ALL).encode()), folder)  # type: ignore[arg-type]
    (folder / "plan.json").write_text(json.dumps(plan))
    return Split(plan, folder)


def breast_cancer() -> pd.DataFrame:
    bunch = load_breast_cancer(as_frame=True)
    return bunch.data.assign(diagnosis=[str(bunch.target_names[value]) for value in bunch.target])


def mixed(rows: int = 400, seed: int = 3) -> pd.DataFrame:
    """Numeric, boolean and text columns with missing values; the text has commas, quotes and line breaks."""
    rng = np.random.default_rng(seed)
    colour = rng.choice(np.array(["red", 'green, "or" blue', "li\nne", "NA", ""], dtype=object), size=rows)
    size = np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows))
    flag = rng.choice(np.array(["True", "false", ""], dtype=object), size=rows)
    label = np.where((colour == "red") ^ (np.nan_to_num(size) > 0.8) ^ (rng.random(rows) < 0.1), "yes", "no")
    return pd.DataFrame({"colour": colour, "size": size, "flag": flag, "empty": "", "label": label})
