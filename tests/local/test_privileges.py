"""Taking rights away one by one notices each right that no recorded call needs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.privileges import RoleRights, needed, odd_statements, rights, unbounded
from warmfold.cloud.iam.policy import ANY, Call

ROLES = "arn:aws:iam::123456789012:role/"
JOBS = "arn:aws:sagemaker:us-east-1:123456789012:training-job/"
OBJECTS = "arn:aws:s3:::b/"


def role(*statements: dict[str, Any]) -> RoleRights:
    return RoleRights(
        "Role", "role", ROLES + "role", {"p": {"Statement": [{"Effect": "Allow", **s} for s in statements]}}
    )


def unneeded(of: RoleRights, *calls: Call) -> list[tuple[str, str]]:
    return [(right.action, right.resource) for right in rights(of) if not needed(of, right, calls)]


def test_an_exact_resource_that_no_call_needs_is_noticed() -> None:
    passes = role({"Action": "iam:PassRole", "Resource": [ROLES + "fold", ROLES + "other"]})
    assert unneeded(passes, Call("iam:PassRole", ROLES + "fold")) == [("iam:PassRole", ROLES + "other")]


def test_actions_times_resources_are_judged_pair_by_pair() -> None:
    crossed = role({"Action": ["s3:GetObject", "s3:PutObject"], "Resource": [OBJECTS + "code/*", OBJECTS + "runs/*"]})
    calls = [Call("s3:GetObject", OBJECTS + "code/x"), Call("s3:PutObject", OBJECTS + "runs/x")]
    assert unneeded(crossed, *calls) == [("s3:GetObject", OBJECTS + "runs/*"), ("s3:PutObject", OBJECTS + "code/*")]


def test_a_right_that_another_statement_gives_too_is_noticed_in_both() -> None:
    twice = role(
        {"Action": "s3:GetObject", "Resource": OBJECTS + "runs/*"},
        {"Action": ["s3:GetObject"], "Resource": [OBJECTS + "runs/a/*"]},
    )
    assert len(unneeded(twice, Call("s3:GetObject", OBJECTS + "runs/a/x"))) == len(rights(twice))


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "s3:*", "Resource": OBJECTS + "runs/*"},
        {"Action": ["s3:GetObjec?"], "Resource": OBJECTS + "runs/*"},
        {"NotAction": "s3:GetObject", "Resource": "*"},
        {"Action": "s3:GetObject", "NotResource": OBJECTS + "x"},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": OBJECTS + "runs/*"},
    ],
)
def test_statements_that_can_not_be_judged_so_are_odd(statement: dict[str, Any]) -> None:
    assert odd_statements(role(statement)) == [{"Effect": "Allow", **statement}]
    assert odd_statements(role({"Action": "s3:GetObject", "Resource": "*"})) == []


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (OBJECTS + "runs/*", False),
        (OBJECTS + "runs/*/model/*", False),
        (OBJECTS + "runs/*/plan.json", False),
        (OBJECTS + "*/model/*", True),
        (OBJECTS + "r*/model/*", True),
        (OBJECTS + "*", True),
        ("arn:aws:s3:::*", True),
        (JOBS + "warmfold-*", False),
        (JOBS + "*", True),
        (JOBS + "*/warmfold-*", True),
        (JOBS + "warmfold-?", True),
        (ROLES + "*", True),
        (ROLES + "fold", False),
        ("*", True),
    ],
)
def test_wildcards_that_are_not_bound_to_the_stack_are_noticed(resource: str, expected: bool) -> None:
    of, calls = role({"Action": "x:Y", "Resource": resource}), [Call("x:Y", resource.replace("*", "z"))]
    assert bool(unbounded(of, calls, "b", "warmfold")) is expected


def test_everything_is_bound_where_a_call_has_no_resource() -> None:
    of = role({"Action": ["x:ListYs", "x:GetY"], "Resource": "*"})
    found = unbounded(of, [Call("x:ListYs", ANY), Call("x:GetY", "y")], "b", "warmfold")
    assert [right.action for right in found] == ["x:GetY"]
