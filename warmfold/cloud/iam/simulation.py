"""SimulatePrincipalPolicy: what a role's policies would say of calls, by the same verdict as of real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from warmfold.cloud.iam.enforcement import Role
from warmfold.cloud.iam.patterns import Context
from warmfold.cloud.iam.policy import Call, Decision, Statement, decide, statements_of

NOT_SIMULATED = ("PolicyExclusionList", "ResourcePolicy", "ResourceOwner", "CallerArn", "ResourceHandlingOption")
"""Members of the request whose effect the local cloud does not know."""


def simulated(role: Role, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The EvaluationResults for a request: each action on each resource; raises PolicyError.

    The request's own policies count with the role's, its boundary in the place of the role's.
    """
    own = dict(role.policies) | _given(request, "PolicyInputList")
    boundary = _given(request, "PermissionsBoundaryPolicyInputList") or dict([role.boundary] if role.boundary else [])
    context = _context(request.get("ContextEntries") or ())
    policies, bounds = _statements(own), _statements(boundary) if boundary else None
    return [
        _result(Call(action, resource, context), policies, bounds)
        for action in request["ActionNames"]
        for resource in request.get("ResourceArns") or ["*"]
    ]


def _result(call: Call, policies: Sequence[Statement], bounds: Sequence[Statement] | None) -> dict[str, Any]:
    decision, inside = decide(policies, call), None if bounds is None else decide(bounds, call)
    refused = [made for made in (decision, inside) if made is not None and not made.allowed]
    explicit = [made for made in refused if made.by is not None]
    result: dict[str, Any] = {
        "EvalActionName": call.action,
        "EvalResourceName": call.resource,
        "EvalDecision": "explicitDeny" if explicit else "implicitDeny" if refused else "allowed",
        "MatchedStatements": [_matched(made) for made in (explicit or [decision]) if made.by is not None],
        "MissingContextValues": [],
    }
    if inside is not None:
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": inside.allowed}
    return result


def _matched(decision: Decision) -> dict[str, str]:
    name = decision.by.policy if decision.by else ""
    kind = "role" if not name.startswith("arn:") else "aws-managed" if ":aws:policy/" in name else "user-managed"
    return {"SourcePolicyId": name, "SourcePolicyType": kind}


def _given(request: Mapping[str, Any], member: str) -> dict[str, str]:
    return {f"{member}.{number}": text for number, text in enumerate(request.get(member) or (), 1)}


def _statements(policies: Mapping[str, str]) -> list[Statement]:
    return [statement for name, text in policies.items() for statement in statements_of(name, text)]


def _context(entries: Iterable[Mapping[str, Any]]) -> Context:
    context: dict[str, Any] = {}
    for entry in entries:
        values = entry.get("ContextKeyValues", [])
        many = str(entry.get("ContextKeyType", "")).endswith("List")
        context[entry["ContextKeyName"].lower()] = tuple(values) if many else values[0] if values else ""
    return context
