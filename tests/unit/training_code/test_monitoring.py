"""The files that Model Monitor and Studio read have its formats, and scikit-learn's numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error

from tests.unit.training_code.split import Split, mixed, split
from warmfold_jobs.data.table import read_table
from warmfold_jobs.training.final import train_final
from warmfold_run import places

FOREST = {"n_estimators": {"value": 11}}


def made(folder: Path, frame: pd.DataFrame, **more: Any) -> tuple[Split, dict[str, Any]]:
    ready = split(folder, frame, estimator="random_forest", space=FOREST, **more)
    train_final(ready.plan, ready.schema, {}, ready.files, ready.holdout, folder / "model")
    return ready, {name: json.loads((folder / "model" / name).read_text()) for name in places.MODEL_REPORTS}


def predicted(ready: Split, folder: Path) -> tuple[Any, Any]:
    features, labels = read_table(ready.holdout, ready.schema)
    return labels, joblib.load(folder / "model" / "model.joblib").predict(features)


def test_quality_of_two_classes(tmp_path: Path) -> None:
    ready, files = made(tmp_path, mixed(1200))
    truth, answers = predicted(ready, tmp_path)
    told = files["model_quality_statistics.json"]
    assert told["dataset"] == {"item_count": len(truth)}
    measured = told["binary_classification_metrics"]
    assert measured["accuracy"]["value"] == pytest.approx(accuracy_score(truth, answers))
    assert measured["f1"]["value"] == pytest.approx(f1_score(truth, answers))
    assert 0 < measured["f1"]["standard_deviation"] < 0.1
    assert measured["confusion_matrix"]["yes"]["yes"] == ((truth == 1) & (answers == 1)).sum()
    limits = files["model_quality_constraints.json"]["binary_classification_constraints"]
    assert limits["auc"] == {"threshold": measured["auc"]["value"], "comparison_operator": "LessThanThreshold"}
    assert "confusion_matrix" not in limits


def test_few_rows_have_no_deviation_and_errors_are_bounded_from_above(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "y": rng.normal(size=200)})
    ready, files = made(tmp_path, frame, problem="regression", metric="r2")
    truth, answers = predicted(ready, tmp_path)
    measured = files["model_quality_statistics.json"]["regression_metrics"]
    assert measured["mae"] == {
        "value": pytest.approx(mean_absolute_error(truth, answers)),
        "standard_deviation": "NaN",
    }
    limits = files["model_quality_constraints.json"]["regression_constraints"]
    assert limits["rmse"]["comparison_operator"] == "GreaterThanThreshold"
    assert limits["r2"]["comparison_operator"] == "LessThanThreshold"


def test_data_baselines_say_what_training_rows_hold(tmp_path: Path) -> None:
    ready, files = made(tmp_path, mixed(300))
    features, _ = read_table(ready.files, ready.schema)
    statistics = {one["name"]: one for one in files["data_statistics.json"]["features"]}
    missing = int(features["size"].isna().sum())
    size = statistics["size"]["numerical_statistics"]
    assert size["common"] == {"num_present": len(features) - missing, "num_missing": missing}
    assert size["mean"] == pytest.approx(features["size"].mean())
    constraints = {one["name"]: one for one in files["data_constraints.json"]["features"]}
    assert constraints["size"]["completeness"] == pytest.approx(1 - missing / len(features))
    assert constraints["size"]["num_constraints"] == {"is_non_negative": False}
    assert constraints["colour"]["string_constraints"]["domains"] == sorted(features["colour"].dropna().unique())
