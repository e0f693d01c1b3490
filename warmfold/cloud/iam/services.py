"""What the requests of the other services need: the operation in each protocol, its actions and the roles it passes."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from moto.backend_index import backend_url_patterns
from moto.moto_server.werkzeug_app import SIGNING_ALIASES

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
_SIGNED_AS = {
    "awslambda": "lambda",
    "cloudwatch": "monitoring",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "ses": "email",
    "stepfunctions": "states",
}
"""moto's name of a service to the one that its requests are signed for, where they differ by more than dashes."""


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


def is_known(signing_name: str) -> bool:
    """Whether moto's service of a signing name is the one that IAM's actions of that name are about."""
    host = f"{SIGNING_ALIASES.get(signing_name, signing_name)}.us-east-1.amazonaws.com"
    backend = next((name for name, pattern in backend_url_patterns if pattern.match(f"http://{host}")), "")
    return _SIGNED_AS.get(backend, backend) in (signing_name, signing_name.replace("-", ""))


def operation_of(
    signing_name: str, method: str, path: str, query: str, target: str | None, body: bytes, kind: str = ""
) -> Operation:
    """The operation that a request asks for; one that can't be told has an empty name, which nothing allows.

    A request that names different operations or members in different places, or twice, is of the protocol
    CONTRADICTION, and so is one whose content type or path is none of its protocol.
    """
    service = PREFIXES.get(signing_name, signing_name)
    asked, written = _form(query), {} if _is_json(kind) else _form(body.decode("utf-8", "replace"))
    rpc = _RPC.search(path)
    routed, labels = _route(signing_name, method, path)
    named = dict.fromkeys([*asked.get("Action", ()), *written.get("Action", ())])
    headed = target.rpartition(".")[2] if target else None
    told = {name for name in (*named, headed, rpc[1] if rpc else None, routed) if name is not None}
    name = next(iter(told), "")
    own = {name: values for name, values in asked.items() if not name.lower().startswith("x-amz-")}
    if rpc:
        fits = True
    elif target:
        fits = path == "/" and not own and not _is_form(kind)
    elif named:
        twice = any(len(values) > 1 for values in (*own.values(), *written.values()))
        fits = path == "/" and not twice and not (own and written)
    else:
        fits = not _is_form(kind) and not _named_twice(service, name, own, _json(body), labels)
    if len(told) > 1 or not fits or kind.lower().startswith("multipart/"):
        return Operation(service, "", {}, CONTRADICTION)
    if rpc:
        return Operation(service, name, {}, "rpc")
    if target:
        return Operation(service, name, _json(body), "json")
    if named:
        return Operation(service, name, {**_one_each(written), **_one_each(asked)}, "query")
    return Operation(service, name, {**_json(body), **_one_each(asked), **labels}, "rest")


def _is_json(kind: str) -> bool:
    return kind.lower().startswith(("application/json", "application/x-amz-json"))


def _is_form(kind: str) -> bool:
    return kind.lower().startswith("application/x-www-form-urlencoded")


def _named_twice(service: str, operation: str, *places: Collection[str]) -> bool:
    """Whether a REST request has a member in two places; a body that is one member as a whole has none."""
    model = roles.operation_model(service, operation) if operation else None
    query, body, path = places
    if model is not None and model.input_shape and model.input_shape.serialization.get("payload"):
        body = ()
    return len({*query, *body, *path}) < len(query) + len(body) + len(path)


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
