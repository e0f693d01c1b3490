"""EventBridge's rules: which targets want an event, and the ways to deliver it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.events.models import Rule, events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from warmfold.cloud.events import Deliver, Event, EventBus

Target = tuple[Mapping[str, Any], str]
_PLACEHOLDER = re.compile(r'"?<([\w.-]+)>"?')


def targets_of(account_id: str, region: str, event: Event) -> list[Target]:
    """The targets of the default bus's enabled rules that an event matches, each with its input."""
    rules = list(events_backends[account_id][region].event_buses["default"].rules.values())
    return [wanted for rule in rules for wanted in _targets(rule, event)]


def _targets(rule: Any, event: Event) -> Sequence[Target]:
    if rule.state == "DISABLED" or not rule.event_pattern.matches_event(event):
        return []
    return [(target, target_input(target, event)) for target in rule.targets]


def target_input(target: Mapping[str, Any], event: Event) -> str:
    """What a target gets of an event: its Input, InputPath, InputTransformer, or the whole event."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_at(event, target["InputPath"]))
    transformer = target.get("InputTransformer")
    if transformer:
        values = {name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
        values["aws.events.event.json"] = event
        values["aws.events.event"] = event
        return _PLACEHOLDER.sub(lambda match: json.dumps(values.get(match[1])), transformer["InputTemplate"])
    return json.dumps(event)


def _at(event: Any, path: str) -> Any:
    for part in path.removeprefix("$").strip(".").split("."):
        if part:
            event = event.get(part) if isinstance(event, dict) else None
    return event


def ways(account_id: str, region: str, invoke: Deliver) -> dict[str, Deliver]:
    """A way to deliver for each kind of target there is; `invoke` is Lambda's."""

    def start_execution(target: Mapping[str, Any], text: str) -> None:
        stepfunctions_parser_backends[account_id][region].start_execution(target["Arn"], str(uuid.uuid4()), text)

    def send_message(target: Mapping[str, Any], text: str) -> None:
        name = target["Arn"].rsplit(":", 1)[-1]
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        sqs_backends[account_id][region].send_message(queue_name=name, message_body=text, group_id=group)

    def publish(target: Mapping[str, Any], text: str) -> None:
        sns_backends[account_id][region].publish(message=text, arn=target["Arn"])

    return {"lambda": invoke, "states": start_execution, "sqs": send_message, "sns": publish}


def install(bus: EventBus) -> None:
    """Have PutEvents go through `bus` too.

    moto's rules do not reach Lambda, Step Functions or SNS, deliver although disabled, and do it inside the call.
    """

    def send_to_targets(rule: Any, original_event: Any, transform_input: bool = True) -> None:
        event = {name: value for name, value in original_event.items() if name != "ingestion-time"}
        if isinstance(event.get("time"), int | float):
            event["time"] = datetime.fromtimestamp(event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for target, text in _targets(rule, event):
            bus.deliver(target, text)

    Rule.send_to_targets = send_to_targets
