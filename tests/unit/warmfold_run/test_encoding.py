"""A hyperparameter comes back from SageMaker's string as what the experiment meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmfold_run.encoding import HyperparameterError, decode, encode, tuned
from warmfold_run.experiment import Range

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
WHOLE: Range = {"min": 1, "max": 9, "type": "integer", "scaling": "Auto"}
REAL: Range = {"min": 0.0, "max": 1.0, "type": "continuous", "scaling": "Auto"}


@given(st.lists(PLAIN, min_size=1, max_size=5, unique_by=encode))
def test_every_entry_of_a_list_comes_back_as_itself(values: list[Any]) -> None:
    for value in values:
        found = decode({"x": {"values": values}}, {"x": encode(value)})["x"]
        assert type(found) is type(value)
        assert found == value


@given(PLAIN)
def test_a_fixed_value_needs_no_string(value: Any) -> None:
    assert decode({"x": {"value": value}}, {}) == {"x": value}


@pytest.mark.parametrize(("entry", "text", "value"), [(WHOLE, "3", 3), (WHOLE, "3.0", 3), (REAL, "1", 1.0)])
def test_the_space_says_what_a_number_is(entry: Range, text: str, value: float) -> None:
    found = decode({"x": entry}, {"x": text})["x"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("entry", "given", "said"),
    [
        (REAL, {"x": "many"}, "'many'; its range is of numbers"),
        ({"values": ["a", "b"]}, {"x": "c"}, "not among"),
    ],
)
def test_a_string_that_means_nothing_is_refused_by_name(entry: Range, given: dict[str, str], said: str) -> None:
    with pytest.raises(HyperparameterError, match=said):
        decode({"x": entry}, given)


def test_without_any_that_is_tuned_the_estimators_defaults_stand_and_without_one_of_them_nothing_does() -> None:
    space: dict[str, Range] = {"a": REAL, "b": {"value": 1}, "c": {"values": [1, 2]}}
    assert decode(space, {"b": "1", "sagemaker_program": "x"}) == {"b": 1}
    with pytest.raises(HyperparameterError, match="a is missing"):
        decode(space, {"c": "2"})


def test_the_tuned_ones_are_told_from_the_others() -> None:
    space: dict[str, Range] = {"a": REAL, "b": {"value": 1}, "c": {"values": [1, 2]}}
    assert tuned(space, {"a": "0.5", "b": "1", "c": "2", "sagemaker_program": "x"}) == {"a": "0.5", "c": "2"}
