"""Whom a role's trust policy lets assume the role: pure, and never more generous than AWS."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from warmfold.cloud.iam.conditions import all_of, holds
from warmfold.cloud.iam.patterns import Context, Match, matches
from warmfold.cloud.iam.policy import PolicyError

SERVICE, AWS = "Service", "AWS"
"""The kinds of principals that are told apart: services, and the users, roles and sessions of accounts."""


class MayAssume(Protocol):
    """Whether a role (its ARN) lets a service assume it, for a resource (its ARN, None when it is not known)."""

    def __call__(self, role_arn: str | None, source_arn: str | None = None) -> bool: ...


def anybody(*_: str | None, **__: str | None) -> bool:
    """Where nobody asks for trust: every role may be assumed."""
    return True


def trusts(document: str, kind: str, names: Collection[str], context: Context) -> bool:
    """Whether a trust policy (JSON text) lets a principal assume its role.

    `names` are all those by which the policy may mean it. What can't be told permits nothing, and in a Deny denies.
    Raises PolicyError.
    """
    try:
        statements = _listed(json.loads(document)["Statement"])
        found = [(body["Effect"], _applies(body, kind, names, context)) for body in statements]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PolicyError(f"a trust policy can't be read ({error!r}); correct it: {document}") from error
    if any(effect != "Allow" and match is not False for effect, match in found):
        return False
    return any(effect == "Allow" and match is True for effect, match in found)


def _applies(body: Mapping[str, Any], kind: str, names: Collection[str], context: Context) -> Match:
    action: Match = None  # NotAction has no use here
    if "Action" in body:
        action = any(matches(pattern.lower(), "sts:assumerole", {}) for pattern in _listed(body["Action"]))
    conditions = [
        holds(operator, key, [str(value) for value in _listed(values)], context)
        for operator, keys in body.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return all_of([action, _is_meant(body, kind, names), *conditions])


def _is_meant(body: Mapping[str, Any], kind: str, names: Collection[str]) -> Match:
    if "NotPrincipal" in body:
        return None
    principal = body["Principal"]
    meant = _listed(principal.get(kind, ())) if isinstance(principal, dict) else [principal]
    return any(one == "*" or one in names for one in meant)


def _listed(value: Any) -> Collection[Any]:
    return value if isinstance(value, list | tuple) else [value]
