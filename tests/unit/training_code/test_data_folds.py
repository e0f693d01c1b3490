"""Folds that the data decides: as many as there may be, and a value of the fold column however it is written."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.training_code.split import split
from warmfold_catalogue.splitters import MOST_FOLDS, TooManyFoldsError, load_splitter
from warmfold_catalogue.splitters.predefined import fold_value, folds_of
from warmfold_data.asked import Asked, Splitting
from warmfold_data.csv_records import DatasetRuleError
from warmfold_data.dealing import Rows, content_hash, deal
from warmfold_data.rules import scan
from warmfold_jobs.data.array_dealing import RowArrays, deal_arrays
from warmfold_run.records import Profile

KEYS = {"leave_one_group_out": "group_column", "predefined": "fold_column"}
MANY = 30_000
"""Values of which a list for each, as long as there are values, would fill the memory."""


def frame(folds: Any) -> pd.DataFrame:
    """Rows all of which differ, with these cells in the column `fold`."""
    number = np.arange(len(folds))
    return pd.DataFrame(
        {"size": number * 37 % 1009 + number / 7, "fold": folds, "y": np.where(number * number % 7 < 3, "yes", "no")}
    )


def by_rows(table: pd.DataFrame, strategy: str) -> Profile:
    splitting = Splitting(strategy=strategy, **{KEYS[strategy]: "fold"})  # type: ignore[arg-type]
    asked = Asked(target="y", problem="classification", metric="roc_auc", splitting=splitting)
    return scan(io.BytesIO(table.to_csv(index=False).encode()), file="data.csv", asked=asked)


def by_columns(table: pd.DataFrame, strategy: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    ready = split(folder, table, strategy=strategy, holdout=0.2, seed=42, **{KEYS[strategy]: "fold"})
    assert "row by row" not in capsys.readouterr().out
    return ready.profile


@pytest.mark.parametrize("strategy", KEYS)
def test_folds_without_number_are_refused_before_they_are_made(strategy: str) -> None:
    table = frame(np.arange(MANY))
    with pytest.raises(DatasetRuleError, match=rf"'fold' makes \d+ folds with strategy {strategy}, which must be 2 to"):
        by_rows(table, strategy)


@pytest.mark.parametrize("strategy", KEYS)
def test_folds_without_number_are_refused_before_arrays_of_them_are_made(strategy: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetRuleError, match=rf"'fold' makes \d+ folds with strategy {strategy}, which must be 2 to"):
        split(tmp_path, frame(np.arange(MANY)), strategy=strategy, **{KEYS[strategy]: "fold"})


@pytest.mark.parametrize("strategy", KEYS)
@pytest.mark.parametrize("count", [MOST_FOLDS, MOST_FOLDS + 1, MANY])
def test_both_dealings_make_as_many_folds_as_there_may_be(strategy: str, count: int) -> None:
    # the holdout takes two whole groups, and of other folds some of their rows
    rows = MANY if strategy == "predefined" else count + 2
    splitter, splitting = load_splitter(strategy), Splitting(strategy=strategy, holdout=1e-9)
    hashes = [content_hash([str(row)], 1) for row in range(rows)]
    values = [str(row % count) for row in range(rows)]

    def row_by_row() -> Any:
        return deal(Rows(hashes, groups=hashes, folds=values), splitter, splitting)

    def by_arrays() -> Any:
        keys = np.array(hashes, np.uint64)
        folds = np.arange(rows) % count
        return deal_arrays(
            RowArrays(keys, groups=keys, folds=folds, fold_values=list(map(str, range(count)))), splitter, splitting
        )

    for dealt in (row_by_row, by_arrays):
        if count <= MOST_FOLDS:
            assert len(dealt().folds) == count
            continue
        with pytest.raises(TooManyFoldsError) as caught:
            dealt()
        assert caught.value.folds == count


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *(("-1.0", "-1"), ("-1", "-1"), ("-01", "-1"), ("-1.", "-1"), ("-1e0", "-1")),
        *(("1", "1"), ("01", "1"), ("1.0", "1"), ("+1", "1"), ("-0.0", "0"), ("1e3", "1000")),
        *((text, text) for text in ("holdout", "a", "1.5", "inf", "-inf", "+nan", "1_0", "\N{ARABIC-INDIC DIGIT ONE}")),
        *((text, text) for text in ("9007199254740993", "9007199254740992", "1e300")),
    ],
)
def test_a_whole_number_is_one_value_however_it_is_written(cell: str, value: str) -> None:
    assert fold_value(cell) == value


def test_what_pandas_writes_of_a_column_with_minus_one_is_always_trained_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folds = np.array([-1.0, 0.0, 1.0])[np.arange(300) % 3]
    whole = frame(folds.astype(int))
    for table in (whole, frame(folds)):
        for profile in (by_rows(table, "predefined"), by_columns(table, "predefined", tmp_path, capsys)):
            assert [fold["validation"] for fold in profile["folds"]] == [[0], [1]]
            assert [fold["train"] for fold in profile["folds"]] == [[1, 2], [0, 2]]
            assert profile["part_rows"] == by_rows(whole, "predefined")["part_rows"]


def test_a_number_written_in_several_ways_is_one_fold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = frame(np.array(["1", "01", "1.0", "2", "2.0", "holdout"])[np.arange(300) % 6])
    for profile in (by_rows(table, "predefined"), by_columns(table, "predefined", tmp_path, capsys)):
        assert profile["part_rows"] == [150, 100]
        assert profile["holdout_rows"] == 50


def test_numbers_come_by_value_and_then_texts_by_letters_those_of_no_finite_number_too() -> None:
    values = ["10", "9", "b", "+nan", "inf", "a", "-2", "-1", "holdout"]
    expected = {value: part for part, value in enumerate(["-2", "9", "10", "+nan", "a", "b", "inf", "-1"])}
    assert folds_of(values).parts == expected
    assert folds_of(reversed(values)).parts == expected


def test_the_order_of_folds_is_the_same_in_every_process() -> None:
    code = (
        "from warmfold_catalogue.splitters.predefined import folds_of\n"
        "print(*folds_of(['+nan', '-NAN', '3', '1', '2', 'x', '5', '4']).parts)"
    )
    orders = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in "12345"
    }
    assert orders == {"1 2 3 4 5 +nan -NAN x\n"}


def test_a_fold_is_read_without_importing_how_rows_are_dealt() -> None:
    code = "import sys, warmfold_jobs.data.parts; print(*(name for name in sys.modules if name.startswith('warmfold')))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()
    assert "warmfold_jobs.data.parts" in told
    assert not {"warmfold_data.dealing", "warmfold_data.csv_records"} & set(told)
