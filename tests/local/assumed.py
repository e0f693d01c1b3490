"""A role's own credentials, as a person gets them: by AssumeRole, which the role must trust them with."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3

from warmfold.cloud.local import LocalCloud

ACCOUNT = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}


def clients_as(cloud: LocalCloud, role_name: str, session_name: str) -> Callable[..., Any]:
    """Makes clients with a role's credentials; while they are asked for, the role trusts its account as well."""
    iam: Any = cloud.session().client("iam")
    role = iam.get_role(RoleName=role_name)["Role"]
    before = role["AssumeRolePolicyDocument"]
    trusting = {**before, "Version": "2012-10-17", "Statement": [*before["Statement"], ACCOUNT]}
    iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=json.dumps(trusting))
    keys = cloud.session().client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName=session_name)["Credentials"]
    iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=json.dumps(before))
    return clients_with(cloud, keys)


def clients_with(cloud: LocalCloud, keys: Any) -> Callable[..., Any]:
    """Makes clients with credentials that STS has given."""
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], cloud.region)

    def client(service: str, **options: Any) -> Any:
        make: Any = session.client
        return make(service, **{"endpoint_url": cloud.endpoint, **options})

    return client
