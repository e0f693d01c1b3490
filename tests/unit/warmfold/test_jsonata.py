"""The functions that Step Functions has beside JSONata's own."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.jsonata.jsonata import JSONataException

from warmfold.cloud.hooks.stepfunctions.jsonata import evaluate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("$hash('a', 'SHA-1')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ("$hash('é', 'SHA-256')", "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"),
        ("$length($hash('a', 'SHA-384'))", 96),
        ("$length($hash('a', 'SHA-512'))", 128),
        ("$partition([1..7], 3)", [[1, 2, 3], [4, 5, 6], [7]]),
        ("$partition([1, 2], 2)", [[1, 2]]),
        ("$partition([], 2)", []),
        ("$range(0, 10, 2)", [0, 2, 4, 6, 8, 10]),
        ("$range(5, 1, -2)", [5, 3, 1]),
        ("$range(1, 0, 1)", []),
        ("$range(1, 1, 1)", 1),
        ('$parse(\'{"a": [1, null, {"b": 2}]}\')', {"a": [1, None, {"b": 2}]}),
        ('$parse(\'{"a": {"b": 2}}\').a.b', 2),
        ("$random(7) = $random(7)", True),
        ("$random(7) = $random(8)", False),
        ("$uuid() = $uuid()", False),
    ],
)
def test_a_function_does_as_on_aws(expression: str, value: Any) -> None:
    assert evaluate(expression) == value


def test_random_numbers_and_identifiers_are_of_their_kind() -> None:
    assert 0 <= evaluate("$random()") < 1
    assert uuid.UUID(evaluate("$uuid()")).version == 4


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("$hash('a', 'SHA-3')", "'SHA-3'"),
        ("$hash(3, 'MD5')", "$hash takes a string"),
        ("$partition([1], 0)", "size of at least 1"),
        ("$range(1, 2, 0)", "other than 0"),
        ("$parse('{')", "property name"),
        ("$eval('1 + 1')", "$parse"),
    ],
)
def test_what_a_function_does_not_take_is_an_error(expression: str, words: str) -> None:
    with pytest.raises(JSONataException) as failed:
        evaluate(expression)
    assert failed.value.error == "States.QueryEvaluationError"
    assert words in str(failed.value.details)
