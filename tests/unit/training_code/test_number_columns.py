"""Columns of numbers: read as they are meant, and refused where that can't be told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.training_code.dataset import (
    ROWS,
    feature,
    measured,
    refusal,
    remarks,
    target,
    value_of,
    with_cell,
)
from warmfold_data.cells import NO_NUMBER, plain_reading, values


@pytest.mark.parametrize("word", [*sorted(NO_NUMBER - {""}), " ", "\u00a0", " ? "])
def test_a_known_word_among_numbers_is_a_missing_value_and_said(word: str) -> None:
    profile = feature(with_cell(measured(), word, word))
    reading = profile["readings"]["x"]
    assert (reading["kind"], profile["missing"]["x"]) == ("numeric", 2)
    assert value_of(word, reading) is None
    (said,) = remarks(profile, "missing_words")
    assert said["column"] == "x"
    assert "in 2 rows" in said["text"]


def test_a_number_that_means_missing_is_taken_in_all_its_usual_spellings() -> None:
    reading = feature(with_cell(measured(), "-999", "-999.0"), missing_values=("-999",))["readings"]["x"]
    assert [value_of(cell, reading) for cell in ("-999", "-999.0", "-999.00")] == [None] * 3
    assert value_of("-999.5", reading) == -999.5


@pytest.mark.parametrize("codes", [["136A", "207b", "c168"], ["A5", "B6", "17a", "18b"], ["136A"] * 8])
def test_whole_numbers_with_several_codes_among_them_are_codes(codes: list[str]) -> None:
    profile = feature(with_cell([str(n * 7 % 101) for n in range(ROWS)], *codes))
    assert profile["readings"]["x"]["kind"] == "text"
    assert remarks(profile, "mixed")


WRITTEN = {
    "$1,234.50": 1234.5,
    "\u20ac 12,5": 12.5,
    "6 700 kr": 6700.0,
    "\u22123.5": -3.5,
    "12%": 12.0,
    "1'234'567.5": 1234567.5,
    "-$5": -5.0,
    "1\u202f234,75 \u20ac": 1234.75,
    "4520.10 EUR": 4520.10,
}


@pytest.mark.parametrize("cell", WRITTEN)
def test_a_number_is_read_as_it_is_meant_and_said(cell: str) -> None:
    profile = feature([cell] * 30 + [re.sub(r"\d", lambda digit: str(int(digit[0]) % 9 + 1), cell, count=1)] * 30)
    reading = profile["readings"]["x"]
    assert reading["kind"] == "numeric"
    assert value_of(cell, reading) == WRITTEN[cell]
    (said,) = remarks(profile, "written_numbers")
    assert f"'{cell}' in line 2" in said["text"].replace("\\u202f", "\u202f")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=30, max_size=40, unique=True),
    st.sampled_from([(".", ","), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "\u00a0")]),
    st.sampled_from(["", "\u20ac", "$", "CHF"]),
)
def test_whatever_notation_proves_itself_is_read_exactly(
    cents: list[int], notation: tuple[str, str], affix: str
) -> None:
    def written(value: int) -> str:
        whole, rest = divmod(abs(value), 100)
        text = f"{whole:,}.{rest:02}".translate(str.maketrans({",": notation[1], ".": notation[0]}))
        return f"{'-' * (value < 0)}{affix}{text}"

    read = values(feature([written(value) for value in cents] * 3)["readings"]["x"])
    assert [read(written(value)) for value in cents] == pytest.approx([value / 100 for value in cents])


def test_a_comma_before_three_digits_may_be_either_and_is_refused_until_the_experiment_says() -> None:
    cells = [f"{n},{n * 37 % 900 + 100}" for n in range(1, ROWS)]
    assert "can't be told whether the comma" in refusal(lambda: feature(cells))
    decimal = {"delimiter": None, "decimal": ",", "encoding": None, "header": None}
    assert value_of("7,359", feature(cells, dialect=decimal)["readings"]["x"]) == 7.359
    decimal["decimal"] = "."
    assert value_of("7,359", feature(cells, dialect=decimal)["readings"]["x"]) == 7359


@pytest.mark.parametrize("beside", ["1,234,567", "1,234.5", "999", "1.5"])
def test_one_cell_can_prove_that_commas_group_thousands(beside: str) -> None:
    cells = [f"{n},{n * 37 % 900 + 100}" for n in range(1, ROWS)]
    assert value_of("7,359", feature([*cells, beside])["readings"]["x"]) == 7359


@pytest.mark.parametrize(
    "cells", [["$5", "\u20ac6"] * 40, ["5%", "0.5"] * 40, ["1.234,5", "1,234.5"] * 40, ["12,5", "7.25"] * 40]
)
def test_numbers_that_can_t_be_compared_are_refused(cells: list[str]) -> None:
    assert "is not a number" in refusal(lambda: feature(cells))


def test_infinity_is_a_missing_value_and_said() -> None:
    profile = feature(with_cell(measured(), "inf", "-Infinity", "1e999"))
    assert profile["readings"]["x"]["kind"] == "numeric"
    assert value_of("inf", profile["readings"]["x"]) is None
    assert "'inf' in line 40" in remarks(profile, "infinite")[0]["text"]
    assert "line 40" in refusal(lambda: target(with_cell(measured(), "inf")))


def test_leading_zeros_and_huge_numbers_make_codes() -> None:
    zips = feature(["02134", "10001", "90210", "00501"] * 30)
    assert zips["readings"]["x"]["categories"] == ["00501", "02134", "10001", "90210"]
    assert "60 cells with a leading zero" in remarks(zips, "code")[0]["text"]
    huge = feature(["9007199254740993", "9007199254740995"] * 60)
    assert value_of("9007199254740993", huge["readings"]["x"]) == "9007199254740993"
    assert feature(["02134", "10001"] * 60, columns={"x": "numeric"})["readings"]["x"]["kind"] == "numeric"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_plain_numbers_are_read_exactly(number: float) -> None:
    assert value_of(repr(number), plain_reading("numeric")) == number
