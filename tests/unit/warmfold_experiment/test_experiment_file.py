"""experiment.yaml as text: what can't be read is refused, and cells are cells however YAML reads them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.warmfold_experiment.experiments import refused, resolved
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.load import load_experiment
from warmfold_experiment.schema import Experiment

BOMB = b"a0: &a0 [x, x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 30))
"""A kilobyte that stands for 2^30 values."""


def test_a_bare_off_and_an_empty_section_are_what_they_look_like() -> None:
    found = resolved("search: {abandon: off}\nbudget:\n")
    assert found["search"]["abandon"] == "off"
    assert found["budget"] == {"max_usd": None}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"target: [", "not valid YAML"),
        (b"- target", "it must be a mapping"),
        (b"target: \xff", "not UTF-8 at byte 8"),
        (b"#" * 262_145, "it has more than 262144 bytes"),
        (b"target: " + b"[" * 100_000, "line 1, column 28: nested deeper than 20 levels"),
        (b"target: " + b"{a: " * 50_000, "nested deeper than 20 levels"),
        (BOMB, "more than 100000 keys and values, those that aliases stand for counted each time"),
        (b"target: &t [*t]", "line 1, column 13: .t stands inside what it stands for"),
        (b"metric: r2\nmetric: r2\n", "line 2, column 1: not valid YAML: key metric is given twice"),
        (b"target: !!python/object:os.system x", "not valid YAML"),
    ],
)
def test_a_file_that_can_t_be_read_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(ExperimentRuleError, match=words):
        load_experiment(text, None)


@pytest.mark.parametrize("text", [b"", b"# nothing yet\n", None])
def test_an_empty_file_is_as_none(text: bytes | None) -> None:
    assert load_experiment(text, None) == Experiment()


def test_an_anchor_that_is_used_as_people_use_it_is_read() -> None:
    text = "search: {hyperparameters: {max_iter: &few {min: 5, max: 9}, min_samples_leaf: *few}}\n"
    space = resolved(text)["search"]["hyperparameters"]
    assert space["max_iter"]["max"] == space["min_samples_leaf"]["max"] == 9


def test_an_execution_s_input_is_not_nested_for_ever() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    assert refused(None, {"target": deep}) == ["execution input: nested deeper than 20 levels; no key needs that"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dialect: {delimiter: ;;}", 'dialect.delimiter is ";;"; it must be one character'),
        ("dialect: {delimiter: '\"'}", "it must be one character"),
        ("dialect: {encoding: utf-99}", 'dialect.encoding is "utf-99"; it must be one of utf-8'),
        ("dialect: {encoding: base64}", "it must be one of utf-8"),
        ("dialect: {decimal: ;}", 'it must be "." or ","'),
        ("dialect: {header: 'yes'}", "it must be true or false"),
        ("dialect: {separator: ;}", "dialect.separator is an unknown key"),
    ],
)
def test_a_dialect_that_can_t_be_is_refused_by_key(text: str, says: str) -> None:
    (line,) = refused(text)
    assert says in line


def test_a_dialect_is_resolved_key_by_key() -> None:
    assert resolved('dialect: {delimiter: "\\t", encoding: iso8859-1, header: false}')["dialect"] == {
        "delimiter": "\t",
        "decimal": None,
        "encoding": "iso8859-1",
        "header": False,
    }
    assert resolved()["dialect"] == dict.fromkeys(["delimiter", "decimal", "encoding", "header"])


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("columns: {id: ignore, zip: text}", {"id": "ignore", "zip": "text"}),
        ("columns: [id, Unnamed]", {"id": "ignore", "Unnamed": "ignore"}),
        ('columns: {day: "%d/%m/%Y"}', {"day": "%d/%m/%Y"}),
        ("columns:", {}),
    ],
)
def test_what_columns_are_can_be_said_one_by_one_or_as_a_list_to_ignore(text: str, columns: dict[str, str]) -> None:
    assert resolved(text)["columns"] == columns


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("columns: {id: skip}", "columns is"),
        ("columns: id", "a list of columns to ignore"),
        ("columns: [1]", "columns is [1]"),
        ("missing_values: '?'", "missing_values is"),
        ("positive_class: [yes]", "positive_class is"),
    ],
)
def test_what_columns_can_t_be_is_refused(text: str, says: str) -> None:
    (line,) = refused(text)
    assert says in line


@pytest.mark.parametrize(
    ("text", "cells"), [("['?', -999, 0.5]", ["?", "-999", "0.5"]), ("[no, true]", ["false", "true"]), ("", [])]
)
def test_cells_that_yaml_reads_as_numbers_or_truth_values_are_cells(text: str, cells: list[str]) -> None:
    assert resolved(f"missing_values: {text}")["missing_values"] == cells


@pytest.mark.parametrize(("text", "called"), [("yes", "true"), ("1", "1"), ("legit", "legit"), ("null", None)])
def test_the_positive_class_is_a_cell_however_yaml_reads_it(text: str, called: str | None) -> None:
    assert resolved(f"positive_class: {text}")["positive_class"] == called
