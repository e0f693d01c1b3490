"""Rows to score beside the training data: what is new, missing or far out is said, and read as training cells are."""

from __future__ import annotations

import io

import pytest

from tests.unit.training_code.dataset import csv_of, labels, measured, understood
from warmfold_data.csv_records import DatasetRuleError
from warmfold_data.rows_to_score import Compared, check_rows_to_score
from warmfold_run.records import Remark

TRAINED = understood(
    {
        "city": ["Oslo", "Graz", "Lyon"] * 40,
        "income": [f"${cell}" for cell in measured()],
        "age": [str(20 + n % 60) for n in range(120)],
        "gap": ["", "1.5", "2.5"] * 40,
        "y": labels(),
    }
)
PLAIN = {"city": ["Oslo"] * 8, "income": ["$5"] * 8, "age": ["30"] * 8, "gap": ["1"] * 8}


def said(file: str = "predict.csv", **columns: list[str]) -> list[Remark]:
    """What is said of eight rows to score in which these columns are other."""
    stream = io.BytesIO(csv_of({**PLAIN, **columns}))
    return check_rows_to_score(stream, file=file, profile=TRAINED).remarks()


def test_nothing_is_said_of_rows_like_the_training_data() -> None:
    assert said() == []
    assert said(city=["Oslo ", "Graz", "Lyon", "Oslo"] * 2) == []
    assert said(gap=["", "", "1", "2"] * 2) == []
    assert said(age=["19", "80", "30", "90"] * 2) == []


@pytest.mark.parametrize(
    ("column", "cells", "code", "evidence", "remedy"),
    [
        ("city", ["Oslo", "Wien"] * 4, "new_categories", "not got: 4 of 8 ('Wien' in line 3", None),
        ("city", ["OSLO", "graz "] * 4, "spelled_otherwise", "all 8 ('OSLO' in line 2, 'graz ' in line 3", None),
        ("city", ["nw1", "nw2"] * 4, "new_categories", "all 8", "columns: {city: ignore}"),
        ("income", ["$5", "?"] * 4, "newly_missing", "4 of 8", None),
        ("gap", [""] * 8, "newly_missing", "all 8", "columns: {gap: ignore}"),
        ("age", ["30", "3000"] * 4, "out_of_range", "range, 20 to 79: 4 of 8", None),
        ("income", ["$5", "$90000"] * 4, "out_of_range", "'$90000' in line 3", None),
        ("age", ["3000", "4000"] * 4, "out_of_range", "all 8", "columns: {age: ignore}"),
    ],
)
def test_what_is_unlike_the_training_data_is_said(
    column: str, cells: list[str], code: str, evidence: str, remedy: str | None
) -> None:
    (only,) = said(**{column: cells})
    assert (only["code"], only["column"], only["remedy"]) == (code, column, remedy)
    assert only["text"].startswith("predict.csv: ")
    assert evidence in only["text"]


def test_remarks_are_the_same_wherever_the_file_lies() -> None:
    plain = said(age=["3000"] * 8)
    assert plain
    for folder in ("datasets/d/", "s3://bucket/datasets/d/"):
        assert said(file=f"{folder}predict.csv", age=["3000"] * 8) == plain


def test_a_cell_that_its_column_s_reading_can_t_take_is_refused_by_line() -> None:
    with pytest.raises(DatasetRuleError, match=r"predict.csv, line 5: 'tall' in column 'age' is not a number"):
        said(age=["30", "30", "30", "tall"] * 2)


class Counted(str):
    """A column's name that counts how often it is compared."""

    comparisons = 0

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return str.__eq__(self, str(other))

    __hash__ = str.__hash__


def test_looking_up_columns_is_no_more_work_for_each_where_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"x{number}" for number in range(500)]
    profile = TRAINED | {"readings": dict.fromkeys(names, TRAINED["readings"]["age"]), "target": "y"}
    monkeypatch.setattr(Counted, "comparisons", 0)
    Compared(profile).start([Counted(name) for name in names], "predict.csv")  # type: ignore[arg-type]
    assert Counted.comparisons <= 4 * len(names)
