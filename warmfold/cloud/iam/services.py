"""What the requests of the other services need: the operation in each protocol, and a small table of resources."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import botocore.session

from warmfold.cloud.iam.policy import Call

PREFIXES = {"monitoring": "cloudwatch"}
"""Signing name to IAM's prefix, where they differ."""
IAM_NAMES = {("lambda", "Invoke"): "InvokeFunction", ("lambda", "InvokeWithResponseStream"): "InvokeFunction"}
"""Operation to IAM's action, where they differ."""
FREE = {"sts:GetCallerIdentity"}
"""Actions that no policy needs to allow."""
PASSED_TO = {
    "lambda": ("Role", "lambda.amazonaws.com"),
    "states": ("roleArn", "states.amazonaws.com"),
    "events": ("RoleArn", "events.amazonaws.com"),
}
"""The member that passes a role, and the service that gets it."""

_RPC = re.compile(r"/service/[^/]+/operation/(\w+)")
_LABEL = re.compile(r"\{(\w+)\+?\}")


@dataclass(frozen=True)
class Operation:
    """One request's IAM prefix (`sns`), operation, members, and protocol: `json`, `rest`, `query` or `rpc`."""

    service: str
    name: str
    members: Mapping[str, Any]
    protocol: str

    @property
    def action(self) -> str:
        """IAM's name of it."""
        return f"{self.service}:{IAM_NAMES.get((self.service, self.name), self.name)}"


def operation_of(signing_name: str, method: str, path: str, query: str, target: str | None, body: bytes) -> Operation:
    """The operation that a request asks for; one that can't be told has an empty name, which nothing allows."""
    service = PREFIXES.get(signing_name, signing_name)
    rpc = _RPC.search(path)
    if rpc:
        return Operation(service, rpc[1], {}, "rpc")
    if target:
        return Operation(service, target.rpartition(".")[2], _json(body), "json")
    form = {name: values[0] for name, values in parse_qs(f"{query}&{body.decode('utf-8', 'replace')}").items()}
    if "Action" in form and path in ("", "/"):
        return Operation(service, form["Action"], form, "query")
    for verb, pattern, name in _routes(signing_name):
        found = pattern.fullmatch(path)
        if verb == method and found:
            return Operation(service, name, {**_json(body), **form, **found.groupdict()}, "rest")
    return Operation(service, "", {}, "rest")


def calls(operation: Operation, account_id: str, region: str) -> list[Call]:
    """Every action that the operation needs."""
    if operation.action in FREE:
        return []
    table = _RESOURCES.get(operation.service)
    resource = (table(operation.members, f"{region}:{account_id}") if table else None) or "*"
    needed = [Call(operation.action, resource)]
    member, service = PASSED_TO.get(operation.service, ("", ""))
    roles = _values(operation.members, member) if operation.name.startswith(("Create", "Update", "Put")) else []
    return needed + [Call("iam:PassRole", role, {"iam:passedtoservice": service}) for role in dict.fromkeys(roles)]


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


@functools.cache
def _routes(signing_name: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Method, path and operation of a REST service, the most definite path first."""
    try:
        model = botocore.session.get_session().get_service_model(signing_name)
    except botocore.exceptions.UnknownServiceError:
        return []
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        uri = http["requestUri"].partition("?")[0]
        if "{" not in uri and uri in ("", "/"):
            continue
        parts = _LABEL.split(uri)
        pattern = "".join(re.escape(part) if i % 2 == 0 else f"(?P<{part}>.+)" for i, part in enumerate(parts))
        routes.append((http["method"], re.compile(pattern + "/?"), name, uri.count("{"), -len(uri)))
    return [(method, pattern, name) for method, pattern, name, *_ in sorted(routes, key=lambda route: route[3:])]


def _values(members: Any, name: str) -> list[str]:
    if isinstance(members, dict):
        own = [members[name]] if isinstance(members.get(name), str) else []
        return own + [value for item in members.values() for value in _values(item, name)]
    return [value for item in members for value in _values(item, name)] if isinstance(members, list) else []


def _first(*names: str) -> Callable[[Mapping[str, Any], str], str | None]:
    """The first of the members that is there: an ARN."""

    def resource(members: Mapping[str, Any], _: str) -> str | None:
        return next((str(members[name]) for name in names if members.get(name)), None)

    return resource


def _states(members: Mapping[str, Any], place: str) -> str | None:
    named = members.get("name") and not members.get("stateMachineArn")
    own = f"arn:aws:states:{place}:stateMachine:{members['name']}" if named else None
    return own or _first("executionArn", "stateMachineArn", "activityArn", "resourceArn")(members, place)


def _function(members: Mapping[str, Any], place: str) -> str | None:
    name = members.get("FunctionName")
    if not name:
        return members.get("Resource")
    arn = name if name.startswith("arn:") else f"arn:aws:lambda:{place}:function:{name}"
    return f"{arn}:{members['Qualifier']}" if members.get("Qualifier") else arn


def _topic(members: Mapping[str, Any], place: str) -> str | None:
    if members.get("Name"):
        return f"arn:aws:sns:{place}:{members['Name']}"
    return _first("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn")(members, place)


def _queue(members: Mapping[str, Any], place: str) -> str | None:
    name = members.get("QueueName") or str(members.get("QueueUrl", "")).rpartition("/")[2]
    return f"arn:aws:sqs:{place}:{name}" if name else None


def _event(members: Mapping[str, Any], place: str) -> str | None:
    if "Entries" in members:
        bus = next((entry["EventBusName"] for entry in members["Entries"] if entry.get("EventBusName")), "default")
        return bus if bus.startswith("arn:") else f"arn:aws:events:{place}:event-bus/{bus}"
    name = members.get("Rule") or members.get("Name")
    return f"arn:aws:events:{place}:rule/{name}" if name else members.get("ResourceARN")


def _log(members: Mapping[str, Any], place: str) -> str | None:
    group = members.get("logGroupName")
    if group is None:
        return members.get("resourceArn") or members.get("logGroupIdentifier")
    return f"arn:aws:logs:{place}:log-group:{group}:log-stream:{members.get('logStreamName', '')}"


def _iam(members: Mapping[str, Any], place: str) -> str | None:
    account = place.rpartition(":")[2]
    for member, kind in (("RoleName", "role"), ("UserName", "user")):
        if member in members:
            return f"arn:aws:iam::{account}:{kind}/{members[member]}"
    return members.get("PolicyArn")


def _parameter(members: Mapping[str, Any], place: str) -> str | None:
    name = members.get("Name")
    return f"arn:aws:ssm:{place}:parameter/{name.removeprefix('/')}" if name else None


_RESOURCES: dict[str, Callable[[Mapping[str, Any], str], str | None]] = {
    "states": _states,
    "lambda": _function,
    "sns": _topic,
    "sqs": _queue,
    "events": _event,
    "logs": _log,
    "sts": _first("RoleArn"),
    "iam": _iam,
    "ssm": _parameter,
}
"""Service to the resource of its operations; one that has none here is about every resource."""
