"""The text of experiment.yaml and of a value on the command line: read, refused in one line, and written to be read."""

from __future__ import annotations

import contextlib
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.file import parse, parse_value, to_text
from warmfold_experiment.load import load_experiment, read_experiment
from warmfold_experiment.schema import Overrides

TAGS = ("bool", "int", "float", "timestamp", "binary", "null", "str", "map", "seq", "set", "omap", "pairs", "merge")


def refused(text: str, overrides: dict[str, Any] | None = None) -> list[str]:
    with pytest.raises(ExperimentRuleError) as caught:
        load_experiment(text.encode(), overrides)
    return str(caught.value).split("\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "cross_validation.n_splits: 3",
            "cross_validation.n_splits is an unknown key; give n_splits within cross_validation, "
            "as in cross_validation: {n_splits: …}",
        ),
        ("search.x: 1\nsearch: {max_candidates: 2}", "search.x is an unknown key; did you mean search?"),
        ("1.5: 2", "1.5 is an unknown key; there is target, problem, "),
        ("true: 1", "true is an unknown key; did you mean target?"),
        ("2024-01-01: 1", "2024-01-01 is an unknown key; there is target, problem, "),
        ("null: 1", "null is an unknown key; there is target, problem, "),
        ("search: {true: 1}", "search.true is an unknown key; there is strategy, max_candidates, "),
        ("search: {a.b: 1}", "search.a.b is an unknown key; there is strategy, max_candidates, "),
    ],
)
def test_a_key_of_any_kind_that_there_is_not_is_refused_once(text: str, line: str) -> None:
    (said,) = refused(text)
    assert said.startswith(f"experiment.yaml: {line}")


def test_a_key_with_a_dot_does_not_stand_for_a_section_s_own() -> None:
    said = refused("search.max_candidates: 3\nsearch: {max_candidates: 0}")
    assert len(said) == 2
    assert "experiment.yaml: search.max_candidates is 0; it must be at least 1" in said


def test_a_key_that_is_no_text_is_said_to_be_where_it_is() -> None:
    (line,) = read_experiment(None, Overrides({"search": {True: 1}}, "command line")).problems
    assert line.startswith("command line: search.true is an unknown key")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("!!bool foo", "foo can't be read as bool; quote what is text"),
        ("!!timestamp abc", "abc can't be read as timestamp; quote what is text"),
        ('!!int ""', " can't be read as int; quote what is text"),
        ("2024-13-45", "2024-13-45 can't be read as timestamp; quote what is text"),
        ("!!bool {=: x}", "can't be read as bool"),
        ("!!map [a]", "expected a mapping node"),
    ],
)
def test_what_a_tag_does_not_fit_is_refused_with_its_place(text: str, told: str) -> None:
    (line,) = refused(f"target: {text}")
    assert line.startswith("experiment.yaml, line 1, column 9: not valid YAML: ")
    assert told in line
    with pytest.raises(ExperimentRuleError) as caught:
        parse_value(text)
    assert str(caught.value).startswith("not valid YAML: ")
    assert told in str(caught.value)


@given(
    st.sampled_from(TAGS),
    st.sampled_from(
        ["foo", '""', "[a]", "{a: b}", "[{a: b}]", "{=: x}", "1:2", "0x", "-", ".", "é", '"\\UFFFFFFFF"', "+"]
    )
    | st.text(),
)
def test_no_text_is_refused_in_another_way(tag: str, value: str) -> None:
    for text in (f"a: !!{tag} {value}", f"!!{tag} {value}"):
        for read in (parse_value, lambda text: parse(text.encode("utf-8", "surrogatepass"))):
            with contextlib.suppress(ExperimentRuleError):
                read(text)


@pytest.mark.parametrize("text", ["[" * 30, "&a [*a]", "x" * 100_000, "010"])
def test_a_value_of_the_command_line_is_no_fault_of_the_file(text: str) -> None:
    with pytest.raises(ExperimentRuleError) as caught:
        parse_value(text)
    assert "experiment.yaml" not in str(caught.value)


TEXTS = st.text() | st.from_regex(r"[-+]?[0-9]{1,3}(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?", fullmatch=True)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | TEXTS
    | st.dates(date(1000, 1, 1), date(9999, 12, 31) - timedelta(days=1))
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8)


@given(st.dictionaries(TEXTS, VALUES))
@example({"target": "1e5", "missing_values": ["1e-4", "1E+3", "on", "2024-01-01", "=", "<<", "~", ""]})
@example({"a": "x\x85y", "b": "\u2028", "c": " \n ", "d": "é", "e": "x" * 300 + "\n", "f": 1e-4, "g": 1e16})
def test_what_is_written_is_read_as_it_was(keys: dict[str, Any]) -> None:
    read = parse(to_text(keys))
    assert read == keys
    assert repr(read) == repr(keys)


@pytest.mark.parametrize("key", ["missing_values: [1900-01-01, 9999-12-31]", "positive_class: 2024-01-31"])
def test_a_cell_that_yaml_takes_for_a_date_is_the_text_that_it_is(key: str) -> None:
    experiment = load_experiment(key.encode(), None)
    assert experiment.missing_values in ([], ["1900-01-01", "9999-12-31"])
    assert experiment.positive_class in (None, "2024-01-31")
    assert experiment.missing_values or experiment.positive_class


def test_a_cell_that_yaml_takes_for_a_time_has_to_be_quoted() -> None:
    (line,) = refused("missing_values: [1900-01-01 00:00:00]")
    assert line == (
        'experiment.yaml: missing_values is "1900-01-01 00:00:00"; it must be in quotes, as YAML reads it as a time'
    )
