"""Small datasets, written as CSV and read by the rules."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from warmfold_data.asked import Asked, Splitting
from warmfold_data.cells import Value, values
from warmfold_data.csv_records import DatasetRuleError, csv_line
from warmfold_data.rules import scan
from warmfold_run.records import Profile, Reading, Remark

ROWS = 120


def csv_of(columns: dict[str, Sequence[object]]) -> bytes:
    """A table as CSV, given by its columns."""
    rows = zip(*columns.values(), strict=True)
    return "".join(csv_line([str(cell) for cell in row]) for row in [tuple(columns), *rows]).encode()


def measured(rows: int = ROWS, seed: int = 1) -> list[str]:
    """Numbers of two decimals, no two in order."""
    numbers = random.Random(seed)
    return [f"{numbers.uniform(-500, 500):.2f}" for _ in range(rows)]


def labels(rows: int = ROWS, seed: int = 2) -> list[str]:
    """Two classes by chance."""
    return random.Random(seed).choices(["yes", "no"], k=rows)


def understood(table: dict[str, Sequence[object]], **asked: Any) -> Profile:
    """What the rules say of a table: its last column is the target."""
    splitting = asked.pop("splitting", Splitting(n_splits=3))
    return scan(io.BytesIO(csv_of(table)), file="data.csv", asked=Asked(**asked, splitting=splitting))


def feature(cells: Sequence[object], **asked: Any) -> Profile:
    """What the rules say of a table whose column `x` has these cells, beside a measured one and two classes."""
    rows = len(cells)
    return understood({"x": cells, "beside": measured(rows), "y": labels(rows)}, **asked)


def target(cells: Sequence[object], **asked: Any) -> Profile:
    """What the rules say of a table whose target `y` has these cells."""
    rows = len(cells)
    return understood({"a": measured(rows), "b": measured(rows, seed=5), "y": cells}, **asked)


def value_of(cell: str, reading: Reading) -> Value:
    """What one cell holds; raises CellError."""
    return values(reading)(cell)


def remarks(profile: Profile, code: str) -> list[Remark]:
    """The remarks of a kind."""
    return [remark for remark in profile["remarks"] if remark["code"] == code]


BAD_LINE = 40


def refusal(make: Callable[[], object], place: str = "") -> str:
    """What a refused dataset is told, which is whole sentences that begin with the place."""
    with pytest.raises(DatasetRuleError) as caught:
        make()
    said = str(caught.value)
    assert said.startswith(place)
    assert said.endswith((".", "?"))
    return said


def with_cell(cells: list[str], *odd: str) -> list[str]:
    """The cells, with odd ones from line BAD_LINE on."""
    return [*cells[: BAD_LINE - 2], *odd, *cells[BAD_LINE - 2 + len(odd) :]]
