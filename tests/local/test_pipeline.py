"""Whole runs on the local cloud: an ordinary upload starts them, and what they claim is checked from outside."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.metrics import get_scorer

from tests.local.runs import (
    assert_nothing_is_left,
    breast_cancer,
    fold_starts,
    is_final,
    keys,
    read,
    read_frames,
    read_typed,
    succeeded,
    training_jobs,
)
from warmfold.stack import Stack

SMALL = """\
cross_validation: {n_splits: 3}
search:
  max_candidates: 4
  max_parallel_candidates: 2
  abandon: "off"
  hyperparameters: {learning_rate: {min: 0.05, max: 0.3}, max_iter: 20}
compute: {fold_placement: warm-pool}
"""


QUICK = """\
cross_validation: {n_splits: 2}
search: {max_candidates: 2, max_parallel_candidates: 1}
"""


@pytest.fixture(scope="module")
def breast_cancer_run(stack: Stack) -> dict[str, Any]:
    frame = breast_cancer()
    predict = frame.drop(columns="diagnosis").head(40).to_csv(index=False)
    return succeeded(stack, "breast-cancer", frame, experiment=SMALL, predict=predict)


def test_a_run_ends_with_an_approved_model_and_predictions(stack: Stack, breast_cancer_run: dict[str, Any]) -> None:
    assert breast_cancer_run["outcome"] == "succeeded"
    assert breast_cancer_run["model_package"]["status"] == "Approved"
    assert 0.9 < breast_cancer_run["best"]["score_mean"] <= 1
    package = stack.sagemaker.describe_model_package(ModelPackageName=breast_cancer_run["model_package"]["arn"])
    assert package["ModelApprovalStatus"] == "Approved"
    report = keys(stack, f"runs/{breast_cancer_run['run']}/report.html")
    assert report


def test_parts_and_holdout_hold_every_row_exactly_once(stack: Stack, breast_cancer_run: dict[str, Any]) -> None:
    run, classes = breast_cancer_run["run"], ["benign", "malignant"]
    parts = [read_typed(stack, f"runs/{run}/parts/{i}/", "diagnosis", classes) for i in range(3)]
    holdout = read_typed(stack, f"runs/{run}/holdout/", "diagnosis", classes)
    columns = list(breast_cancer().columns)
    together = pd.concat([*parts, holdout]).sort_values(columns).reset_index(drop=True)
    pd.testing.assert_frame_equal(together, breast_cancer().sort_values(columns).reset_index(drop=True))
    counts = pd.DataFrame([p["diagnosis"].value_counts() for p in parts])
    assert (counts.max() - counts.min()).max() <= 1


def final_model(stack: Stack, summary: dict[str, Any], folder: Path) -> Any:
    key = next(k for k in keys(stack, f"runs/{summary['run']}/model/") if k.endswith("model.tar.gz"))
    archive = io.BytesIO(read(stack, key))
    with tarfile.open(fileobj=archive) as tar:
        tar.extractall(folder, filter="data")
    return joblib.load(folder / "model.joblib")


def test_the_artifact_scores_the_holdout_and_predicts_as_reported(
    stack: Stack, breast_cancer_run: dict[str, Any], tmp_path: Path
) -> None:
    model = final_model(stack, breast_cancer_run, tmp_path)
    classes = json.loads((tmp_path / "model.json").read_text())["classes"]
    holdout = read_typed(stack, f"runs/{breast_cancer_run['run']}/holdout/", "diagnosis", classes)
    truth = holdout["diagnosis"].map(classes.index)
    score = get_scorer("roc_auc")(model, holdout.drop(columns="diagnosis"), truth)
    assert score == pytest.approx(breast_cancer_run["holdout"]["score"], abs=1e-9)
    predictions = read_frames(stack, f"runs/{breast_cancer_run['run']}/predictions/")
    rows = breast_cancer().drop(columns="diagnosis").head(40)
    pd.testing.assert_frame_equal(predictions[list(rows.columns)], rows)
    expected = model.predict_proba(rows)
    np.testing.assert_allclose(predictions[[f"probability_{c}" for c in classes]].to_numpy(), expected, atol=1e-12)
    assert list(predictions["prediction"]) == [classes[i] for i in model.predict(rows)]


def test_a_cv_score_is_scikit_learns_own(stack: Stack, breast_cancer_run: dict[str, Any], tmp_path: Path) -> None:
    from sklearn.base import clone

    model = final_model(stack, breast_cancer_run, tmp_path)
    classes = json.loads((tmp_path / "model.json").read_text())["classes"]
    run = breast_cancer_run["run"]
    parts = [read_typed(stack, f"runs/{run}/parts/{i}/", "diagnosis", classes) for i in range(3)]
    scores = []
    for i, part in enumerate(parts):
        train = pd.concat([p for j, p in enumerate(parts) if j != i])
        fitted = clone(model).fit(train.drop(columns="diagnosis"), train["diagnosis"].map(classes.index))
        truth = part["diagnosis"].map(classes.index)
        scores.append(get_scorer("roc_auc")(fitted, part.drop(columns="diagnosis"), truth))
    assert breast_cancer_run["best"]["scores"] == pytest.approx(scores, abs=1e-9)
    assert breast_cancer_run["best"]["score_mean"] == pytest.approx(np.mean(scores), abs=1e-9)


def test_warm_pools_serve_all_but_the_first_folds(stack: Stack, breast_cancer_run: dict[str, Any]) -> None:
    run = breast_cancer_run["run"]
    jobs = training_jobs(stack, run)
    cold, warm = fold_starts(jobs)
    assert len(cold) <= (2 + 1) * 3, "two candidates at a time, and the default hyperparameters beside them"
    assert len(cold) + len(warm) == (4 + 1) * 3
    (final,) = [job["TrainingJobName"] for job in jobs if is_final(job)]
    assert [j for j in jobs if j.get("WarmPoolStatus", {}).get("ReusedByJob") == final]
    assert (breast_cancer_run["cold_starts"], breast_cancer_run["warm_starts"]) == (len(cold), len(warm))
    assert_nothing_is_left(stack, run)


def test_a_multiclass_dataset(stack: Stack) -> None:
    experiment = QUICK + "estimator: linear\n"
    summary = succeeded(stack, "wine", load_wine(as_frame=True).frame, experiment=experiment)
    assert summary["metric"] == "balanced_accuracy"
    predictions = read_frames(stack, f"runs/{summary['run']}/predictions/")
    probabilities = predictions[[f"probability_{n}" for n in range(3)]].sum(axis=1)
    np.testing.assert_allclose(probabilities, 1)


def with_text(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    colour = rng.choice(np.array(["red", 'green, "or" blue', "li\nne", None], dtype=object), size=rows)
    size = np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows))
    label = np.where((colour == "red") | (np.nan_to_num(size) > 0.8), "yes", "no")
    return pd.DataFrame({"colour": colour, "size": size, "target": label})


def test_text_and_missing_values_are_learned_from_and_scored_row_by_row_in_order(stack: Stack, tmp_path: Path) -> None:
    rows = with_text(30_000, seed=8).assign(note="x" * 200, id=range(30_000))  # two chunks, with the target and more
    predict = rows.to_csv(index=False)
    # the label follows from the features, so that the holdout may be perfect
    experiment = QUICK + "estimator: random_forest\nquality_gate: {suspicious: ignore}\n"
    summary = succeeded(stack, "text", with_text(300, seed=7), experiment=experiment, predict=predict)
    assert summary["best"]["score_mean"] > 0.8
    prefix = f"runs/{summary['run']}/predictions/"
    assert len(keys(stack, prefix)) == 2
    answered = [list(csv.reader(io.StringIO(read(stack, key).decode(), newline=""))) for key in keys(stack, prefix)]
    header = answered[0][0]
    assert header[: len(rows.columns) + 1] == [*rows.columns, "prediction"]
    answers = [row for chunk in answered for row in chunk[1:]]
    assert [row[: len(rows.columns)] for row in answers] == list(csv.reader(io.StringIO(predict, newline="")))[1:]
    model = final_model(stack, summary, tmp_path)
    features = pd.read_csv(io.StringIO(predict))[["colour", "size"]]
    probabilities = model.predict_proba(features)
    served = np.array([row[-2:] for row in answers], dtype=float)
    np.testing.assert_allclose(served, probabilities, atol=1e-12)
    assert [row[len(rows.columns)] for row in answers] == [["no", "yes"][i] for i in model.predict(features)]


def test_a_gate_that_is_not_passed_registers_a_rejected_model(stack: Stack) -> None:
    experiment = QUICK + "quality_gate: {min_score: 0.99999}\n"
    noise = np.random.default_rng(1)
    frame = pd.DataFrame({"x": noise.normal(size=200), "target": noise.choice(["a", "b"], size=200)})
    summary = succeeded(stack, "noise", frame, experiment=experiment)
    assert summary["outcome"] == "rejected"
    assert summary["model_package"]["status"] == "Rejected"
    assert not keys(stack, f"runs/{summary['run']}/predictions/")
