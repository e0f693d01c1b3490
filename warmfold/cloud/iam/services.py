"""What the requests of the other services need: the operation in each protocol, its actions and the roles it passes."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from warmfold.cloud.iam import resources, roles
from warmfold.cloud.iam.policy import ANY, UNKNOWN, Call

PREFIXES = {"monitoring": "cloudwatch"}
"""Signing name to IAM's prefix, where they differ."""
IAM_NAMES = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "InvokeFunction",
    ("sns", "PublishBatch"): "Publish",
    ("sqs", "SendMessageBatch"): "SendMessage",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
}
"""Operation to IAM's action, where they differ."""
FREE = {"sts:GetCallerIdentity"}
"""Actions that no policy needs to allow."""
PASSED_TO = {name: f"{name}.amazonaws.com" for name in ("lambda", "states", "events", "scheduler", "pipes", "firehose")}
"""The service that gets the roles that are passed; of any other it is not known here."""

_RPC = re.compile(r"/service/[^/]+/operation/(\w+)")
_LABEL = re.compile(r"\{(\w+)\+?\}")
CONTRADICTION = "contradiction"


@dataclass(frozen=True)
class Operation:
    """One request's IAM prefix (`sns`), operation, members, and protocol.

    The protocol is `json`, `rest`, `query`, `rpc` or CONTRADICTION.
    """

    service: str
    name: str
    members: Mapping[str, Any]
    protocol: str

    @property
    def action(self) -> str:
        """IAM's name of it."""
        return f"{self.service}:{IAM_NAMES.get((self.service, self.name), self.name)}"


def operation_of(signing_name: str, method: str, path: str, query: str, target: str | None, body: bytes) -> Operation:
    """The operation that a request asks for; one that can't be told has an empty name, which nothing allows.

    A request that names different operations in different places is of the protocol CONTRADICTION.
    """
    service = PREFIXES.get(signing_name, signing_name)
    # moto looks for an Action in every body, JSON too
    asked, written = _form(query), _form(body.decode("utf-8", "replace"))
    rpc = _RPC.search(path)
    routed, labels = _route(signing_name, method, path)
    named = dict.fromkeys([*asked.get("Action", ()), *written.get("Action", ())])
    headed = target.rpartition(".")[2] if target else None
    told = {name for name in (*named, headed, rpc[1] if rpc else None, routed) if name is not None}
    if len(told) > 1:
        return Operation(service, "", {}, CONTRADICTION)
    name = next(iter(told), "")
    if rpc:
        return Operation(service, name, {}, "rpc")
    if target:
        return Operation(service, name, _json(body), "json")
    if named:
        return Operation(service, name, {**_one_each(written), **_one_each(asked)}, "query")
    return Operation(service, name, {**_json(body), **_one_each(asked), **labels}, "rest")


def calls(operation: Operation, account_id: str, region: str) -> list[Call]:
    """Every action that the operation needs."""
    if operation.action in FREE:
        return []
    found = resources.arns(operation.service, operation.name, operation.members, f"{region}:{account_id}")
    needed = [Call(operation.action, resource) for resource in found or [_unnamed(operation)]]
    return [*needed, *_passed(operation)]


def _unnamed(operation: Operation) -> str:
    """The resource of an operation whose members name none."""
    model = roles.operation_model(operation.service, operation.name)
    if model is None or not operation.name.startswith("List"):
        return UNKNOWN
    return UNKNOWN if model.input_shape and model.input_shape.required_members else ANY


def _passed(operation: Operation) -> Iterator[Call]:
    if operation.service in ("iam", "sts") or operation.name.startswith(("Get", "List", "Describe")):
        return
    found = roles.passed_roles(operation.service, operation.name, operation.members)
    if operation.protocol == "rpc" and roles.may_pass_one(operation.service, operation.name):
        found = [UNKNOWN]
    for role in found:
        yield Call("iam:PassRole", role, {"iam:passedtoservice": PASSED_TO.get(operation.service)})


def _form(text: str) -> dict[str, list[str]]:
    return parse_qs(text, keep_blank_values=True)


def _one_each(form: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[0] for name, values in form.items()}


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _route(signing_name: str, method: str, path: str) -> tuple[str | None, Mapping[str, str]]:
    """A REST service's operation behind method and path, and the members in the path."""
    for verb, pattern, name in _routes(signing_name):
        found = pattern.fullmatch(path)
        if verb == method and found:
            return name, found.groupdict()
    return None, {}


@functools.cache
def _routes(signing_name: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Method, path and operation of a REST service, the most definite path first."""
    model = roles.service_model(signing_name)
    if model is None:
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
