"""EventBridge's rules: which targets want an event, and the ways to deliver it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule, events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from warmfold.cloud.events import Deliver, Event, EventBus
from warmfold.cloud.iam.denial import Denial
from warmfold.cloud.iam.identity import EVENTS_SESSION, Caller
from warmfold.cloud.iam.policy import Call
from warmfold.cloud.iam.trust import MayAssume, anybody

Target = tuple[Mapping[str, Any], str]
SERVICE = "events.amazonaws.com"
_NOT_YOURS = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
_PLACEHOLDER = re.compile(r"<([\w.-]+)>")
_STRING_OR_PLACEHOLDER = re.compile(rf'"(?:[^"\\]|\\.)*"|{_PLACEHOLDER.pattern}')


def targets_of(account_id: str, region: str, event: Event) -> list[Target]:
    """The targets of the default bus's enabled rules that an event matches, each with its input."""
    rules = list(events_backends[account_id][region].event_buses["default"].rules.values())
    return [wanted for rule in rules for wanted in _targets(rule, event)]


def _targets(rule: Any, event: Event) -> Sequence[Target]:
    pattern = rule.event_pattern
    wanted = pattern.get_pattern()
    if rule.state == "DISABLED" or not wanted or not _may_match(wanted, event) or not pattern.matches_event(event):
        return []  # a rule without a pattern is a schedule's, and matches nothing
    return [(target, target_input(target, event)) for target in rule.targets]


def _may_match(pattern: Mapping[str, Any], event: Event) -> bool:
    """False when the event's source or type is not among those that the pattern lists: moto first copies the event."""
    for member in ("source", "detail-type"):
        listed = pattern.get(member)
        if isinstance(listed, list) and event.get(member) not in listed and all(isinstance(x, str) for x in listed):
            return False
    return True


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
        return _filled(transformer["InputTemplate"], values)
    return json.dumps(event)


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """The template with each placeholder as JSON, or inside a string as a part of that string."""

    def within(match: re.Match[str]) -> str:
        value = values.get(match[1])
        text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]

    def fill(match: re.Match[str]) -> str:
        return _PLACEHOLDER.sub(within, match[0]) if match[1] is None else json.dumps(values.get(match[1]))

    return _STRING_OR_PLACEHOLDER.sub(fill, template)


def _at(event: Any, path: str) -> Any:
    for part in path.removeprefix("$").strip(".").split("."):
        if part:
            event = event.get(part) if isinstance(event, dict) else None
    return event


def _is_of_aws(event: Mapping[str, Any]) -> bool:
    return str(event.get("Source", "")).startswith("aws.")


class NotAuthorizedError(Exception):
    """A target's role may not do what its rule asks of it."""


def ways(
    account_id: str,
    region: str,
    invoke: Deliver,
    judge: Callable[[Caller, Iterable[Call]], Denial | None] = lambda _caller, _calls: None,
    may_assume: MayAssume = anybody,
) -> dict[str, Deliver]:
    """A way to deliver for each kind of target there is.

    `invoke` is Lambda's, `judge` says what a role may not do, `may_assume` whether a role (its ARN) trusts EventBridge.
    """

    def start_execution(target: Mapping[str, Any], text: str) -> None:
        role_arn = target.get("RoleArn")
        if not may_assume(role_arn):
            raise NotAuthorizedError(f"Provided role '{role_arn}' cannot be assumed by principal '{SERVICE}'.")
        denial = judge(Caller(None, role_arn, EVENTS_SESSION), [Call("states:StartExecution", target["Arn"])])
        if denial is not None:
            raise NotAuthorizedError(denial.message)
        stepfunctions_parser_backends[account_id][region].start_execution(target["Arn"], str(uuid.uuid4()), text)

    def send_message(target: Mapping[str, Any], text: str) -> None:
        name = target["Arn"].rsplit(":", 1)[-1]
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        sqs_backends[account_id][region].send_message(queue_name=name, message_body=text, group_id=group)

    def publish(target: Mapping[str, Any], text: str) -> None:
        sns_backends[account_id][region].publish(message=text, arn=target["Arn"])

    return {"lambda": invoke, "states": start_execution, "sqs": send_message, "sns": publish}


def install(bus: EventBus, *, needs_roles: bool) -> None:
    """Have PutEvents go through `bus` too, and where roles are needed refuse a state machine as target without one.

    moto's rules do not reach Lambda, Step Functions or SNS, deliver although disabled, and do it inside the call; and
    moto takes events from anybody whose source begins with `aws.`.
    """
    put_targets = Rule.put_targets

    def put_checked(rule: Any, targets: list[dict[str, Any]]) -> None:
        for target in targets:
            if needs_roles and target["Arn"].split(":")[2] == "states" and not target.get("RoleArn"):
                raise ValidationException(f"RoleArn is required for target {target['Arn']}.")
        put_targets(rule, targets)

    def send_to_targets(rule: Any, original_event: Any, transform_input: bool = True) -> None:
        event = {name: value for name, value in original_event.items() if name != "ingestion-time"}
        if isinstance(event.get("time"), int | float):
            event["time"] = datetime.fromtimestamp(event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for target, text in _targets(rule, event):
            bus.deliver(target, text)

    put_events = EventsBackend.put_events

    def put_own(backend: Any, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answers = iter(put_events(backend, [event for event in events if not _is_of_aws(event)]))
        return [dict(_NOT_YOURS) if _is_of_aws(event) else next(answers) for event in events]

    EventsBackend.put_events = put_own
    Rule.send_to_targets = send_to_targets
    Rule.put_targets = put_checked
