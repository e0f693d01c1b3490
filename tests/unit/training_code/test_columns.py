"""How columns are understood: most cells decide, what is meant is read and said, what is in doubt is refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.training_code.dataset import (
    BAD_LINE,
    ROWS,
    feature,
    labels,
    measured,
    refusal,
    remarks,
    target,
    understood,
    value_of,
    with_cell,
)
from warmfold_data.cells import MISSING
from warmfold_data.columns import DISTINCT, Tally
from warmfold_data.remarks import quoted
from warmfold_run.records import Profile


@pytest.mark.parametrize("word", sorted(MISSING - {""}))
def test_in_a_text_feature_what_databases_and_spreadsheets_write_is_missing_and_said(word: str) -> None:
    profile = feature(with_cell(["red", "blue", "green"] * 40, word))
    assert profile["missing"]["x"] == 1
    assert quoted(word) in remarks(profile, "missing_words")[0]["text"]


@pytest.mark.parametrize("word", ["-", "..", "none", "missing", "unknown"])
def test_in_a_text_feature_a_word_that_may_be_a_category_is_one(word: str) -> None:
    profile = feature(["red", "blue", word] * 40)
    assert profile["missing"]["x"] == 0
    assert value_of(word, profile["readings"]["x"]) == word


@pytest.mark.parametrize("word", ["None", "NA", "null", "-"])
def test_in_a_text_target_only_the_empty_cell_is_missing(word: str) -> None:
    profile = target(["low", "high", word] * 40 + [""])
    assert profile["classes"] == {"low": 40, "high": 40, word: 40}
    assert profile["rows_without_target"] == 1
    (said,) = remarks(profile, "missing_word_is_class")
    assert (said["column"], said["remedy"]) == ("y", f'missing_values: ["{word}"]')


def test_in_a_text_target_a_word_with_too_few_rows_for_a_class_means_that_there_is_none() -> None:
    profile = target(["low", "high"] * 40 + ["NA"] * 3)
    assert profile["classes"] == {"low": 40, "high": 40}
    assert "'NA' in 3 rows" in remarks(profile, "missing_words")[0]["text"]
    assert "3 of 83 rows" in remarks(profile, "no_target")[0]["text"]


@pytest.mark.parametrize("asked", ["-999", "none of these", "0.5"])
def test_what_the_experiment_calls_missing_is_missing_in_features_and_target(asked: str) -> None:
    cells = with_cell(measured(), asked, asked)
    assert feature(cells, missing_values=(asked,))["missing"]["x"] == 2
    assert target(cells, missing_values=(asked,))["rows_without_target"] == 2
    assert target(["low", "high"] * 40 + [asked], missing_values=(asked,))["rows_without_target"] == 1


@pytest.mark.parametrize("odd", ["45O1.20", "12 apples", "see note", "1.2.3.4", "12:30", "True", "2024-05-06"])
@pytest.mark.parametrize("make", [feature, target])
def test_a_cell_among_numbers_that_is_no_known_word_is_refused_by_line(odd: str, make: Callable[..., Profile]) -> None:
    said = refusal(lambda: make(with_cell(measured(), odd)))
    assert said.startswith(f"data.csv, line {BAD_LINE}: '{odd}' in column")
    assert f'missing_values: ["{odd}"]' in said
    assert ": text}" in said


def test_the_remedies_of_a_refusal_work() -> None:
    cells = with_cell(measured(), "see note")
    assert feature(cells, columns={"x": "text"})["readings"]["x"]["kind"] == "text"
    assert feature(cells, missing_values=("see note",))["readings"]["x"]["kind"] == "numeric"
    assert "x" not in feature(cells, columns={"x": "ignore"})["readings"]


def test_all_refused_cells_are_told_at_once() -> None:
    columns = {name: with_cell(measured(seed=seed), "odd") for seed, name in enumerate("abc", 10)}
    lines = refusal(lambda: understood({**columns, "y": labels()})).splitlines()
    assert [line.split("'")[3] for line in lines] == ["a", "b", "c"]


def test_few_different_numbers_beside_a_name_are_a_category() -> None:
    profile = feature(["4", "6", "8", "rotary"] * 40)
    assert profile["readings"]["x"]["categories"] == ["4", "6", "8", "rotary"]
    (said,) = remarks(profile, "mixed")
    assert "'rotary' in line 5" in said["text"]


def test_a_column_that_mixes_numbers_and_texts_is_text_and_said() -> None:
    tickets = [str(10_000 + n * 31) if n % 4 else f"A/5 {n}" for n in range(ROWS)]
    profile = feature(tickets)
    assert profile["readings"]["x"]["kind"] == "text"
    assert remarks(profile, "mixed")


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (["1", "1.0", "0", "0.0"], {"0": 60, "1": 60}),
        (["True", "TRUE", "false", "FALSE"], {"FALSE": 60, "TRUE": 60}),
        (["yes", "yes ", "no", "\u00a0no"], {"no": 60, "yes": 60}),
        (["K\u00f6ln", unicodedata.normalize("NFD", "K\u00f6ln"), "Graz", "Graz"], {"Graz": 60, "K\u00f6ln": 60}),
        (["yes", "Yes", "no", "no"], {"Yes": 30, "no": 60, "yes": 30}),
    ],
)
def test_spellings_of_one_class_are_one_class(cells: list[str], classes: dict[str, int]) -> None:
    assert target(cells * 30)["classes"] == classes


def test_spellings_are_named_with_their_counts() -> None:
    numbers = target(["1", "1.0", "0"] * 40)
    assert "'1' in 40 rows, '1.0' in 40 rows are read as '1'" in remarks(numbers, "spellings")[0]["text"]
    cells = ["Oslo", "Oslo ", "oslo", "Graz"] * 30
    said = feature(cells)
    assert "'Oslo' in 30 rows, 'Oslo ' in 30 rows" in remarks(said, "spellings")[0]["text"]
    assert "'Oslo' in 60 rows, 'oslo' in 30 rows" in remarks(said, "spellings_kept_apart")[0]["text"]


def test_a_row_to_score_is_of_the_one_category_that_differs_in_blanks_case_or_unicode_form() -> None:
    reading = feature(["Oslo", "K\u00f6ln", "graz", "Graz"] * 30)["readings"]["x"]
    decomposed = unicodedata.normalize("NFD", " K\u00d6LN ")
    assert [value_of(cell, reading) for cell in ("OSLO ", decomposed, "Graz ", "GRAZ", "Wien ")] == [
        *("Oslo", "K\u00f6ln", "Graz", "GRAZ", "Wien")
    ]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([""] * ROWS, "it is empty"),
        (["?"] * ROWS, "it is empty"),
        (["same"] * ROWS, "it is 'same' in every row"),
        (["7"] * ROWS, "it is '7' in every row"),
        (list(range(ROWS)), "it numbers the rows, from 0 to 119"),
        (list(range(1, ROWS + 1)), "it numbers the rows, from 1 to 120"),
    ],
)
def test_a_column_that_nothing_is_learned_from_is_left_out_and_said(cells: list[object], why: str) -> None:
    profile = feature(cells)
    assert profile["left_out"] == {"x": why}
    assert "x" not in profile["readings"]
    assert feature(cells, columns={"x": "text"})["left_out"] == {}


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("customer_id", [100_000 + n for n in range(ROWS)]),
        ("Unnamed: 0", [n * 37 % ROWS for n in range(ROWS)]),
        ("orderId", [f"ord-{n * 37 % ROWS}" for n in range(ROWS)]),
        ("account", [9_007_199_254_740_993 + 2 * n for n in range(ROWS)]),
    ],
)
def test_names_of_rows_are_left_out_and_said_with_the_remedy(name: str, cells: list[object]) -> None:
    profile = understood({name: cells, "beside": measured(), "y": labels()})
    assert list(profile["left_out"]) == [name]
    (said,) = remarks(profile, "row_names")
    assert said["column"] == name
    assert said["remedy"] is not None


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("year", [1900 + n for n in range(ROWS)]),
        ("month", list(range(1, ROWS + 1))),
        ("size", [500 + n for n in range(ROWS)]),
        ("rank", [n * 37 % ROWS for n in range(ROWS)]),
        ("id", [n // 2 for n in range(ROWS)]),
    ],
)
def test_numbers_that_may_mean_something_stay(name: str, cells: list[object]) -> None:
    assert understood({name: cells, "beside": measured(), "y": labels()})["left_out"] == {}


def test_a_column_is_not_left_out_where_nothing_else_is_there_to_learn_from() -> None:
    profile = understood({"n": list(range(ROWS)), "y": labels()})
    assert list(profile["readings"]) == ["n", "y"]
    assert remarks(profile, "running_number")
    assert "no feature column is left" in refusal(lambda: understood({"n": ["same"] * ROWS, "y": labels()}))


def test_texts_that_nearly_all_differ_are_said() -> None:
    said = remarks(feature([f"note {n} on this" for n in range(ROWS)]), "unique_texts")
    assert said[0]["remedy"] == "columns: {x: ignore}"


def test_what_the_experiment_says_of_columns_is_done() -> None:
    cells = ["yes", "no", "1", "off", ""] * 24
    assert feature(cells, columns={"x": "ignore"})["left_out"] == {"x": "experiment.yaml says so"}
    assert feature(cells, columns={"x": "id"})["left_out"] == {"x": "experiment.yaml says that it is an id"}
    reading = feature(cells, columns={"x": "boolean"})["readings"]["x"]
    assert [value_of(cell, reading) for cell in cells[:5]] == [1, 0, 1, 0, None]
    assert "'maybe' in 1 row" in refusal(lambda: feature(with_cell(cells, "maybe"), columns={"x": "boolean"}))
    said = refusal(lambda: feature(["31/12/2024", "31.12.2024"] * 60, columns={"x": "%d/%m/%Y"}))
    assert "'31.12.2024' in 60 rows" in said
    assert "line 40: 'maybe'" in refusal(lambda: feature(with_cell(["1", "2"] * 60, "maybe"), columns={"x": "numeric"}))


def test_names_that_no_column_has_are_told_all_at_once() -> None:
    said = refusal(lambda: feature(measured(), columns={"besides": "ignore", "zzz": "text"}))
    assert "'besides'" in said
    assert "Did you mean 'beside'?" in said
    assert "'zzz'" in said
    assert "is the target" in refusal(lambda: feature(measured(), columns={"y": "ignore"}))


CELLS = st.sampled_from(
    ["1", "2.5", "-3", "?", "", " ", "007", "1e3", "inf", "True", "2024-01-02", "$5", "1,234", "12%", "x", "N/A", "0.5"]
) | st.floats(allow_nan=False, allow_infinity=False).map(str)


@settings(max_examples=80, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=60), st.integers(1, 7), st.integers(0, 5))
def test_counts_do_not_depend_on_blocks_or_on_how_many_cells_are_remembered(
    cells: list[str], block: int, most: int
) -> None:
    one, other = Tally(), Tally(most_distinct=most)
    one.observe(cells, range(2, len(cells) + 2))
    for start in range(0, len(cells), block):
        other.observe(cells[start : start + block], range(start + 2, len(cells) + 2))
    for tally in (one, other):
        tally.settle()
        tally.sorts = +tally.sorts
    told = ("cells", "sorts", "words", "blanks", "minimum", "maximum", "integers", "inexact", "leading_zeros")
    assert {name: getattr(one, name) for name in told} == {name: getattr(other, name) for name in told}
    assert (one.points, one.notations, one.date_formats) == (other.points, other.notations, other.date_formats)
    assert {sort: first for sort, first in one.first.items() if first} == other.first
    assert one.sorts.total() == len(cells)


def test_a_column_is_read_alike_beyond_what_is_remembered() -> None:
    rows = DISTINCT + 500
    cells = [f"{n / 7:.3f}" for n in range(rows)]
    cells[-20:] = ["?"] * 20
    profile = feature(cells)
    assert (profile["readings"]["x"]["kind"], profile["missing"]["x"]) == ("numeric", 20)
    cells[rows - 50] = "tall"
    assert f"line {rows - 48}: 'tall'" in refusal(lambda: feature(cells))
