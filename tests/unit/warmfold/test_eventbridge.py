"""What a rule's target gets of an event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.events.models import events_backends

from warmfold.cloud.hooks.eventbridge import target_input, targets_of

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


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ({"source": ["own"]}, True),
        ({"source": ["aws.s3", "own"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"source": [{"prefix": "ow"}]}, True),
        ({"source": [{"prefix": "aws"}]}, False),
        ({"source": [{"anything-but": ["aws.s3"]}]}, True),
        ({"source": ["aws.s3", {"prefix": "ow"}]}, True),
        ({"detail-type": ["made"], "source": ["own"]}, True),
        ({"detail-type": ["gone"]}, False),
        ({"detail": {"k": [3]}}, True),
        ({"detail": {"k": [4]}}, False),
        ({"$or": [{"source": ["aws.s3"]}, {"source": ["own"]}]}, True),
    ],
)
def test_a_rule_wants_the_events_that_its_pattern_matches(pattern: dict[str, Any], wanted: bool) -> None:
    account = "123456789012"
    events = events_backends[account]["eu-west-1"]
    events.put_rule("rule", event_pattern=json.dumps(pattern), event_bus_arn=None, tags=[])
    events.put_targets("rule", None, [{"Id": "one", "Arn": "arn:aws:sqs:eu-west-1:123456789012:queue"}])
    found = targets_of(account, "eu-west-1", EVENT | {"detail-type": "made"})
    assert [target["Id"] for target, _ in found] == (["one"] if wanted else [])
