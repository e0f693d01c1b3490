"""Records that are no rows, whatever notation the rows have, and however often the file is read."""

from __future__ import annotations

import csv
import io

import pytest

from warmfold_data.csv_records import CsvRecords, read_records
from warmfold_data.first_lines import looks_numeric


def records(text: str) -> CsvRecords:
    return read_records(io.BytesIO(text.encode()), file="data.csv")


def left_out(text: str) -> list[int]:
    """The lines that are no rows."""
    read = records(text)
    assert list(read)
    return [one["line"] for one in read.dialect["skipped"]]


@pytest.mark.parametrize("word", ["NaN", "nan", "inf", ""])
def test_a_missing_number_hides_no_totals(word: str) -> None:
    rows = [f"shop {n},{n}.5" for n in range(1, 1501)]
    rows[700] = f"shop 701,{word}"
    total = sum(n + 0.5 for n in range(1, 1501)) - 701.5
    assert left_out("\n".join(["name,amount", *rows, f"Total,{total}"]) + "\n") == [1502]


@pytest.mark.parametrize("amount", ["{} €", "{} EUR", "€{}", "USD {}", "{},00", "{}.00"])
def test_totals_are_known_in_any_notation(amount: str) -> None:
    rows = [f'shop {n},"{amount.format(n)}"' for n in range(1, 41)]
    total = amount.format(sum(range(1, 41)))
    assert left_out("\n".join(["name,amount", *rows, f'Total,"{total}"']) + "\n") == [42]
    other = amount.format(7)
    assert left_out("\n".join(["name,amount", *rows, f'Total,"{other}"']) + "\n") == []


@pytest.mark.parametrize("amount", ["{} €", "{} EUR", "USD {}"])
def test_a_word_for_totals_among_amounts_is_no_row(amount: str) -> None:
    rows = [f"{amount.format(n)},shop {n}" for n in range(1, 41)]
    assert left_out("\n".join(["amount,name", *rows, "Total,"]) + "\n") == [42]


@pytest.mark.parametrize("cell", ["5", "-5.5", "1e5", "5 EUR", "USD 5", "5 %", "1,5", "1 000,5", "−3", "inf", " 7 "])
def test_numbers_are_known(cell: str) -> None:
    assert looks_numeric(cell)


@pytest.mark.parametrize("cell", ["1..2", "01.02.2024", "2024-01-02", "", "x", "5 apples", "5 EUR EUR", "nan"])
def test_what_is_no_number_is_none(cell: str) -> None:
    assert not looks_numeric(cell)


def test_the_same_bytes_are_the_same_rows_each_time() -> None:
    long = "x" * 200_000
    text = f"name,size,label\n,kg,\n{long},1,a\n" + "".join(f"n{n},{n},b\n" for n in range(30))
    before = csv.field_size_limit(131_072)
    try:
        first = records(text)
        rows = list(first)
        again = records(text)
        assert (rows, first.remarks, first.dialect) == (list(again), again.remarks, again.dialect)
    finally:
        csv.field_size_limit(before)
