"""Sessions and roles: who is given which, and whose word is not taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.warmfold.iam_requests import ACCOUNT, ROLE, TRUST, WHO, Inner, enforcer, nobody, policy, request
from warmfold.cloud.iam.denial import UNSIGNED
from warmfold.cloud.iam.enforcement import Enforcer, Role


@pytest.mark.parametrize("name", ["GetSessionToken", "GetFederationToken"])
def test_a_session_is_given_no_other_session(name: str) -> None:
    gate = enforcer(p=policy({"Action": "*"}))
    status, _, body = request(gate, "sts", "POST", "/", body=f"Action={name}&Name=me".encode())
    assert status == "403 Forbidden"
    assert f"<Code>AccessDenied</Code><Message>Cannot call {name} with session credentials<" in body.decode()
    assert request(gate, "sts", "POST", "/", body=f"Action={name}".encode(), role=None)[0] == "200 OK"


TARGET = f"arn:aws:iam::{ACCOUNT}:role/target"
USER = f"arn:aws:iam::{ACCOUNT}:user/me"
MAY_ASSUME = {"Action": "sts:AssumeRole", "Resource": TARGET}
REFUSED = "is not authorized to perform: sts:AssumeRole on resource: " + TARGET


@pytest.mark.parametrize(
    ("principal", "statements", "session", "user"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", [MAY_ASSUME], True, True),
        (ACCOUNT, [MAY_ASSUME], True, True),
        (f"arn:aws:iam::{ACCOUNT}:root", [], False, True),
        (ROLE, [], True, False),
        (ROLE, [{**MAY_ASSUME, "Effect": "Deny"}], False, False),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/fold/session", [], True, False),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/fold/other", [MAY_ASSUME], False, False),
        (USER, [MAY_ASSUME], False, True),
        ("arn:aws:iam::999999999999:root", [MAY_ASSUME], False, False),
        (None, [MAY_ASSUME], False, False),
    ],
)
def test_a_role_is_assumed_by_whom_it_trusts(
    principal: str | None, statements: list[dict[str, Any]], session: bool, user: bool
) -> None:
    meant = {"AWS": principal} if principal else {"Service": "sagemaker.amazonaws.com"}
    trust = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": meant}]})
    roles = {ROLE: Role({"p": policy(*statements)}, TRUST), TARGET: Role({}, trust)}
    gate = Enforcer(ACCOUNT, "us-east-1", roles.get, user_arn=lambda _: USER)
    body = f"Action=AssumeRole&RoleArn={TARGET}&RoleSessionName=s".encode()
    for role, may in ((ROLE, session), (None, user)):
        status, _, answer = request(gate, "sts", "POST", "/", body=body, role=role)
        assert status == ("200 OK" if may else "403 Forbidden"), role
        assert (REFUSED in answer.decode()) is not may


def test_a_role_that_is_not_there_is_assumed_by_nobody() -> None:
    gate = Enforcer(ACCOUNT, "us-east-1", {ROLE: Role({"p": policy(MAY_ASSUME)}, TRUST)}.get, user_arn=lambda _: USER)
    body = f"Action=AssumeRole&RoleArn={TARGET}&RoleSessionName=s".encode()
    for role, who in ((ROLE, WHO), (None, f"User: {USER}")):
        status, _, answer = request(gate, "sts", "POST", "/", body=body, role=role)
        assert status == "403 Forbidden"
        assert f"<Code>AccessDenied</Code><Message>{who} {REFUSED}<" in answer.decode()


@pytest.mark.parametrize("name", ["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"])
@pytest.mark.parametrize("signed", [True, False])
def test_a_foreign_identity_that_can_not_be_checked_is_not_believed(name: str, signed: bool) -> None:
    inner, more = Inner(), {} if signed else {"HTTP_AUTHORIZATION": "", "identify": nobody(UNSIGNED)}
    body = f"Action={name}&RoleArn={ROLE}".encode()
    status, _, answer = request(enforcer(), "sts", "POST", "/", inner=inner, role=None, body=body, **more)
    assert (status, inner.bodies) == ("403 Forbidden", [])
    assert f"<Code>AccessDenied</Code><Message>Not authorized to perform sts:{name}<" in answer.decode()


@pytest.mark.parametrize(
    "elsewhere", [{"query": "Action=GetCallerIdentity"}, {"HTTP_X_AMZ_TARGET": "x.GetCallerIdentity"}]
)
@pytest.mark.parametrize("role", [ROLE, None])
def test_a_request_that_names_two_operations_is_refused_whatever_is_allowed(
    elsewhere: dict[str, str], role: str | None
) -> None:
    gate, inner = enforcer(p=policy({"Action": "*"})), Inner()
    body = f"Action=AssumeRole&RoleArn={TARGET}&RoleSessionName=s".encode()
    status, _, answer = request(gate, "sts", "POST", "/", inner=inner, body=body, role=role, **elsewhere)
    assert status == "400 Bad Request"
    assert b"names more than one operation" in answer
    assert inner.bodies == []
