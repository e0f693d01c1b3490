"""What the operations of services other than S3 and SageMaker are about: their members to ARNs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Members = Mapping[str, Any]
Table = Callable[[str, Members, str], Iterator[str]]
"""Operation, its members and `<region>:<account>` to every ARN that it is about; none where that can't be told."""

_FUNCTION = re.compile(
    r"(?:(?:arn:[\w-]+:lambda:)?[\w-]*:?\d{12}:)?(?:function:)?(?P<name>[^:]+)(?::(?P<qualifier>.+))?"
)


def arns(service: str, operation: str, members: Members, place: str) -> list[str]:
    """Every ARN that an operation is about, by the service's prefix in IAM; none where that can't be told."""
    table = _TABLES.get(service)
    return list(dict.fromkeys(table(operation, members, place))) if table else []


def _given(members: Members, *names: str) -> Iterator[str]:
    """The members that are ARNs."""
    yield from (str(members[name]) for name in names if members.get(name))


def _states(operation: str, members: Members, place: str) -> Iterator[str]:
    if operation in ("CreateStateMachine", "CreateActivity") and members.get("name"):
        yield f"arn:aws:states:{place}:{operation[6].lower()}{operation[7:]}:{members['name']}"
    names = ("executionArn", "stateMachineArn", "activityArn", "mapRunArn", "resourceArn")
    yield from _given(members, *names, "stateMachineVersionArn", "stateMachineAliasArn")


def _function(_: str, members: Members, place: str) -> Iterator[str]:
    found = _FUNCTION.fullmatch(members.get("FunctionName") or "")
    if found:
        qualifier = found["qualifier"] or members.get("Qualifier")
        region = members["FunctionName"].split(":")[3] if members["FunctionName"].startswith("arn:") else ""
        where = f"{region}:{place.rpartition(':')[2]}" if region else place
        yield f"arn:aws:lambda:{where}:function:{found['name']}" + (f":{qualifier}" if qualifier else "")
    yield from _given(members, "Resource")


def _topic(_: str, members: Members, place: str) -> Iterator[str]:
    if members.get("Name"):
        yield f"arn:aws:sns:{place}:{members['Name']}"
    yield from _given(members, "TopicArn", "TargetArn", "ResourceArn")
    for subscription in _given(members, "SubscriptionArn"):
        yield subscription.rpartition(":")[0]


def _queue(_: str, members: Members, place: str) -> Iterator[str]:
    for name in (members.get("QueueName"), str(members.get("QueueUrl") or "").rpartition("/")[2]):
        if name:
            yield f"arn:aws:sqs:{place}:{name}"
    yield from _given(members, "SourceArn", "DestinationArn")


def _event(operation: str, members: Members, place: str) -> Iterator[str]:
    def bus(name: str | None) -> str:
        return name if name and name.startswith("arn:") else f"arn:aws:events:{place}:event-bus/{name or 'default'}"

    for entry in members.get("Entries") or ():
        yield bus(entry.get("EventBusName"))
    rule = members.get("Rule") or (members.get("Name") if operation.endswith("Rule") else None)
    if rule:
        on = bus(members.get("EventBusName")).rpartition("/")[2]
        yield f"arn:aws:events:{place}:rule/{rule if on == 'default' else f'{on}/{rule}'}"
    elif operation.endswith("EventBus"):
        yield bus(members.get("Name"))
    elif operation.endswith("Permission"):
        yield bus(members.get("EventBusName"))
    yield from _given(members, "ResourceARN")


def _log(operation: str, members: Members, place: str) -> Iterator[str]:
    named = [members.get(name) for name in ("logGroupName", "logGroupIdentifier")]
    listed = [members.get(name) or [] for name in ("logGroupNames", "logGroupIdentifiers")]
    groups = [group for group in (*named, *(one for groups in listed for one in groups)) if group]
    if operation == "DescribeLogGroups":
        groups = [""]  # AWS judges the listing as about a group without a name
    for group in groups:
        own = group if group.startswith("arn:") else f"arn:aws:logs:{place}:log-group:{group}"
        yield f"{own.removesuffix(':*')}:log-stream:{members.get('logStreamName') or ''}"
    yield from _given(members, "resourceArn")


def _iam(_: str, members: Members, place: str) -> Iterator[str]:
    account, path = place.rpartition(":")[2], members.get("Path") or "/"
    found = False
    for member, kind in (("RoleName", "role"), ("UserName", "user"), ("GroupName", "group")):
        if members.get(member):
            found = True
            yield f"arn:aws:iam::{account}:{kind}{path}{members[member]}"
    if not found:
        yield from _given(members, "PolicyArn")


def _parameter(_: str, members: Members, place: str) -> Iterator[str]:
    for name in (members.get("Name"), members.get("Path"), *(members.get("Names") or ())):
        if name:
            yield name if name.startswith("arn:") else f"arn:aws:ssm:{place}:parameter/{name.removeprefix('/')}"


def _role(_: str, members: Members, _place: str) -> Iterator[str]:
    return _given(members, "RoleArn")


_TABLES: dict[str, Table] = {
    "states": _states,
    "lambda": _function,
    "sns": _topic,
    "sqs": _queue,
    "events": _event,
    "logs": _log,
    "sts": _role,
    "iam": _iam,
    "ssm": _parameter,
}
