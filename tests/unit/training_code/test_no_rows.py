"""Lines that are no rows are left out and said, and lines that are come out whole."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.training_code.csv_text import CITIES, HEADER, ROWS, SUMS, codes, read, refused, written


@given(st.lists(st.integers(0, len(ROWS)), max_size=4))
@example([0])
@example([len(ROWS)])
def test_the_header_once_more_is_no_row_wherever_it_stands(places: list[int]) -> None:
    table = list(ROWS)
    for place in sorted(places, reverse=True):
        table.insert(place, HEADER)
    found, records = read(written([HEADER, *table]))
    assert found == [HEADER, *ROWS]
    lines = [n + 2 for n, row in enumerate(table) if row == HEADER]
    assert [(one["line"], one["row"]) for one in records.dialect["skipped"]] == [(line, line - 2) for line in lines]
    assert codes(records) == (["repeated_header"] if places else [])


@pytest.mark.parametrize(
    "units",
    [["EUR", "years", "", ""], ["(€)", "[y]", "", ""], ["USD", "-", "name", "yes/no"], ["float", "int", "", ""]],
)
def test_a_line_of_units_under_the_header_is_no_row(units: list[str]) -> None:
    text = written([HEADER, units, *ROWS])
    found, records = read(text)
    assert found == [HEADER, *ROWS]
    assert records.dialect["skipped"] == [{"line": 2, "row": 0, "why": "units"}]
    assert codes(records) == ["units_line"]
    assert "line 2: this is a line of units, not a row to score" in refused(text, to_score=True)


@pytest.mark.parametrize("row", [["n/a", "33", "Oslo", "yes"], ["", "", "Oslo", "yes"], ["12k", "33", "Oslo", "no"]])
def test_a_first_row_with_an_odd_cell_is_a_row(row: list[str]) -> None:
    found, records = read(written([HEADER, row, *ROWS]))
    assert found[1] == row
    assert records.dialect["skipped"] == []


@pytest.mark.parametrize(
    "totals",
    [
        [["Total", SUMS[1], "", ""]],
        [["Sum:", "", "", ""]],
        [["Total", SUMS[1], "", ""], ["Average", f"{int(SUMS[1]) / 40:.2f}", "", ""]],
    ],
)
def test_totals_at_the_end_are_no_rows(totals: list[list[str]]) -> None:
    found, records = read(written([HEADER, *ROWS, *totals]))
    assert found == [HEADER, *ROWS]
    assert [one["line"] for one in records.dialect["skipped"]] == [42 + place for place in range(len(totals))]
    assert set(codes(records)) == {"totals_line"}
    assert read(written([HEADER, *ROWS, *totals]), to_score=True)[0][1:] == [*ROWS, *totals]


def test_a_total_in_a_column_of_words_is_one_by_its_sum_and_otherwise_a_row_with_a_remark() -> None:
    header, rows = ["city", "sales", "label"], [[CITIES[n % 4], str(n * 3 + 1), "ab"[n % 2]] for n in range(30)]
    total = str(sum(n * 3 + 1 for n in range(30)))
    assert read(written([header, *rows, ["Total", total, ""]]))[0] == [header, *rows]
    found, records = read(written([header, *rows, ["Total", "77", "a"]]))
    assert found[-1] == ["Total", "77", "a"]
    assert codes(records) == ["possible_totals"]


@pytest.mark.parametrize(
    "above", [["Sales 2024"], ["Sales 2024", ""], ["# made, with care", "# of 3"], ["Sales;;;", ""], ["Sales,,,"]]
)
def test_a_title_above_the_header_is_left_out_and_said(above: list[str]) -> None:
    found, records = read("\n".join(above) + "\n" + written([HEADER, *ROWS]))
    assert found == [HEADER, *ROWS]
    assert codes(records) == ["title_line"]
    assert records.dialect["first_line"] == len(above) + 2


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["a,b", "1,2,", "3,4,"], "line 2: 3 cells, and the header has 2 columns; the row ends in a delimiter"),
        (["a,b", "r1,1,2", "r2,3,4"], "name the first column in the header (R: write.csv(row.names=FALSE))"),
        (["text", "well; you, 1", "well; me, 2"], "line 2: 2 cells, and the header has 1 columns"),
        (["text", "well, then, 1", "so, what, 2"], "line 2: 3 cells, and the header has 1 columns"),
        (["a,b", "1,2", "Source: an office"], "line 3: 1 cells, and the header has 2 columns"),
    ],
)
def test_rows_of_another_width_are_refused_by_line_with_what_is_likely(lines: list[str], says: str) -> None:
    assert says in refused("\n".join(lines))


def test_in_a_file_of_one_column_a_blank_line_is_a_row_with_an_empty_cell() -> None:
    assert read("income\n1\n\n2\n\n", to_score=True)[0] == [["income"], ["1"], [""], ["2"], [""]]
    assert read("a,b\n1,2\n\n3,4\n", to_score=True)[0] == [["a", "b"], ["1", "2"], ["3", "4"]]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 99).map(str), st.sampled_from(["", "x", "Total", "yes"])), max_size=20))
def test_every_row_to_score_comes_out(rows: list[tuple[str, str]]) -> None:
    table = [["n", "word"], *map(list, rows)]
    assert read(written(table), to_score=True)[0] == table
