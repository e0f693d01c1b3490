"""An estimator, a splitter and a metric from outside go the whole way, from Plan Run to predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.model_selection import PredefinedSplit, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipeline.errors import ExperimentError
from tests.unit.functions.conftest import stored_plan
from tests.unit.training_code.split import Split, in_holdout
from warmfold_catalogue.entries import UnknownNameError
from warmfold_catalogue.estimators import ESTIMATORS
from warmfold_catalogue.metrics import METRICS
from warmfold_catalogue.splitters import SPLITTERS
from warmfold_jobs.data.split import split_dataset
from warmfold_jobs.serving import Records, model_fn, predict_fn
from warmfold_jobs.training.final import train_final
from warmfold_jobs.training.fit import train_fold

EXPERIMENT = """
estimator: nearest_neighbours
metric: f2
cross_validation: {n_splits: 3, strategy: uneven, seed: 1}
search: {hyperparameters: {n_neighbors: {min: 1, max: 20}, weights: distance}}
"""
GIVEN = {"n_neighbors": "5"}
"""What a candidate is given of it."""


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each in the tables."""
    monkeypatch.setitem(ESTIMATORS, "nearest_neighbours", "tests.own_entries:NearestNeighbours")
    monkeypatch.setitem(SPLITTERS, "uneven", "tests.own_entries:Uneven")
    monkeypatch.setitem(METRICS, "f2", "tests.own_entries:F2")


@pytest.fixture
def plan(s3: Any, planned: Any) -> Any:
    def run(data: pd.DataFrame, experiment: str) -> dict[str, Any]:
        return stored_plan(s3, planned({"data.csv": data.to_csv(index=False), "experiment.yaml": experiment}))

    return run


def data() -> pd.DataFrame:
    bunch = load_breast_cancer(as_frame=True)
    numbers = bunch.data.iloc[:, :6]
    site = np.where(np.arange(len(numbers)) % 3 == 0, "left", "right")
    return numbers.assign(site=site, target=[str(bunch.target_names[value]) for value in bunch.target])


def textbook() -> Pipeline:
    """The same model, written down with scikit-learn alone."""
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), slice(0, 6)), ("site", OneHotEncoder(sparse_output=False), [6])]
    )
    return Pipeline([("columns", columns), ("neighbours", KNeighborsClassifier(n_neighbors=5, weights="distance"))])


def sides(plan: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows for cross-validation and those of the holdout, in their order."""
    seed, share = plan["experiment"]["cross_validation"]["seed"], plan["experiment"]["cross_validation"]["holdout"]
    cells = [line.split(",") for line in data().to_csv(index=False).splitlines()[1:]]
    held = np.array([in_holdout(row, seed, share) for row in cells])
    return data()[~held], data()[held]


def parts_of(ready: Split, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
    """The part of each row, as the files have it; no two rows of the data are alike."""
    numbers = list(rows.columns[:6])
    tables = [pd.read_parquet(file)[numbers] for (file,) in ready.parts]
    places = {tuple(row): part for part, table in enumerate(tables) for row in table.to_numpy()}
    return np.array([places[tuple(row)] for row in rows[numbers].to_numpy()])


@pytest.mark.usefixtures("own")
def test_entries_from_outside_are_planned_split_trained_and_served(plan: Any, s3: Any, tmp_path: Path) -> None:
    made = plan(data(), EXPERIMENT)
    profile = split_dataset(made, s3, tmp_path)
    ready = Split(made, tmp_path)
    development, holdout = sides(made)
    assert made["profile"]["part_rows"] == profile["part_rows"]
    assert profile["part_rows"][0] == len(development) // 2
    uneven = parts_of(ready, development)
    assert np.bincount(uneven).tolist() == profile["part_rows"]

    ours = [train_fold(made, ready.schema, GIVEN, *ready.fold(fold))["validation_score"] for fold in range(3)]
    features, labels = development.drop(columns="target"), (development["target"] == "malignant").to_numpy(int)
    f2 = make_scorer(fbeta_score, beta=2)
    theirs = cross_val_score(textbook(), features, labels, cv=PredefinedSplit(uneven), scoring=f2)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)

    metrics = train_final(made, ready.schema, GIVEN, ready.files, ready.holdout, tmp_path / "model")
    model = textbook().fit(features, labels)
    held, truth = holdout.drop(columns="target"), (holdout["target"] == "malignant").to_numpy(int)
    assert metrics["holdout_score"] == pytest.approx(f2(model, held, truth), abs=1e-9)

    rows = [line.split(",") for line in held.to_csv(index=False).splitlines()]
    answer = predict_fn(Records(rows[0], rows[1:]), model_fn(str(tmp_path / "model")))
    told = pd.DataFrame(answer.rows, columns=answer.header)
    assert told["prediction"].tolist() == ["malignant" if label else "benign" for label in model.predict(held)]
    np.testing.assert_allclose(told["probability_malignant"].astype(float), model.predict_proba(held)[:, 1], atol=1e-9)


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("table", "name", "words"),
    [
        (
            ESTIMATORS,
            "nearest_neighbours",
            "estimator nearest_neighbours is unknown; use one of hist_gradient_boosting",
        ),
        (METRICS, "f2", "metric f2 is unknown; use one of accuracy, average_precision"),
        (SPLITTERS, "uneven", 'cross_validation.strategy is "uneven"; it must be "stratified" or "kfold"'),
    ],
)
def test_plan_run_refuses_by_name_what_has_no_line_in_its_table(
    plan: Any, monkeypatch: pytest.MonkeyPatch, table: dict[str, str], name: str, words: str
) -> None:
    monkeypatch.delitem(table, name)
    with pytest.raises(ExperimentError, match=words):
        plan(data(), EXPERIMENT)


@pytest.mark.usefixtures("own")
def test_jobs_refuse_by_name_what_has_no_line_in_its_table(
    plan: Any, s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = plan(data(), EXPERIMENT)
    split_dataset(made, s3, tmp_path)
    ready = Split(made, tmp_path)
    monkeypatch.delitem(SPLITTERS, "uneven")
    with pytest.raises(UnknownNameError, match="splitter uneven is unknown; use one of stratified, kfold"):
        split_dataset(made, s3, tmp_path / "again")
    monkeypatch.delitem(METRICS, "f2")
    with pytest.raises(UnknownNameError, match="metric f2 is unknown; use one of accuracy"):
        train_fold(made, ready.schema, GIVEN, *ready.fold(0))
    monkeypatch.delitem(ESTIMATORS, "nearest_neighbours")
    with pytest.raises(
        UnknownNameError, match="nearest_neighbours is unknown; use one of hist_gradient_boosting, rand"
    ):
        train_fold(made, ready.schema, GIVEN, *ready.fold(0))


@pytest.mark.usefixtures("own")
def test_an_estimator_that_is_not_for_the_problem_is_refused(plan: Any) -> None:
    numbers = data().assign(target=np.linspace(0, 1, len(data())))
    with pytest.raises(
        ExperimentError, match="estimator nearest_neighbours does not fit regression; use one of hist_gradient_boosting"
    ):
        plan(numbers, EXPERIMENT.replace("metric: f2", ""))
