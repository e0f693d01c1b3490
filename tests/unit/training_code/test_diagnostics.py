"""diagnostics.json: scikit-learn's numbers, what tells of leaks and drift, within a time and a size."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.metrics import classification_report, confusion_matrix, roc_auc_score

from tests.documents import complaints
from tests.unit.training_code.split import Split, mixed, split
from warmfold_jobs.data.table import TableError, feature_frame, read_table
from warmfold_jobs.training import influence, score_rows
from warmfold_jobs.training.diagnose import RowsToScore, small_enough
from warmfold_jobs.training.final import train_final
from warmfold_jobs.training.score_rows import first_rows_to_score
from warmfold_run.diagnostics import MOST_BYTES, Diagnostics

FOREST = {"n_estimators": {"value": 21}, "max_depth": {"min": 2, "max": 9, "type": "integer", "scaling": "Auto"}}
GIVEN = {"max_depth": "6"}


def final(ready: Split, folder: Path, **more: Any) -> Diagnostics:
    train_final(ready.plan, ready.schema, GIVEN, ready.files, ready.holdout, folder / "model", **more)
    found: Diagnostics = json.loads((folder / "model" / "diagnostics.json").read_text())
    assert complaints(Diagnostics, found) == []
    return found


def forest(folder: Path, frame: pd.DataFrame, **more: Any) -> Split:
    return split(folder, frame, estimator="random_forest", space=FOREST, **more)


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> tuple[Split, Path, Diagnostics]:
    folder = tmp_path_factory.mktemp("binary")
    ready = forest(folder, mixed(500))
    score = mixed(60, seed=9).drop(columns="label")
    return ready, folder, final(ready, folder, rows_to_score=lambda: score_of(ready, score))


def score_of(ready: Split, frame: pd.DataFrame, *, whole: bool = True) -> RowsToScore:
    rows = [["" if pd.isna(cell) else str(cell) for cell in row] for row in frame.itertuples(index=False)]
    return RowsToScore(feature_frame(rows, list(frame.columns), ready.schema), whole)


def held_of(ready: Split, folder: Path) -> tuple[Any, pd.DataFrame, Any]:
    features, labels = read_table(ready.holdout, ready.schema)
    return joblib.load(folder / "model" / "model.joblib"), features, labels


def test_curves_confusion_and_table_are_scikit_learn_s(binary: tuple[Split, Path, Diagnostics]) -> None:
    ready, folder, found = binary
    model, features, labels = held_of(ready, folder)
    told = found["classes"]
    assert told is not None
    assert told["names"] == ["no", "yes"]
    assert told["confusion"] == confusion_matrix(labels, model.predict(features)).tolist()
    (roc,) = told["roc"]
    assert roc["name"] == "yes"
    assert roc["area"] == pytest.approx(roc_auc_score(labels, model.predict_proba(features)[:, 1]), abs=1e-5)
    assert (roc["x"][0], roc["y"][0], roc["x"][-1], roc["y"][-1]) == (0, 0, 1, 1)
    report = classification_report(labels, model.predict(features), output_dict=True)
    assert [row["f1"] for row in told["table"]] == pytest.approx([report[c]["f1-score"] for c in ("0", "1")], abs=1e-5)
    half = next(row for row in told["thresholds"] if row["threshold"] == 0.5)
    positive = model.predict_proba(features)[:, 1] >= 0.5
    assert half["true_positives"] + half["false_positives"] == positive.sum()
    assert found["numbers"] is None


def test_worst_rows_are_those_whose_class_was_least_expected(binary: tuple[Split, Path, Diagnostics]) -> None:
    ready, folder, found = binary
    model, features, labels = held_of(ready, folder)
    errors = 1 - model.predict_proba(features)[np.arange(len(labels)), labels]
    assert [row["error"] for row in found["worst_rows"]] == pytest.approx(sorted(errors, reverse=True)[:10], abs=1e-5)
    worst = found["worst_rows"][0]
    assert worst["true"] == ready.schema.classes[labels[worst["row"]]]  # type: ignore[index]
    assert list(worst["features"]) == ready.schema.features


def test_the_most_important_features_come_first_and_are_varied(binary: tuple[Split, Path, Diagnostics]) -> None:
    _, _, found = binary
    told = found["importance"]
    assert {told[0]["features"][0], told[1]["features"][0]} == {"colour", "size"}  # the label is made of these
    assert told[1]["drop"] > 0.05
    first = next(one for one in found["dependence"] if one["feature"] == "colour")
    assert first["what"] == "probability of yes"
    assert first["predicted"][first["values"].index("red")] == max(first["predicted"])


def test_several_classes_have_a_curve_each(tmp_path: Path) -> None:
    frame = load_wine(as_frame=True).frame
    found = final(forest(tmp_path, frame, metric="neg_log_loss"), tmp_path)
    assert found["classes"] is not None
    assert sorted(curve["name"] for curve in found["classes"]["roc"]) == ["0", "1", "2"]
    assert found["classes"]["thresholds"] == []
    assert len(found["dependence"]) == 3


def test_a_regression_has_residuals(tmp_path: Path) -> None:
    ready = forest(tmp_path, load_diabetes(as_frame=True).frame, problem="regression", metric="r2")
    found = final(ready, tmp_path)
    model, features, labels = held_of(ready, tmp_path)
    residuals = labels - model.predict(features)
    told = found["numbers"]
    assert told is not None
    assert found["classes"] is None
    assert told["residual_quantiles"]["0.5"] == pytest.approx(np.median(residuals), abs=1e-3)
    assert sum(told["histogram_counts"]) == len(labels) == len(told["true"])
    assert found["worst_rows"][0]["error"] == pytest.approx(np.abs(residuals).max(), rel=1e-5)
    assert found["drift"] is None


def test_features_that_say_the_same_are_shuffled_together(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    x, other = rng.normal(size=(2, 300))
    frame = pd.DataFrame({"x": x, "cubed": x**3, "other": other, "y": x * 2 + 0.2 * other})
    found = final(forest(tmp_path, frame, problem="regression", metric="r2"), tmp_path)
    assert found["importance"][0]["features"] == ["x", "cubed"]
    assert found["importance"][0]["drop"] > 0.5


def test_drift_tells_what_training_has_not_seen(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"n": rng.normal(size=300), "t": rng.choice(["a", "b"], 300), "same": rng.normal(size=300)})
    frame["y"] = np.where(frame["n"] > 0, "p", "q")
    ready = forest(tmp_path, frame)
    score = pd.DataFrame({"n": [5.0] * 50 + [np.nan] * 50, "t": ["a"] * 70 + ["c"] * 30, "same": rng.normal(size=100)})
    found = final(ready, tmp_path, rows_to_score=lambda: score_of(ready, score, whole=False))
    assert found["drift"] is not None
    by_name = {column["column"]: column for column in found["drift"]["columns"]}
    assert (by_name["n"]["missing_training"], by_name["n"]["missing_score"], by_name["n"]["unseen"]) == (0, 0.5, 1)
    assert by_name["n"]["psi"] is not None
    assert by_name["n"]["psi"] > 0.25
    assert (by_name["t"]["unseen"], by_name["t"]["examples"]) == (0.3, ["c"])
    assert by_name["same"]["psi"] is not None
    assert by_name["same"]["psi"] < 0.25
    assert [column["column"] for column in found["drift"]["columns"]][-1] == "same"
    assert {"what": "drift of later rows", "why": "drift is that of the first 100 rows to score"} in found["left_out"]


def test_rows_to_score_that_do_not_fit_cost_the_drift_only(tmp_path: Path) -> None:
    def refuse() -> RowsToScore:
        raise TableError("column 'size', row 2: 'tall' is not a number")

    found = final(forest(tmp_path, mixed(200)), tmp_path, rows_to_score=refuse)
    assert found["drift"] is None
    assert {"what": "drift", "why": "column 'size', row 2: 'tall' is not a number"} in found["left_out"]


def test_what_would_take_too_long_is_left_out_and_said(tmp_path: Path) -> None:
    def clock() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += 40.0  # each answer takes longer than all the time there is

    ticks = clock()
    found = final(forest(tmp_path, mixed(200)), tmp_path, clock=lambda: next(ticks))
    assert (found["importance"], found["dependence"]) == ([], [])
    said = {one["what"]: one["why"] for one in found["left_out"]}
    assert said["importance"] == "shuffling each of 3 groups of features takes about 120 s, and there are 24 s"
    assert said["dependence on colour"] == "varying it takes about 800 s, and the time is used up"


def test_a_part_that_is_too_large_is_left_out_and_said(binary: tuple[Split, Path, Diagnostics]) -> None:
    _, _, found = binary
    huge = found["worst_rows"] * (MOST_BYTES // 500)
    small = small_enough({**found, "worst_rows": huge})
    assert small["worst_rows"] == []
    assert small["importance"] == found["importance"]
    (said,) = [one for one in small["left_out"] if one["what"] == "worst_rows"]
    assert "and the file may have 1,000,000" in said["why"]
    assert len(json.dumps(small, indent=1)) < MOST_BYTES


def test_hundreds_of_classes_and_long_cells_stay_within_the_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    label = np.repeat([f"class {n} " + "x" * 200 for n in range(60)], 12)
    wide = {f"column {n} " + "y" * 100: rng.normal(size=len(label)) for n in range(30)}
    ready = forest(tmp_path, pd.DataFrame({"text": label, **wide, "label": label}), metric="accuracy")
    found = final(ready, tmp_path)
    assert (tmp_path / "model" / "diagnostics.json").stat().st_size < MOST_BYTES
    assert found["classes"] is not None
    assert len(found["classes"]["roc"]) <= 10
    assert any(one["what"] == "curves of the other classes" for one in found["left_out"])


def test_a_class_that_the_sample_lacks_leaves_importance_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(influence, "MOST_ROWS", 2)
    found = final(forest(tmp_path, load_wine(as_frame=True).frame, metric="neg_log_loss"), tmp_path)
    assert found["importance"] == []
    assert "neg_log_loss can't be told of 2 rows that lack a class" in str(found["left_out"])


class Chunks:
    """An S3 with chunks of rows to score, listed a page at a time."""

    def __init__(self, *bodies: str) -> None:
        self._bodies = {f"runs/r/score/chunk-{number:05d}.csv": body for number, body in enumerate(bodies)}

    def get_paginator(self, _: str) -> Chunks:
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        for key in self._bodies:
            yield {"Contents": [{"Key": key}]}

    def get_object(self, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self._bodies[Key].encode())}


def test_the_first_rows_to_score_are_read_from_their_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.random.default_rng(0).normal(size=90)
    frame = pd.DataFrame({"a": numbers, "t": ["x", "y", "z"] * 30, "label": ["p", "q"] * 45})
    ready = forest(tmp_path, frame)
    s3: Any = Chunks("t,a\nx,1\ny,2\n", "t,a\n,3\n")
    asked: Any = ready.plan | {"predict": {"key": "predict.csv"}}
    found = first_rows_to_score(s3, asked, ready.schema)
    assert found is not None
    assert (list(found.features["a"]), found.whole) == ([1.0, 2.0, 3.0], True)
    monkeypatch.setattr(score_rows, "MOST_ROWS", 2)
    found = first_rows_to_score(s3, asked, ready.schema)
    assert found is not None
    assert (list(found.features["a"]), found.whole) == ([1.0, 2.0], False)
    assert first_rows_to_score(s3, ready.plan, ready.schema) is None  # type: ignore[arg-type]
