"""Whole runs on the local cloud: an ordinary upload starts them, and what they claim is checked from outside."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.metrics import get_scorer

from warmfold.follow import follow
from warmfold.progress import Progress
from warmfold.stack import Stack

pytestmark = [pytest.mark.xdist_group("cloud"), pytest.mark.timeout(240)]

SMALL = """\
cross_validation: {n_splits: 3}
search:
  max_candidates: 3
  max_parallel_candidates: 2
  hyperparameters: {learning_rate: {min: 0.05, max: 0.3}, max_iter: 20}
"""


def run_to_the_end(
    stack: Stack, dataset: str, data: bytes, **others: str | bytes
) -> tuple[Progress, dict[str, Any] | None]:
    """Upload with a plain S3 client, data.csv last, and follow the run EventBridge started."""
    for name, body in others.items():
        suffix = {"experiment": "experiment.yaml", "predict": "predict.csv"}[name]
        stack.s3.put_object(Bucket=stack.bucket, Key=f"datasets/{dataset}/{suffix}", Body=body)
    version = stack.s3.put_object(Bucket=stack.bucket, Key=f"datasets/{dataset}/data.csv", Body=data)["VersionId"]
    arn = stack.wait_for_execution(dataset, version)
    progress = follow(stack, arn, Console(file=io.StringIO()))
    uri = (progress.output or {}).get("summary_uri")
    return progress, stack.read_json(uri) if uri else None


def succeeded(stack: Stack, dataset: str, frame: pd.DataFrame, **others: str | bytes) -> dict[str, Any]:
    progress, summary = run_to_the_end(stack, dataset, frame.to_csv(index=False).encode(), **others)
    assert progress.status == "SUCCEEDED", (progress.current_state, progress.error, progress.cause)
    assert summary is not None
    return summary


def keys(stack: Stack, prefix: str) -> list[str]:
    pages = stack.s3.get_paginator("list_objects_v2").paginate(Bucket=stack.bucket, Prefix=prefix)
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))


def read_frames(stack: Stack, prefix: str) -> pd.DataFrame:
    bodies = [stack.s3.get_object(Bucket=stack.bucket, Key=k)["Body"].read() for k in keys(stack, prefix)]
    return pd.concat([pd.read_csv(io.BytesIO(b), float_precision="round_trip") for b in bodies], ignore_index=True)


def breast_cancer() -> pd.DataFrame:
    bunch = load_breast_cancer(as_frame=True)
    return bunch.data.assign(diagnosis=[str(bunch.target_names[v]) for v in bunch.target])


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
    run = breast_cancer_run["run"]
    parts = [read_frames(stack, f"runs/{run}/parts/{i}/") for i in range(3)]
    holdout = read_frames(stack, f"runs/{run}/holdout/")
    columns = list(breast_cancer().columns)
    together = pd.concat([*parts, holdout]).sort_values(columns).reset_index(drop=True)
    pd.testing.assert_frame_equal(together, breast_cancer().sort_values(columns).reset_index(drop=True))
    counts = pd.DataFrame([p["diagnosis"].value_counts() for p in parts])
    assert (counts.max() - counts.min()).max() <= 1


def final_model(stack: Stack, summary: dict[str, Any], folder: Path) -> Any:
    key = next(k for k in keys(stack, f"runs/{summary['run']}/model/") if k.endswith("model.tar.gz"))
    archive = io.BytesIO(stack.s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read())
    with tarfile.open(fileobj=archive) as tar:
        tar.extractall(folder, filter="data")
    return joblib.load(folder / "model.joblib")


def test_the_artifact_scores_the_holdout_and_predicts_as_reported(
    stack: Stack, breast_cancer_run: dict[str, Any], tmp_path: Path
) -> None:
    model = final_model(stack, breast_cancer_run, tmp_path)
    classes = json.loads((tmp_path / "model.json").read_text())["classes"]
    holdout = read_frames(stack, f"runs/{breast_cancer_run['run']}/holdout/")
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
    parts = [read_frames(stack, f"runs/{breast_cancer_run['run']}/parts/{i}/") for i in range(3)]
    scores = []
    for i, part in enumerate(parts):
        train = pd.concat([p for j, p in enumerate(parts) if j != i])
        fitted = clone(model).fit(train.drop(columns="diagnosis"), train["diagnosis"].map(classes.index))
        truth = part["diagnosis"].map(classes.index)
        scores.append(get_scorer("roc_auc")(fitted, part.drop(columns="diagnosis"), truth))
    assert breast_cancer_run["best"]["scores"] == pytest.approx(scores, abs=1e-9)
    assert breast_cancer_run["best"]["score_mean"] == pytest.approx(np.mean(scores), abs=1e-9)


def training_jobs(stack: Stack, run: str) -> list[dict[str, Any]]:
    pages = stack.sagemaker.get_paginator("list_training_jobs").paginate(NameContains=run)
    names = [j["TrainingJobName"] for page in pages for j in page["TrainingJobSummaries"]]
    return [dict(stack.sagemaker.describe_training_job(TrainingJobName=n)) for n in names]


def test_warm_pools_serve_all_but_the_first_folds(stack: Stack, breast_cancer_run: dict[str, Any]) -> None:
    jobs = training_jobs(stack, breast_cancer_run["run"])
    reused_by = {j["WarmPoolStatus"].get("ReusedByJob") for j in jobs if "WarmPoolStatus" in j}
    folds = {j["TrainingJobName"] for j in jobs if "-f" in j["TrainingJobName"][-4:]}
    assert len(folds) == 3 * 3
    assert len(folds - reused_by) <= 2 * 3
    assert any(name.endswith("-final") for name in reused_by if name)
    assert not [j for j in jobs if j["TrainingJobStatus"] in ("InProgress", "Stopping")]
    assert not [j for j in jobs if j.get("WarmPoolStatus", {}).get("Status") == "Available"]


def test_a_regression_without_an_experiment_infers_everything_but_the_size(stack: Stack) -> None:
    frame = load_diabetes(as_frame=True).frame
    summary = succeeded(
        stack, "diabetes", frame, experiment="search: {max_candidates: 2}\ncross_validation: {n_splits: 2}"
    )
    assert summary["metric"] == "r2"


def test_a_multiclass_dataset(stack: Stack) -> None:
    experiment = "estimator: linear\nsearch: {max_candidates: 2}\ncross_validation: {n_splits: 3}"
    assert succeeded(stack, "wine", load_wine(as_frame=True).frame, experiment=experiment)["outcome"] == "succeeded"


def test_text_columns_and_missing_values(stack: Stack) -> None:
    rng = np.random.default_rng(7)
    colour = rng.choice(["red", "green, or blue", "li\nne", None], size=300)
    size = np.where(rng.random(300) < 0.1, np.nan, rng.normal(size=300))
    label = np.where((colour == "red") | (np.nan_to_num(size) > 0.8), "yes", "no")
    frame = pd.DataFrame({"colour": colour, "size": size, "target": label})
    experiment = "estimator: random_forest\nsearch: {max_candidates: 2}\ncross_validation: {n_splits: 3}"
    summary = succeeded(stack, "text", frame, experiment=experiment)
    assert summary["best"]["score_mean"] > 0.8


def test_bad_data_ends_in_its_own_words_before_any_training_job(stack: Stack) -> None:
    progress, _ = run_to_the_end(stack, "bad", b"a,target\n1,x\n2,x\n3,x\n4,x\n5,x\n6,x\n")
    assert progress.status == "FAILED"
    assert progress.error == "DatasetError"
    assert "data.csv" in str(progress.cause)
    assert progress.states == ["Plan Run"]


def test_a_gate_that_is_not_passed_registers_a_rejected_model(stack: Stack) -> None:
    experiment = SMALL + "quality_gate: {min_score: 0.99999}\n"
    noise = np.random.default_rng(1)
    frame = pd.DataFrame({"x": noise.normal(size=200), "target": noise.choice(["a", "b"], size=200)})
    summary = succeeded(stack, "noise", frame, experiment=experiment)
    assert summary["outcome"] == "rejected"
    assert summary["model_package"]["status"] == "Rejected"
    assert not keys(stack, f"runs/{summary['run']}/predictions/")
