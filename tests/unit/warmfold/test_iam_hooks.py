"""Where the judgement meets moto: a role as it is now, and the roles of EventBridge's targets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends

from warmfold.cloud.hooks.eventbridge import SERVICE, NotAuthorizedError, ways
from warmfold.cloud.hooks.iam import role_of
from warmfold.cloud.iam.enforcement import Enforcer
from warmfold.cloud.iam.identity import Caller
from warmfold.cloud.iam.policy import Call

TRUST = {
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]
}
MACHINE = f"arn:aws:states:us-east-1:{DEFAULT_ACCOUNT_ID}:stateMachine:none"


def document(*actions: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }


@pytest.fixture
def backend() -> Any:
    backend = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.reset()
    return backend


@pytest.fixture
def role(backend: Any) -> Any:
    return backend.create_role("own", json.dumps(TRUST), "/path/", None, "", [], "3600")


def may(role: Any, action: str) -> bool:
    gate = Enforcer(DEFAULT_ACCOUNT_ID, "us-east-1", lambda arn: role_of(DEFAULT_ACCOUNT_ID, arn))
    return gate.judge(Caller(None, role.arn), [Call(action, "*")]) is None


def test_inline_managed_and_boundary_count_as_they_are_now(backend: Any, role: Any) -> None:
    role.put_policy("inline", json.dumps(document("s3:*")))
    managed = backend.create_policy("", "/", json.dumps(document("sns:*")), "kept", [])
    backend.attach_role_policy(managed.arn, "own")
    assert [may(role, action) for action in ("s3:GetObject", "sns:Publish", "sqs:SendMessage")] == [True, True, False]

    backend.create_policy_version(managed.arn, json.dumps(document("sqs:*")), "true")
    assert [may(role, action) for action in ("sns:Publish", "sqs:SendMessage")] == [False, True]

    boundary = backend.create_policy("", "/", json.dumps(document("sqs:*")), "limit", [])
    backend.put_role_permissions_boundary("own", boundary.arn)
    assert [may(role, action) for action in ("s3:GetObject", "sqs:SendMessage")] == [False, True]

    backend.detach_role_policy(managed.arn, "own")
    assert not may(role, "sqs:SendMessage")


def test_a_policy_that_a_stack_kept_as_an_object_is_read_too(role: Any) -> None:
    role.policies["inline"] = document("s3:*")
    assert may(role, "s3:GetObject")


def test_a_role_that_is_not_there_is_none() -> None:
    assert role_of(DEFAULT_ACCOUNT_ID, f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/nobody") is None


def test_a_rule_starts_a_machine_only_with_a_role_that_may(role: Any) -> None:
    gate = Enforcer(DEFAULT_ACCOUNT_ID, "us-east-1", lambda arn: role_of(DEFAULT_ACCOUNT_ID, arn))

    def may_assume(role_arn: str | None) -> bool:
        return role_arn is not None and gate.is_trusted(role_arn, SERVICE)

    deliver = ways(DEFAULT_ACCOUNT_ID, "us-east-1", lambda *_: None, gate.judge, may_assume)["states"]
    for given in (None, role.arn, role.arn + "2"):
        with pytest.raises(NotAuthorizedError, match=f"Provided role '{given}' cannot be assumed by principal"):
            deliver({"Arn": MACHINE, "RoleArn": given}, "{}")
    role.assume_role_policy_document = json.dumps(TRUST).replace("lambda.", "events.")
    said = f"assumed-role/own/EventBridge is not authorized to perform: states:StartExecution on resource: {MACHINE}"
    with pytest.raises(NotAuthorizedError, match=said):
        deliver({"Arn": MACHINE, "RoleArn": role.arn}, "{}")
    role.put_policy("inline", json.dumps(document("states:StartExecution")))
    with pytest.raises(Exception, match=r"does not exist|Does Not Exist"):  # so it was tried
        deliver({"Arn": MACHINE, "RoleArn": role.arn}, "{}")
