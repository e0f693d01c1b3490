"""Columns of dates: read where days and months can be told apart."""

from __future__ import annotations

import pytest

from tests.unit.training_code.dataset import (
    BAD_LINE,
    ROWS,
    feature,
    refusal,
    remarks,
    value_of,
    with_cell,
)
from warmfold_data.cells import CellError

DATES = {
    "2024-05-06": 1714953600.0,
    "2024-05-06T12:30:15Z": 1714998615.0,
    "2024-05-06 12:30:15.5+02:00": 1714991415.5,
    "31.12.2024": 1735603200.0,
    "31/12/2024": 1735603200.0,
    "12/31/2024 11:30 PM": 1735687800.0,
    "31 Dec 2024": 1735603200.0,
    "Dec 31, 2024": 1735603200.0,
    "2024/12/31": 1735603200.0,
}


@pytest.mark.parametrize("cell", DATES)
def test_dates_are_dates(cell: str) -> None:
    profile = feature([cell] * 40 + [cell.replace("2024", "2023")] * 40 + ["-"])
    reading = profile["readings"]["x"]
    assert reading["kind"] == "date"
    assert value_of(cell, reading) == DATES[cell]
    assert value_of("-", reading) is None
    assert remarks(profile, "dates")


def test_days_and_months_that_can_t_be_told_apart_are_said_and_left_as_text() -> None:
    cells = [f"{n % 12 + 1:02}/{n % 11 + 1:02}/2024" for n in range(ROWS)]
    profile = feature(cells)
    assert profile["readings"]["x"]["kind"] == "text"
    (said,) = remarks(profile, "ambiguous_dates")
    assert said["remedy"] == 'columns: {x: "%d/%m/%Y"}'
    asked = feature(cells, columns={"x": "%d/%m/%Y"})["readings"]["x"]
    assert value_of("02/01/1970", asked) == 86400
    assert value_of("02/01/1970", feature([*cells, "13/01/2024"])["readings"]["x"]) == 86400
    assert "no cell tells days from months" in refusal(lambda: feature(cells, columns={"x": "date"}))


def test_a_cell_among_dates_that_is_none_is_refused_by_line() -> None:
    cells = [f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(ROWS)]
    said = refusal(lambda: feature(with_cell(cells, "soon")))
    assert said.startswith(f"data.csv, line {BAD_LINE}: 'soon' in column 'x' is not a date")
    with pytest.raises(CellError, match="is not a date"):
        value_of("2024-13-01", feature(cells)["readings"]["x"])
