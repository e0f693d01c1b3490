"""Repeated cross-validation, from the table to the scores: what each fold of each repeat is trained and scored on."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from tests.unit.training_code.split import Split, breast_cancer, mixed, split
from tests.unit.training_code.virtual_candidate import Candidate
from warmfold_data.asked import Asked
from warmfold_data.csv_records import read_records
from warmfold_data.dealing import HOLDOUT
from warmfold_data.rules import Scanner
from warmfold_jobs.data.parts import final_files
from warmfold_jobs.data.table import Rows, read_table
from warmfold_jobs.training.fit import train_fold

REPEATED: dict[str, Any] = {"n_splits": 3, "repeats": 2}


def dealt(ready: Split, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    """By repeat and row of the table its part, as the row-wise reference deals it."""
    stream = io.BytesIO(frame.to_csv(index=False).encode())
    experiment = ready.plan["experiment"]
    records = read_records(stream, file="data.csv", asked=experiment["dialect"])
    scanner = Scanner(next(records)[1], file="data.csv", asked=Asked.of(experiment, problem=experiment["problem"]))
    for line, row in records:
        scanner.observe(line, row)
    scanner.finish(records)
    return np.array([scanner.dealt, *scanner.further])


def numbers(ready: Split, rows: Rows) -> list[float]:
    """The first feature, by which these tables' rows are known."""
    features, _ = read_table(rows.files, ready.schema, rows.chosen)
    return list(features.iloc[:, 0])


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Split]:
    frame = breast_cancer()
    frame.insert(0, "number", np.random.default_rng(1).permutation(len(frame)) + 0.5)
    space = {"max_iter": {"value": 20}}
    return frame, split(tmp_path_factory.mktemp("split"), frame, space=space, **REPEATED)


def test_every_fold_of_every_repeat_scores_as_scikit_learn_does_on_its_rows(
    repeated: tuple[pd.DataFrame, Split],
) -> None:
    frame, ready = repeated
    placements, folds = dealt(ready, frame), ready.profile["folds"]
    assert [fold["repeat"] for fold in folds] == [0, 0, 0, 1, 1, 1]
    features, labels = frame.drop(columns="diagnosis"), np.array(frame["diagnosis"] == "malignant", int)
    for number, fold in enumerate(folds):
        train, validation = (np.isin(placements[fold["repeat"]], fold[side]) for side in ("train", "validation"))
        order = np.argsort(placements[0][train], kind="stable")
        model = HistGradientBoostingClassifier(max_iter=20, random_state=7)
        model.fit(features[train].iloc[order], labels[train][order])
        scores = (
            roc_auc_score(labels[side], model.predict_proba(features[side])[:, 1]) for side in (train, validation)
        )
        found = train_fold(ready.plan, ready.schema, {}, *ready.fold(number))  # type: ignore[arg-type]
        assert found["rows"] == {"train": train.sum(), "validation": validation.sum()}
        assert (found["train_score"], found["validation_score"]) == pytest.approx(tuple(scores), abs=1e-12)


def test_every_row_is_validated_once_a_repeat_and_trained_on_in_all_other_folds(
    repeated: tuple[pd.DataFrame, Split],
) -> None:
    frame, ready = repeated
    held, _ = read_table(ready.holdout, ready.schema)
    developed = sorted(set(frame["number"]) - set(held["number"]))
    assert len(developed) + len(held) == len(frame)
    sides = [[numbers(ready, rows) for rows in ready.fold(fold)] for fold in range(6)]
    for repeat in (0, 1):
        of_repeat = sides[3 * repeat : 3 * repeat + 3]
        assert sorted(number for _, validation in of_repeat for number in validation) == developed
        for train, validation in of_repeat:
            assert sorted([*train, *validation]) == developed
    final = final_files(ready.folder / "parts", ready.folder / "profile.json")
    assert sorted(read_table(final, ready.schema)[0]["number"]) == developed


def test_a_candidate_reports_the_mean_of_the_folds_of_all_repeats(repeated: tuple[pd.DataFrame, Split]) -> None:
    _, ready = repeated
    scores = [
        train_fold(ready.plan, ready.schema, {}, *ready.fold(fold))["validation_score"]  # type: ignore[arg-type]
        for fold in range(ready.plan["folds"])
    ]
    assert len(set(scores)) == 6
    candidate = Candidate(ready.plan["folds"])
    candidate.fold_scores = dict(enumerate(scores))
    assert candidate.run() == scores
    assert candidate.created == [f"f{fold}" for fold in range(6)]
    assert candidate.outcome.validation_score == fmean(scores)


def test_copies_stay_together_in_every_repeat_whether_read_by_columns_or_by_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.concat([pd.DataFrame({"number": np.arange(90) + 0.5, "label": ["yes", "no", "no"] * 30})] * 3)
    by_columns = split(tmp_path / "columns", frame, n_splits=4, repeats=3)
    assert "row by row" not in capsys.readouterr().out
    with_a_header_below = frame.copy()
    monkeypatch.setattr(with_a_header_below, "to_csv", lambda **given: frame.to_csv(**given) + '"number","label"\n')
    by_rows = split(tmp_path / "rows", with_a_header_below, n_splits=4, repeats=3)
    assert "row by row" in capsys.readouterr().out
    for fold in range(12):
        for ours, reference in zip(by_columns.fold(fold), by_rows.fold(fold), strict=True):
            found = numbers(by_columns, ours)
            assert found == numbers(by_rows, reference)
            assert set(Counter(found).values()) == {3}


def test_the_column_of_a_repeat_gives_way_to_the_data_s(tmp_path: Path) -> None:
    frame = mixed().rename(columns={"size": "part_of_repeat_1", "flag": "part_of_repeat_1_1"})
    ready = split(tmp_path, frame, **REPEATED)
    assert pq.read_schema(ready.files[0]).names == [
        *("colour", "part_of_repeat_1", "part_of_repeat_1_1", "label"),
        "part_of_repeat_1_2",
    ]
    assert "part_of_repeat_1" in ready.schema.features
    assert "part_of_repeat_1_2" not in ready.schema.features
    held = pq.read_table(ready.holdout[0])["part_of_repeat_1_2"].to_pylist()
    assert set(held) == {HOLDOUT}
    found = train_fold(ready.plan, ready.schema, {"learning_rate": "0.1"}, *ready.fold(4))  # type: ignore[arg-type]
    assert sum(found["rows"].values()) == sum(ready.profile["part_rows"])  # type: ignore[arg-type]
