"""The rights of a stack's roles, and the calls that were made with them: what is needed, what is not."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from warmfold.cloud.iam.policy import ANY, Call, Statement, decide, statements_of

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
    """One action on one resource, as one statement of one role has it."""

    role: str
    policy: str
    index: int
    action: str
    resource: str


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
    """Each action on each resource of each statement of the role's own policies."""
    return [
        Right(role.logical_id, policy, index, action, resource)
        for policy, document in role.own.items()
        for index, statement in enumerate(listed(document["Statement"]))
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def odd_statements(role: RoleRights) -> list[Document]:
    """The statements that taking rights away one by one can't judge: such as do not allow, name what they leave out,
    or have wildcards in their actions."""
    return [
        statement
        for document in role.own.values()
        for statement in listed(document["Statement"])
        if statement["Effect"] != "Allow"
        or not {"Action", "Resource"} <= set(statement)
        or any(wildcard in action for action in listed(statement["Action"]) for wildcard in "*?")
    ]


def without(document: Document, right: Right) -> Document:
    """A document without one action on one resource of one statement; the other statements keep their numbers."""
    changed = copy.deepcopy(document)
    found = changed["Statement"] = listed(changed["Statement"])
    split = found[right.index]
    others = [one for one in listed(split["Resource"]) if one != right.resource]
    found.append({**split, "Action": [right.action], "Resource": others})
    found[right.index] = {**split, "Action": [one for one in listed(split["Action"]) if one != right.action]}
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
    policies[right.policy] = without(policies[right.policy], right)
    left = statements(policies)
    return [call for call in calls if not decide(left, call).allowed]


def unbounded(role: RoleRights, calls: Sequence[Call], bucket: str, prefix: str) -> list[Right]:
    """The rights to more than one folder of the stack's bucket, or more than what has the stack's prefix in its name.

    A right to `*` is none of them where a recorded call of its action has no resource.
    """
    mine = re.compile(rf"arn:aws:s3:::{bucket}/[\w-]+/\*(/[\w.-]+(/\*)?)?|[^*?]+[:/]{prefix}-[^*?]*\*")
    everything = {call.action for call in calls if call.resource == ANY}
    return [
        right
        for right in rights(role)
        if ("*" in right.resource or "?" in right.resource)
        and not mine.fullmatch(right.resource)
        and not (right.resource == ANY and right.action in everything)
    ]


def template_rights(template: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Role, action and resource of every right in a transformed template, whatever its conditions.

    References stand in a resource as in Fn::Sub: `${Name}`, `${Name.Attribute}`.
    """
    resources = template["Resources"]
    managed = {name: body for name, body in resources.items() if body["Type"] == "AWS::IAM::ManagedPolicy"}
    found: set[tuple[str, str, str]] = set()
    for name, body in resources.items():
        if body["Type"] != "AWS::IAM::Role":
            continue
        properties = body["Properties"]
        parts: list[Any] = [properties.get("Policies", [])]
        for policy, other in managed.items():
            attached = {"Ref": policy} in properties.get("ManagedPolicyArns", [])
            if attached or {"Ref": name} in other["Properties"].get("Roles", []):
                parts.append(other["Properties"]["PolicyDocument"])
        found |= {(name, *right) for right in _rights(parts)}
    return found


def _rights(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and "Action" in value:
        for action in listed(value["Action"]):
            yield from ((action, _text(resource)) for resource in listed(value["Resource"]))
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _rights(item)


def _text(resource: Any) -> str:
    if isinstance(resource, str):
        return resource
    ((function, value),) = resource.items()
    return str(value) if function == "Fn::Sub" else f"${{{'.'.join(listed(value))}}}"


@contextlib.contextmanager
def deprived(session: boto3.Session, role: RoleRights, action: str) -> Iterator[None]:
    """A role without an action in any of its own policies, for as long as this lasts."""
    iam: Any = session.client("iam")
    undo = []
    for policy, document in role.own.items():
        changed = copy.deepcopy(document)
        for statement in listed(changed["Statement"]):
            statement["Action"] = [one for one in listed(statement["Action"]) if one != action]
        if action not in {right.action for right in rights(role) if right.policy == policy}:
            continue
        version = {"Version": "2012-10-17"}  # moto takes no document without one from a client
        kept = [one for one in listed(changed["Statement"]) if one["Action"]]
        text = json.dumps({**changed, **version, "Statement": kept})
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
