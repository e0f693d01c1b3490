"""The header: whether there is one, and what its columns are called."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.training_code.csv_text import CITIES, ROWS, asked, codes, read, refused, written


@pytest.mark.parametrize(
    "header",
    [
        ["0", "72", "Oslo", "yes"],
        ["2109.28", "72", "Oslo", "no"],
        ["2109.28", "72", "Bergen", "no"],
        ["2109.28", "72", "Bergen", "perhaps"],
    ],
)
def test_a_first_row_where_a_header_should_be_is_refused_with_both_remedies(header: list[str]) -> None:
    text = written([header, *ROWS])
    says = refused(text)
    assert "line 1: the header" in says
    assert "dialect: {header: false}" in says
    assert "dialect: {header: true}" in says
    found, records = read(text, asked=asked(header=False))
    assert found == [["column_1", "column_2", "column_3", "column_4"], header, *ROWS]
    assert (records.dialect["header"], records.dialect["first_line"]) == (False, 1)
    assert read(text, asked=asked(header=True))[0][0] == header


def test_a_header_of_nothing_but_numbers_and_one_of_nothing_but_the_columns_own_cells_are_refused() -> None:
    numbers = [[str(n), f"{n / 3:.2f}", str(n % 7)] for n in range(20)]
    assert "every name is a number" in refused(written(numbers))
    words = [["Oslo", "yes"], ["Turin", "no"], ["Oslo", "no"], ["Turin", "yes"], ["Oslo", "yes"]]
    assert "every name is also one of its column's cells" in refused(written(words))
    dates = [[f"2024-01-{n + 10}", str(n * n)] for n in range(9)]
    assert "looks like a row" in refused(written(dates))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (["0", "1", "2", "3"], ["5.1", "3.5", "1.4", "0.2"]),
        (["country", "2019", "2020", "2021"], ["Norway", "1", "2", "3"]),
        (["country", "2021"], ["Norway", "1"]),
        (["2019", "2020", "2021"], ["4", "5", "6"]),
        (["station", "0.25", "0.5", "0.75", "label"], ["a", "1", "2", "3", "yes"]),
        (["shop", "2024-01-01", "2024-02-01"], ["x", "3", "4"]),
        (["id", "1", "2", "label"], ["17", "1", "2", "no"]),
    ],
)
def test_columns_that_are_called_by_numbers_or_dates_are_taken_with_a_remark(header: list[str], row: list[str]) -> None:
    found, records = read(written([header, *[row] * 20]))
    assert found[0] == header
    assert codes(records) == ["numeric_names"]


@settings(max_examples=60)
@given(st.data())
def test_a_header_of_words_that_are_no_cells_is_never_refused(data: st.DataObject) -> None:
    width = data.draw(st.integers(2, 5))
    kinds = data.draw(st.lists(st.sampled_from(["number", "word", "date"]), min_size=width, max_size=width))
    cells = {
        "number": st.floats(-1e3, 1e3).map(lambda value: f"{value:.3f}"),
        "word": st.sampled_from(CITIES),
        "date": st.dates().map(str),
    }
    rows = data.draw(st.lists(st.tuples(*(cells[kind] for kind in kinds)), min_size=1, max_size=12))
    names = [f"{kind} {place}" for place, kind in enumerate(kinds)]
    found, records = read(written([names, *map(list, rows)]))
    assert found == [names, *map(list, rows)]
    assert (records.remarks, records.dialect["skipped"]) == ([], [])


def test_names_lose_blanks_and_are_composed_and_said() -> None:
    decomposed = unicodedata.normalize("NFD", "größe")
    found, records = read(f" age ,{decomposed},label\n1,2,a\n3,4,b\n")
    assert found[0] == ["age", "größe", "label"]
    assert codes(records) == ["column_names"]
    assert "used more than once" in refused("a, a\n1,2\n")


def test_an_index_without_a_name_and_an_empty_last_column_are_called_as_pandas_does() -> None:
    found, records = read(",a,\n0,5,\n1,6,\n")
    assert found[0] == ["Unnamed: 0", "a", "Unnamed: 2"]
    assert [(remark["code"], remark["column"]) for remark in records.remarks] == [
        ("unnamed_column", "Unnamed: 0"),
        ("unnamed_column", "Unnamed: 2"),
    ]
    assert "line 1: column 2 has no name" in refused("a,,b\n1,2,3\n")


def test_a_header_with_one_name_and_blanks_is_not_taken_for_a_title() -> None:
    found, records = read(',V1\nV1,Do you like it?\nV2,"Do you, often?"\n')
    assert found[0] == ["Unnamed: 0", "V1"]
    assert codes(records) == ["unnamed_column"]
    assert "column 2 has no name" in refused("a,,\n1,2,3\n4,5,6\n")
