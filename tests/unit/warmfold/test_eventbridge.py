"""What a rule's target gets of an event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from warmfold.cloud.hooks.eventbridge import target_input

EVENT = {"source": "own", "detail": {"n": "foo", "s": 'say "done"\n', "k": 3, "yes": True, "d": {"a": ["x"]}}}
PATHS = {name: f"$.detail.{name}" for name in ("n", "s", "k", "yes", "d", "nothing")}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            '{"number": <k>, "text": <n>, "all": <d>, "yes": <yes>}',
            {"number": 3, "text": "foo", "all": {"a": ["x"]}, "yes": True},
        ),
        ('"The job <n> is <s>"', 'The job foo is say "done"\n'),
        ('{"a": "<n>", "b": "x <n> y <k>"}', {"a": "foo", "b": "x foo y 3"}),
        ('{"a": "<d>", "yes": "<yes>"}', {"a": '{"a": ["x"]}', "yes": "true"}),
        ('{"a": "\\"<n>\\"", "<n>": [<n>, <k>]}', {"a": '"foo"', "foo": ["foo", 3]}),
        ('{"a": <nothing>, "b": "(<nothing>)"}', {"a": None, "b": "()"}),
        ('{"a": <aws.events.event>}', {"a": EVENT}),
        ('"<aws.events.event.json>"', json.dumps(EVENT)),
        ("<s>", 'say "done"\n'),
        ('{"a": "1 < 2 > 1"}', {"a": "1 < 2 > 1"}),
    ],
)
def test_a_placeholder_is_json_and_inside_a_string_text(template: str, expected: Any) -> None:
    target = {"InputTransformer": {"InputPathsMap": PATHS, "InputTemplate": template}}
    assert json.loads(target_input(target, EVENT)) == expected
