"""Definitions of state machines: filled in as text, then read, without what CloudFormation would read otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from warmfold.cloud.definitions import DefinitionError, read_definition

RETRY = [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "MaxAttempts": 3}]
YAML = """
StartAt: ${First}
States:
  Work:
    Type: Task
    Arguments: {FunctionName: "${Function}", Limit: ${Limit}, Greeting: "hello ${First}, ${Nobody}"}
    Retry: ${Retry}
"""


def test_a_substitution_is_part_of_the_text_that_is_read() -> None:
    given = {"First": "Work", "Function": "arn:function", "Limit": 5, "Retry": json.dumps(RETRY)}
    assert read_definition(YAML, given) == {
        "StartAt": "Work",
        "States": {
            "Work": {
                "Type": "Task",
                "Arguments": {"FunctionName": "arn:function", "Limit": 5, "Greeting": "hello Work, ${Nobody}"},
                "Retry": RETRY,
            }
        },
    }


def test_json_is_filled_in_as_text_too_with_whatever_space_it_has() -> None:
    text = '{"StartAt": "${A}",\n\t"Retry": ${Retry}, "On": ${On}}'
    read = read_definition(text, {"A": "Work", "Retry": json.dumps(RETRY), "On": True})
    assert read == {"StartAt": "Work", "Retry": RETRY, "On": True}


def test_what_a_substitution_stands_for_is_not_filled_in_again() -> None:
    assert read_definition("{a: '${A}'}", {"A": "${B}", "B": "no"}) == {"a": "${B}"}


@pytest.mark.parametrize("alias", ["B: *usual", "<<: *usual"])
def test_an_alias_is_refused_by_its_name_and_line(alias: str) -> None:
    with pytest.raises(DefinitionError, match=r"line 3 has the YAML alias \*usual.*DefinitionSubstitutions"):
        read_definition(f"A: &usual {{x: 1}}\nC:\n  {alias}\n", {})


@pytest.mark.parametrize(
    ("text", "given", "words"),
    [
        ("States: {", {}, "neither JSON nor YAML"),
        ('{"said": "${Word}"}', {"Word": 'a "quote"'}, "neither JSON nor YAML"),
        ("just words", {}, "must be a mapping"),
    ],
)
def test_a_text_that_is_no_definition_is_refused(text: str, given: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        read_definition(text, given)
