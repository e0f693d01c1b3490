"""Roles with some rights, and requests with their keys."""

from __future__ import annotations

from typing import Any

from tests.server_alone import Answer, ServerAlone, signed

ACCOUNT = "123456789012"
JSON = "application/x-amz-json-1.0"
FORM = "application/x-www-form-urlencoded"
Statement = dict[str, Any]


class Role:
    """A role with some rights, and requests with its keys."""

    def __init__(self, server: ServerAlone, keys: dict[str, str]) -> None:
        self.server = server
        self.keys = keys

    def client(self, service: str) -> Any:
        return self.server.client_of(self.keys, service)

    def ask(self, service: str, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        given = {
            "Authorization": signed(service, self.keys["AccessKeyId"]),
            "X_Amz_Security_Token": self.keys["SessionToken"],
        }
        return self.server.ask(method, target, body, **given, **headers)


def allow(action: str, *resources: str) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": list(resources or ("*",))}


def deny(action: str, *resources: str) -> Statement:
    return {**allow(action, *resources), "Effect": "Deny"}


def keys_of(server: ServerAlone, bucket: str) -> list[str]:
    return [item["Key"] for item in server.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())]
