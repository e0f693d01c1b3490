"""Fold and final fits: the scores are scikit-learn's own, nothing leaks, the artifact stands alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import joblib
import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from moto import mock_aws
from sklearn.datasets import load_diabetes, load_wine
from sklearn.metrics import get_scorer
from sklearn.model_selection import PredefinedSplit, cross_val_score

from tests.documents import complaints
from tests.unit.training_code.split import Split, breast_cancer, mixed, split
from warmfold_data.cells import plain_reading
from warmfold_jobs import container
from warmfold_jobs.data.table import Schema, TableError, feature_frame, read_table
from warmfold_jobs.fan_out import candidate as cross_validation
from warmfold_jobs.fan_out.place import Fold
from warmfold_jobs.training import fit
from warmfold_jobs.training.final import train_final
from warmfold_jobs.training.job import main
from warmfold_jobs.training.pipeline import build_pipeline
from warmfold_jobs.training.scoring import ScoreError
from warmfold_run.encoding import HyperparameterError, decode
from warmfold_run.records import FinalMetrics, FoldResult

SPACES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "hist_gradient_boosting": (
        {
            "learning_rate": {"min": 0.01, "max": 0.5, "type": "continuous", "scaling": "Logarithmic"},
            "max_iter": {"value": 20},
        },
        {"learning_rate": "0.3"},
    ),
    "random_forest": (
        {
            "n_estimators": {"value": 15},
            "max_features": {"min": 0.1, "max": 1, "type": "continuous", "scaling": "Auto"},
        },
        {"max_features": "1"},
    ),
}


def linear_space(problem: str) -> tuple[dict[str, Any], dict[str, str]]:
    name = "C" if problem == "classification" else "alpha"
    return {name: {"min": 0.01, "max": 10.0, "type": "continuous", "scaling": "Logarithmic"}}, {name: "0.5"}


DATASETS = {
    "breast_cancer": (breast_cancer, "classification", "roc_auc"),
    "wine": (lambda: load_wine(as_frame=True).frame, "classification", "roc_auc_ovr"),
    "diabetes": (lambda: load_diabetes(as_frame=True).frame, "regression", "neg_root_mean_squared_error"),
    "mixed": (mixed, "classification", "f1"),
}


@pytest.mark.parametrize("estimator", ["hist_gradient_boosting", "random_forest", "linear"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_candidate_s_cv_score_is_scikit_learn_s_own(dataset: str, estimator: str, tmp_path: Path) -> None:
    make, problem, metric = DATASETS[dataset]
    space, given = linear_space(problem) if estimator == "linear" else SPACES[estimator]
    ready = split(tmp_path, make(), problem=problem, metric=metric, estimator=estimator, space=space)
    ours = [fit.train_fold(ready.plan, ready.schema, given, *ready.fold(fold))["validation_score"] for fold in range(4)]
    tables = [read_table(files, ready.schema) for files in ready.parts]
    features = pd.concat([table[0] for table in tables], ignore_index=True)
    labels = np.concatenate([table[1] for table in tables])
    folds = np.concatenate([np.full(len(table[1]), part) for part, table in enumerate(tables)])
    theirs = []
    for fold in range(4):
        pipeline = build_pipeline(ready.schema, features[folds != fold], estimator, decode(space, given), seed=7)
        only = PredefinedSplit(np.where(folds == fold, 0, -1))
        theirs += list(cross_val_score(pipeline, features, labels, cv=only, scoring=metric))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def final(tmp_path_factory: pytest.TempPathFactory) -> tuple[Split, Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("final")
    ready = split(folder, mixed(), estimator="random_forest", space=SPACES["random_forest"][0], metric="roc_auc")
    given = SPACES["random_forest"][1]
    metrics = train_final(ready.plan, ready.schema, given, ready.files, ready.holdout, folder / "model")
    return ready, folder / "model", metrics


def test_the_artifact_scores_the_holdout_as_reported_in_a_process_without_this_code(
    final: tuple[Split, Path, dict[str, Any]], tmp_path: Path
) -> None:
    ready, model_dir, metrics = final
    features, labels = read_table(ready.holdout, ready.schema)
    features.to_pickle(tmp_path / "features")
    np.save(tmp_path / "labels.npy", labels)
    script = (
        "import sys, joblib, numpy, pandas; from sklearn.metrics import get_scorer;"
        "print(repr(float(get_scorer('roc_auc')(joblib.load(sys.argv[1]), pandas.read_pickle('features'),"
        " numpy.load('labels.npy')))))"
    )
    told = subprocess.run(
        [sys.executable, "-P", "-c", script, model_dir / "model.joblib"],
        cwd=tmp_path,
        env={},
        check=True,
        capture_output=True,
        text=True,
    )
    assert float(told.stdout) == pytest.approx(metrics["holdout_score"], abs=1e-9)
    assert metrics["rows"]["holdout"] == len(labels)
    assert 0 < metrics["holdout_standard_error"] < 0.2


def test_the_artifact_says_what_it_is_and_carries_the_code_that_serves_it(
    final: tuple[Split, Path, dict[str, Any]],
) -> None:
    _, model_dir, metrics = final
    told = json.loads((model_dir / "model.json").read_text())
    assert told["features"] == ["colour", "size", "flag"]
    assert told["classes"] == ["no", "yes"]
    assert told["positive_class"] == metrics["positive_class"] == "yes"
    assert told["hyperparameters"] == {"n_estimators": 15, "max_features": 1.0}
    assert {"inference.py", "warmfold_jobs", "warmfold_run"} <= {path.name for path in (model_dir / "code").iterdir()}
    assert json.loads((model_dir / "metrics.json").read_text()) == metrics


def test_metrics_and_a_fold_s_result_have_the_keys_that_the_contract_says(
    final: tuple[Split, Path, dict[str, Any]],
) -> None:
    ready, model_dir, _ = final
    assert complaints(FinalMetrics, json.loads((model_dir / "metrics.json").read_text())) == []
    result = fit.train_fold(ready.plan, ready.schema, SPACES["random_forest"][1], *ready.fold(0))
    assert complaints(FoldResult, json.loads(json.dumps(result))) == []


def test_the_same_seed_gives_the_same_fit_whatever_happened_before(tmp_path: Path) -> None:
    ready = split(tmp_path, mixed(), estimator="random_forest", space=SPACES["random_forest"][0])
    args = ready.plan, ready.schema, SPACES["random_forest"][1], *ready.fold(0)
    first = fit.train_fold(*args)["validation_score"]
    np.random.seed(1)
    np.random.random(3)
    assert fit.train_fold(*args)["validation_score"] == first


def test_what_is_imputed_and_encoded_is_learned_from_the_training_rows_alone(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": np.arange(120.0), "word": ["a", "b", "a"] * 40, "label": ["n", "y", "n"] * 40})
    ready = split(tmp_path, frame, estimator="linear", space=linear_space("classification")[0])
    features, labels = read_table(ready.fold(0)[0].files, ready.schema)
    pipeline = build_pipeline(ready.schema, features, "linear", {"C": 1.0}, seed=0).fit(features, labels)
    strange = pd.DataFrame({"x": [1e6, np.inf, np.nan], "word": ["never seen", np.nan, "a"]})
    branches = pipeline.named_steps["preprocessing"].named_transformers_
    assert np.isfinite(pipeline.predict_proba(strange)).all()
    assert branches["numeric"].named_steps["simpleimputer"].statistics_ == [np.median(features["x"])]
    assert list(branches["text"].categories_[0]) == ["a", "b"]


@pytest.mark.parametrize("estimator", ["hist_gradient_boosting", "random_forest", "linear"])
def test_a_text_column_of_many_values_and_huge_numbers_are_taken(estimator: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = [f"word {n}" for n in range(900)]
    size = rng.normal(size=900)
    frame = pd.DataFrame({"word": words, "size": size, "label": np.where(size > 0, "1", "10")})
    frame.loc[5, "size"] = 1e300
    frame.loc[6, "size"] = -np.inf
    space, given = linear_space("classification") if estimator == "linear" else SPACES[estimator]
    ready = split(tmp_path, frame, estimator=estimator, space=space)
    result = fit.train_fold(ready.plan, ready.schema, given, *ready.fold(0))
    assert result["validation_score"] > (0.4 if estimator == "linear" else 0.8)


def test_cells_are_read_exactly(tmp_path: Path) -> None:
    numbers = ["0.1", "1e-320", " 2.5 ", "-0", "123456789.123456789", "", "NA"]
    frame = pd.DataFrame(
        {"n": numbers * 20, "t": ["x\r\ny", '"', ",", "\r", "None", " ", "1"] * 20, "y": ["a", "b"] * 70}
    )
    ready = split(tmp_path, frame)
    features, labels = read_table([*ready.holdout, *ready.files], ready.schema)
    expected = {float(number) for number in numbers[:5]}
    assert set(features["n"].dropna()) == expected
    assert features["n"].isna().sum() == 40
    assert set(features["t"].dropna()) == {"x\r\ny", '"', ",", "1"}
    assert sorted(labels) == [0] * 70 + [1] * 70


def test_classes_are_in_the_order_of_the_profile() -> None:
    profile = {
        "columns": ["a", "y"],
        "target": "y",
        "readings": {"a": plain_reading("text"), "y": plain_reading("numeric")},
        "problem": "classification",
        "classes": {"-1": 2, "9": 4, "10": 3},
    }
    assert Schema.of_profile(profile).classes == ["-1", "9", "10"]


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("size", "tall", "column 'size', row 2: 'tall' is not a number"),
        ("flag", "maybe", "column 'flag', row 2: 'maybe' is not true or false"),
    ],
)
def test_a_cell_of_another_kind_is_named(column: str, cell: str, message: str, tmp_path: Path) -> None:
    schema = split(tmp_path, mixed()).schema
    good = {"colour": "red", "size": "1", "flag": "true", "empty": ""}
    with pytest.raises(TableError, match=message):
        feature_frame([list(good.values()), list((good | {column: cell}).values())], list(good), schema)


def test_hyperparameters_mean_what_the_experiment_means_by_them() -> None:
    space = {
        "whole": {"min": 1, "max": 9, "type": "integer", "scaling": "Auto"},
        "real": {"min": 0, "max": 9, "type": "continuous", "scaling": "Auto"},
        "choice": {"values": [None, "true", 3, "sqrt"]},
        "fixed": {"value": None},
    }
    given = {"whole": "7", "real": "1", "choice": "true", "sagemaker_program": "training.py"}
    decoded = decode(space, given)
    assert decoded == {"whole": 7, "real": 1.0, "choice": "true", "fixed": None}
    assert isinstance(decoded["real"], float)
    assert decode(space, given | {"choice": "null"})["choice"] is None
    for wrong, message in (("4", "is not among"), (None, "choice is missing")):
        with pytest.raises(HyperparameterError, match=message):
            decode(space, {k: v for k, v in (given | {"choice": wrong}).items() if v is not None})


def test_a_score_that_is_no_number_is_an_error_that_says_why(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": range(100), "label": ["rare" if n in (3, 50, 70) else "usual" for n in range(100)]})
    ready = split(tmp_path, frame, strategy="kfold", metric="accuracy")
    ready.plan["experiment"]["metric"] = "roc_auc"
    space = {"learning_rate": "0.1"}
    lacks = next(fold for fold in range(4) if len(set(read_table(ready.parts[fold], ready.schema)[1])) == 1)
    with pytest.raises(ScoreError, match=r"roc_auc of \d+ rows is nan.*strategy: stratified"):
        fit.train_fold(ready.plan, ready.schema, space, *ready.fold(lacks))


def test_a_candidate_trains_a_fold_as_its_fold_job_would(s3: Any, tmp_path: Path) -> None:
    ready = split(tmp_path / "split", mixed(), estimator="random_forest", space=SPACES["random_forest"][0])
    for file in (tmp_path / "split").rglob("*.*"):
        s3.put_object(Bucket="bucket", Key=f"runs/r/{file.relative_to(tmp_path / 'split')}", Body=file.read_bytes())
    given = SPACES["random_forest"][1]
    here = cross_validation.own_machine(ready.plan, given, 2, cross_validation.WallClock())
    for fold in (1, 3):
        here.start(Fold(fold))
    found: dict[int, Any] = {}
    while len(found) < 2:
        here.wait(30)
        found |= {fold.number: ending for fold, ending in here.ended()}
    here.stop()
    for fold in (1, 3):
        job = fit.train_fold(ready.plan, ready.schema, given, *ready.fold(fold))
        for name in ("train_score", "validation_score", "rows"):
            assert found[fold][name] == job[name]


class Job:
    """A training job's folder and environment, as the container's toolkit lays them out."""

    def __init__(self, root: Path, name: str, ready: Split, **channels: list[Path]) -> None:
        self.root = root
        config = {"config": [ready.folder / "plan.json"], "profile": [ready.folder / "profile.json"]}
        for channel, files in (config | channels).items():
            folder = ready.folder if channel in config else ready.folder / channel
            for file in files:
                target = root / "data" / channel / file.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
        (root / "config").mkdir()
        given = {"sagemaker_program": "training.py", "learning_rate": "0.3"}
        (root / "config" / "hyperparameters.json").write_text(json.dumps(given))
        self.environ = {
            "TRAINING_JOB_NAME": name,
            "SM_CHANNELS": json.dumps(sorted(config | channels)),
            "SM_INPUT_CONFIG_DIR": str(root / "config"),
            "SM_MODEL_DIR": str(root / "model"),
            "SM_OUTPUT_DIR": str(root / "output"),
            **{f"SM_CHANNEL_{name.upper()}": str(root / "data" / name) for name in config | channels},
        }

    @property
    def failure(self) -> str:
        return (self.root / "output" / "failure").read_text()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bucket")
        yield client


def read_json(s3: Any, key: str) -> dict[str, Any]:
    return dict(json.loads(s3.get_object(Bucket="bucket", Key=key)["Body"].read()))


def test_a_fold_job_writes_its_score_to_s3_and_prints_the_metric_lines(
    s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = split(tmp_path / "split", breast_cancer())
    job = Job(tmp_path, "wf-r-001-0a1b2c3d-f2-r1", ready, parts=ready.files)
    assert container.run(main, job.environ) == 0
    written = read_json(s3, "runs/r/candidates/wf-r-001-0a1b2c3d/fold-2.json")
    assert (written["candidate"], written["fold"], written["job"]) == (
        "wf-r-001-0a1b2c3d",
        2,
        "wf-r-001-0a1b2c3d-f2-r1",
    )
    assert written["rows"]["validation"] == len(read_table(ready.parts[2], ready.schema)[1])
    assert capsys.readouterr().out.splitlines() == [
        f"model training score:{written['train_score']!r};",
        f"model validation score:{written['validation_score']!r};",
    ]


def test_the_final_job_writes_its_metrics_where_the_gate_reads_them(s3: Any, tmp_path: Path) -> None:
    ready = split(tmp_path / "split", breast_cancer())
    job = Job(tmp_path, "wf-r-final", ready, parts=ready.files, holdout=ready.holdout)
    assert container.run(main, job.environ) == 0
    metrics = read_json(s3, "runs/r/model/metrics.json")
    assert metrics["rows"]["train"] + metrics["rows"]["holdout"] == 569
    model = joblib.load(tmp_path / "model" / "model.joblib")
    held, truth = read_table(ready.holdout, ready.schema)
    assert get_scorer("roc_auc")(model, held, truth) == metrics["holdout_score"]


@pytest.mark.usefixtures("s3")
def test_a_failure_is_left_for_sagemaker_in_one_line(tmp_path: Path) -> None:
    ready = split(tmp_path / "split", breast_cancer(), space={"loss": {"value": "nonsense"}})
    job = Job(tmp_path, "wf-r-001-0a1b2c3d-f0", ready, parts=ready.files)
    assert container.run(main, job.environ) == 1
    assert job.failure.startswith("InvalidParameterError: The 'loss' parameter")


@pytest.mark.usefixtures("s3")
def test_a_job_that_is_neither_fold_nor_final_says_so(tmp_path: Path) -> None:
    ready = split(tmp_path / "split", breast_cancer())
    job = Job(tmp_path, "something", ready, parts=ready.files)
    assert container.run(main, job.environ) == 1
    assert "training job something is no fold job" in job.failure


def test_a_holdout_that_lacks_a_class_leaves_the_score_open_and_says_why(tmp_path: Path) -> None:
    frame = load_wine(as_frame=True).frame
    ready = split(tmp_path, frame, metric="neg_log_loss")
    held = pq.read_table(ready.holdout[0])
    pq.write_table(held.filter(pc.field("target") != 1), ready.holdout[0])
    given = {"learning_rate": "0.1"}
    metrics = train_final(ready.plan, ready.schema, given, ready.files, ready.holdout, tmp_path / "model")
    assert metrics["holdout_score"] is None
    assert "no row of class '1'" in metrics["holdout_note"]
