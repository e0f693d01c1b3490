"""Columns that alone tell the target hold the model; copies and groups of rows are said."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from tests.unit.training_code.dataset import ROWS, labels, measured, remarks, understood
from warmfold_data.errors import DatasetRuleError


def classes_beside(column: list[object], target: list[str]) -> list[str]:
    """The codes of the remarks on a column beside classes that hold the model."""
    profile = understood({"x": column, "beside": measured(len(target)), "y": target})
    return [remark["code"] for remark in profile["remarks"] if remark["holds"] and remark["column"] == "x"]


def numbers_beside(column: list[object], target: list[float]) -> list[str]:
    """The same beside numbers."""
    profile = understood({"x": column, "beside": measured(len(target), seed=9), "y": target})
    return [remark["code"] for remark in profile["remarks"] if remark["holds"] and remark["column"] == "x"]


TARGET = labels()
NUMBERS = [float(cell) for cell in measured()]
BY_CHANCE = random.Random(8)


@pytest.mark.parametrize(
    "column",
    [
        TARGET,
        [{"yes": 1, "no": 0}[label] for label in TARGET],
        [{"yes": "churned", "no": ""}[label] for label in TARGET],
        ["" if n % 7 == 0 else label for n, label in enumerate(TARGET)],
        [f"{label}, reason {n % 4}" for n, label in enumerate(TARGET)],
    ],
    ids=["copy", "recoded", "filled for one class only", "with gaps", "several values for a class"],
)
def test_a_column_that_tells_the_class_is_a_leak(column: list[object]) -> None:
    assert classes_beside(column, TARGET) == ["leak"]


@pytest.mark.parametrize(
    "column",
    [
        ["" if n % 2 else label for n, label in enumerate(TARGET)],
        [{"yes": "no", "no": "yes"}[label] if n == 5 else label for n, label in enumerate(TARGET)],
        BY_CHANCE.choices("abc", k=ROWS),
        measured(seed=12),
        [f"note {n}" for n in range(ROWS)],
    ],
    ids=["mostly missing", "one row contradicts", "by chance", "measured", "each its own"],
)
def test_a_column_that_does_not_is_none(column: list[object]) -> None:
    assert classes_beside(column, TARGET) == []


@pytest.mark.parametrize(
    "column",
    [
        NUMBERS,
        [value * 1.8 + 32 for value in NUMBERS],
        [-value for value in NUMBERS],
        [f"{value + 0.01:.1f}" for value in NUMBERS],
        ["" if n % 7 == 0 else value for n, value in enumerate(NUMBERS)],
    ],
    ids=["copy", "other unit", "other sign", "rounded", "with gaps"],
)
def test_a_column_on_a_line_through_the_target_is_a_leak(column: list[object]) -> None:
    assert numbers_beside(column, NUMBERS) == ["leak"]


@pytest.mark.parametrize(
    "column",
    [
        [value + BY_CHANCE.gauss(0, 20) for value in NUMBERS],
        [value**3 for value in NUMBERS],
        [value if n < 100 else -value for n, value in enumerate(NUMBERS)],
    ],
    ids=["noisy", "curved", "at first only"],
)
def test_a_column_that_only_follows_the_target_is_none(column: list[object]) -> None:
    assert numbers_beside(column, NUMBERS) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(60, 300), st.floats(0.2, 0.5))
def test_columns_by_chance_are_no_leaks(seed: int, different: int, rows: int, share: float) -> None:
    numbers = random.Random(seed)
    target = ["yes" if numbers.random() < share else "no" for _ in range(rows)]
    try:
        found = classes_beside([numbers.randrange(different) for _ in range(rows)], target)
    except DatasetRuleError as refused:
        if "no score can be told from them" not in str(refused):
            raise
        reject()  # few rows of a class, by chance all on one side
    assert found == []


def test_a_copy_of_amounts_is_a_leak_however_they_are_written() -> None:
    amounts = [f"${cell}" for cell in measured()]
    profile = understood({"x": amounts, "beside": measured(seed=9), "y": amounts})
    assert [remark["column"] for remark in remarks(profile, "leak")] == ["x"]


def test_many_rows_of_one_name_with_one_class_are_a_group() -> None:
    customers = [str(1000 + n // 8 * 7) for n in range(480)]
    known = {customer: random.Random(customer).choice(["yes", "no"]) for customer in customers}
    profile = understood(
        {"customer": customers, "minutes": measured(480), "churn": [known[customer] for customer in customers]}
    )
    (said,) = remarks(profile, "groups")
    assert said["holds"]
    assert said["remedy"] == "cross_validation: {strategy: group, group_column: customer}"


def test_many_rows_of_one_name_are_said() -> None:
    profile = understood({"patient_id": [n // 4 * 3 for n in range(480)], "dose": measured(480), "y": labels(480)})
    (said,) = remarks(profile, "groups")
    assert not said["holds"]
    assert "120 different values in 480 rows" in said["text"]


def test_copies_are_counted_and_tell_nothing_of_leaks() -> None:
    rows = list(zip(measured(150), measured(150, seed=3), labels(150), strict=True)) * 6
    random.Random(1).shuffle(rows)
    profile = understood(dict(zip("aby", map(list, zip(*rows, strict=True)), strict=True)))
    (said,) = remarks(profile, "copies")
    assert "750 rows of 900 are copies" in said["text"]
    assert not [remark for remark in profile["remarks"] if remark["holds"]]


def test_copies_are_seen_beside_a_running_number() -> None:
    rows = list(zip(measured(150), labels(150), strict=True)) * 4
    table = {"id": list(range(600)), "a": [row[0] for row in rows], "y": [row[1] for row in rows]}
    assert "450 rows of 600" in remarks(understood(table), "copies")[0]["text"]
