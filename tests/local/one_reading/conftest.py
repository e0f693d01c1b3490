"""A local cloud's server alone, and roles of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.local.one_reading.requests import ACCOUNT, Role, Statement
from tests.server_alone import ServerAlone, server_alone


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAlone]:
    with server_alone(tmp_path_factory.mktemp("one-reading")) as server:
        s3 = server.client("s3")
        for bucket in ("allowed", "secret"):
            s3.create_bucket(Bucket=bucket)
            for key in ("private/x", "open/x", "secret/key", "100%25.txt"):
                s3.put_object(Bucket=bucket, Key=key, Body=f"{bucket} {key}".encode())
        s3.put_object(Bucket="secret", Key="key", Body=b"secret key")
        sqs = server.client("sqs")
        for name in ("allowed", "secret"):
            sqs.create_queue(QueueName=name)
        yield server


@pytest.fixture
def role_with(server: ServerAlone) -> Callable[..., Role]:
    """Makes a role with such statements (by default without any right)."""

    def make(*statements: Statement) -> Role:
        iam, name = server.client("iam"), f"role-{uuid.uuid4()}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        session = server.client("sts").assume_role(RoleArn=arn, RoleSessionName="own")
        return Role(server, session["Credentials"])

    return make
