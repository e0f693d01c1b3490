"""Numbers that are finite but whose squares or sums are not cost what can't be told, never the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.documents import complaints
from tests.unit.training_code.split import Split, split
from warmfold_jobs.data.table import read_table
from warmfold_jobs.training.diagnose import Held, diagnose
from warmfold_jobs.training.final import train_final
from warmfold_jobs.training.monitoring import monitoring_files
from warmfold_jobs.training.scoring import Answers
from warmfold_run import places
from warmfold_run.diagnostics import Diagnostics
from warmfold_run.records import FinalMetrics

ALPHA = {"alpha": {"min": 0.001, "max": 1000.0, "type": "continuous", "scaling": "Logarithmic"}}


def made(folder: Path, frame: pd.DataFrame, **more: Any) -> tuple[Split, dict[str, Any]]:
    asked = {"problem": "regression", "metric": "neg_mean_absolute_error", "estimator": "linear", "space": ALPHA}
    ready = split(folder, frame, **asked | more)
    train_final(ready.plan, ready.schema, {"alpha": "1.5"}, ready.files, ready.holdout, folder / "model")
    files = {name: json.loads((folder / "model" / name).read_text()) for name in places.MODEL_REPORTS}
    assert complaints(Diagnostics, files[places.DIAGNOSTICS]) == []
    assert complaints(FinalMetrics, files[places.METRICS]) == []
    return ready, files


def table(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x, other = rng.normal(size=(2, rows))
    return pd.DataFrame({"x": x, "other": other, "y": 3 * x + other + rng.normal(size=rows)})


@pytest.mark.parametrize("large", [1e200, 1.7e308])
def test_a_few_large_values_of_a_feature_cost_its_moments_only(tmp_path: Path, large: float) -> None:
    frame = table()
    frame.loc[::20, "x"] = large
    _, files = made(tmp_path, frame)
    by_name = {one["name"]: one["numerical_statistics"] for one in files[places.DATA_STATISTICS]["features"]}
    assert "std_dev" not in by_name["x"]
    assert by_name["x"]["max"] == large
    assert set(by_name["other"]) == {"common", "mean", "sum", "std_dev", "min", "max"}
    assert files[places.DIAGNOSTICS]["importance"]


def test_infinite_values_of_a_feature_cost_no_model(tmp_path: Path) -> None:
    frame = table().astype({"x": object})
    frame.loc[::7, "x"] = "1e400"
    _, files = made(tmp_path, frame)
    (told,) = [one for one in files[places.DIAGNOSTICS]["dependence"] if one["feature"] == "x"]
    assert len(told["values"]) == len(told["predicted"]) > 5


@pytest.mark.parametrize("rows", [300, 1200])
def test_a_large_target_costs_the_metrics_that_square_it_only(tmp_path: Path, rows: int) -> None:
    frame = table(rows)
    frame["y"] *= 1e160
    _, files = made(tmp_path, frame)
    measured = files[places.QUALITY_STATISTICS]["regression_metrics"]
    assert "mae" in measured
    assert not {"mse", "rmse", "r2"} & set(measured)
    assert list(files[places.QUALITY_CONSTRAINTS]["regression_constraints"]) == list(measured)
    metrics = files[places.METRICS]
    assert metrics["holdout_score"] < -1e159
    assert 0 < metrics["holdout_standard_error"] < -metrics["holdout_score"]
    told = files[places.DIAGNOSTICS]
    assert told["importance"][0]["features"] == ["x"]
    assert 0 < told["importance"][0]["deviation"] < told["importance"][0]["drop"]
    assert max(len(one["said"]) for one in metrics["baselines"].values()) < 200


class Told:
    """A model that answers what it is told."""

    def __init__(self, predicted: Any) -> None:
        self._predicted = predicted

    def predict(self, features: Any) -> Any:
        return np.resize(self._predicted, len(features))


@pytest.mark.parametrize("predicted", [-1.7e308, np.inf, np.nan])
def test_residuals_that_no_float_holds_are_not_told_and_the_rest_is(tmp_path: Path, predicted: float) -> None:
    frame = table()
    frame.loc[::2, "y"] = 1.7e308
    ready = split(tmp_path, frame, problem="regression", metric="r2", estimator="linear", space=ALPHA)
    features, labels = read_table(ready.holdout, ready.schema)
    model = Told([predicted, 1.0])
    held = Held(features, labels, Answers(model, features))
    told = diagnose(
        ready.plan, ready.schema, model, features, held, lambda: None, fit_seconds=1, seconds_left=60, clock=lambda: 0
    )  # type: ignore[arg-type]
    assert (told["numbers"], told["worst_rows"], told["importance"]) == (None, [], [])
    assert {"numbers", "worst_rows", "importance"} <= {one["what"] for one in told["left_out"]}
    json.dumps([told, monitoring_files(ready.schema, features, held, 1)], allow_nan=False)
