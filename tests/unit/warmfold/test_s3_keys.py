"""S3 keys as they were given: what reads like an encoding in them is neither decoded nor encoded on the local cloud."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import waitress
from moto.s3 import notifications

from tests.ports import free_port
from warmfold.cloud import middleware
from warmfold.cloud.app import moto_application, serve_moto
from warmfold.cloud.hooks import s3 as hooks

KEYS = [
    f"datasets/{name}/data.csv"
    for name in ("a+b", "a b", "a%2Bb", "a%2Db", "a-b", "a%252Db", "a%20b", "a%2Fb", "a%", "ä", "a?b=c&d", "a#b", "a'b")
]


class Told:
    """A bus that keeps the keys of the objects that it is told of."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def put(self, source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:  # noqa: ARG002
        self.keys.append(detail["object"]["key"])


@pytest.fixture
def s3() -> Iterator[Any]:
    port = free_port()
    server = waitress.create_server(
        middleware.application([serve_moto(moto_application())]), host="127.0.0.1", port=port, threads=4
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="own",
        aws_secret_access_key="own",
    )
    client.create_bucket(Bucket="own-keys")
    yield client
    for item in client.list_objects_v2(Bucket="own-keys").get("Contents", []):
        client.delete_object(Bucket="own-keys", Key=item["Key"])
    client.delete_bucket(Bucket="own-keys")
    server.close()
    thread.join(timeout=10)


def test_no_two_keys_are_one_object_and_events_tell_them_as_given(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "_send_event_bridge_message", notifications._send_event_bridge_message)
    bus = Told()
    hooks._send_events(bus, lambda: 0.0)  # type: ignore[arg-type]
    s3.put_bucket_notification_configuration(
        Bucket="own-keys", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    for key in KEYS:
        s3.put_object(Bucket="own-keys", Key=key, Body=key.encode())
    assert sorted(item["Key"] for item in s3.list_objects_v2(Bucket="own-keys")["Contents"]) == sorted(KEYS)
    assert [s3.get_object(Bucket="own-keys", Key=key)["Body"].read().decode() for key in KEYS] == KEYS
    assert bus.keys == KEYS
