"""The rights of a stack's roles, and the calls that were made with them: what is needed, what is not."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3

from warmfold.cloud.iam.policy import Call, Statement, decide, statements_of

Document = dict[str, Any]


@dataclass(frozen=True)
class RoleRights:
    """One role as it is deployed: its template's name, and every policy's document by name or ARN."""

    logical_id: str
    name: str
    arn: str
    policies: Mapping[str, Document]

    @property
    def own(self) -> dict[str, Document]:
        """The policies that are the template's, not AWS's."""
        return {name: document for name, document in self.policies.items() if not name.startswith("arn:aws:iam::aws:")}

    @property
    def aws_managed(self) -> set[str]:
        """The names of AWS's own policies."""
        return {name.rpartition("/")[2] for name in set(self.policies) - set(self.own)}


@dataclass(frozen=True)
class Right:
    """One action of one statement of one role."""

    role: str
    policy: str
    index: int
    action: str


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def roles_of(session: boto3.Session, stack_name: str) -> list[RoleRights]:
    """Every role that a stack has."""
    iam: Any = session.client("iam")
    return [
        RoleRights(logical_id, name, iam.get_role(RoleName=name)["Role"]["Arn"], _policies(iam, name))
        for logical_id, name in resources_of(session, stack_name, "AWS::IAM::Role").items()
    ]


def resources_of(session: boto3.Session, stack_name: str, kind: str) -> dict[str, str]:
    """A stack's resources of one type: the template's names to the real ones."""
    pages: Any = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack_name)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == kind
    }


def _policies(iam: Any, role: str) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found[name] = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found[arn] = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return found


def rights(role: RoleRights) -> list[Right]:
    """Each action of each statement of the role's own policies."""
    return [
        Right(role.logical_id, policy, index, action)
        for policy, document in role.own.items()
        for index, statement in enumerate(listed(document["Statement"]))
        for action in listed(statement["Action"])
    ]


def without(document: Document, index: int, action: str) -> Document:
    """A document without one action of one statement."""
    changed = copy.deepcopy(document)
    statements = changed["Statement"] = listed(changed["Statement"])
    statements[index]["Action"] = [one for one in listed(statements[index]["Action"]) if one != action]
    return changed


def statements(policies: Mapping[str, Document]) -> list[Statement]:
    return [one for name, document in policies.items() for one in statements_of(name, json.dumps(document))]


@dataclass(frozen=True)
class Recorded:
    """A call that the local cloud judged."""

    role_arn: str
    call: Call
    allowed: bool


def recorded(path: Path) -> list[Recorded]:
    """What a local cloud has written to the file of its recorder."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        Recorded(line["role_arn"], Call(line["action"], line["resource"], line["context"]), line["allowed"])
        for line in lines
    ]


def needed(role: RoleRights, right: Right, calls: Sequence[Call]) -> list[Call]:
    """The recorded calls of a role that are denied once it has lost a right."""
    policies = dict(role.policies)
    policies[right.policy] = without(policies[right.policy], right.index, right.action)
    left = statements(policies)
    return [call for call in calls if not decide(left, call).allowed]


def wide_resources(role: RoleRights, calls: Sequence[Call]) -> set[str]:
    """Every Resource with a wildcard that is wider than what was recorded.

    Either no recorded call of its statement is within it, or it is `*` though all those calls name a resource.
    """
    found = set()
    for statement in statements(role.own):
        for pattern in statement.resources:
            alone = replace(statement, resources=(pattern,))
            within = [call for call in calls if alone.applies(call) is True]
            if "*" in pattern and (not within or (pattern == "*" and "*" not in {call.resource for call in within})):
                found |= {f"{action} {pattern}" for action in statement.actions}
    return found


def template_actions(template: Mapping[str, Any]) -> dict[str, set[str]]:
    """Every action of every role of a transformed template, whatever its conditions."""
    resources = template["Resources"]
    managed = {name: body for name, body in resources.items() if body["Type"] == "AWS::IAM::ManagedPolicy"}
    found: dict[str, set[str]] = {}
    for name, body in resources.items():
        if body["Type"] != "AWS::IAM::Role":
            continue
        properties = body["Properties"]
        parts: list[Any] = [properties.get("Policies", [])]
        for policy, other in managed.items():
            mentions = json.dumps([properties.get("ManagedPolicyArns", []), other["Properties"].get("Roles", [])])
            if f'"Ref": "{policy}"' in mentions or f'"Ref": "{name}"' in json.dumps(
                other["Properties"].get("Roles", [])
            ):
                parts.append(other["Properties"]["PolicyDocument"])
        found[name] = set(_actions(parts))
    return found


def _actions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "Action" in value:
            yield from listed(value["Action"])
        else:
            for item in value.values():
                yield from _actions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _actions(item)


@contextlib.contextmanager
def deprived(session: boto3.Session, role: RoleRights, action: str) -> Iterator[None]:
    """A role without an action in any of its own policies, for as long as this lasts."""
    iam: Any = session.client("iam")
    undo = []
    for policy, document in role.own.items():
        changed = document
        for right in rights(role):
            if right.policy == policy and right.action == action:
                changed = without(changed, right.index, action)
        if changed == document:
            continue
        version = {"Version": "2012-10-17"}  # moto takes no document without one from a client
        text = json.dumps({**changed, **version, "Statement": [one for one in changed["Statement"] if one["Action"]]})
        if policy.startswith("arn:"):  # others have it too
            iam.detach_role_policy(RoleName=role.name, PolicyArn=policy)
            iam.put_role_policy(RoleName=role.name, PolicyName="deprived", PolicyDocument=text)
            undo += [
                (iam.delete_role_policy, {"RoleName": role.name, "PolicyName": "deprived"}),
                (iam.attach_role_policy, {"RoleName": role.name, "PolicyArn": policy}),
            ]
        else:
            iam.put_role_policy(RoleName=role.name, PolicyName=policy, PolicyDocument=text)
            whole = {"RoleName": role.name, "PolicyName": policy, "PolicyDocument": json.dumps({**document, **version})}
            undo.append((iam.put_role_policy, whole))
    assert undo, f"{role.logical_id} has no {action}"
    try:
        yield
    finally:
        for operation, arguments in undo:
            operation(**arguments)
