"""S3: events in AWS's form and once per change, and buckets with all that their template gives them."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import flask
from moto.s3 import notifications
from moto.s3.exceptions import MalformedXML
from moto.s3.models import FakeBucket, s3_backends
from moto.s3.responses import S3Response

from warmfold.cloud.events import EventBus
from warmfold.cloud.hooks.cloudformation.resources import Properties, around

logger = logging.getLogger(__name__)

REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
    "s3:ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}


def install(bus: EventBus, clock: Callable[[], float] = time.time) -> None:
    """Mend moto's S3, whose events go to `bus`; each function below says what."""
    _send_events(bus, clock)
    _buckets()
    _deletions()


def _send_events(bus: EventBus, clock: Callable[[], float]) -> None:
    """moto spells `eTag` where AWS has `etag`, and has one sequencer for all.

    It bypasses the input transformer, sends Object Created twice for a multipart upload and Object Tags Added on every
    put, and delivers inside the PutObject.
    """
    counter = itertools.count()

    def send(account_id: str, bucket: Any, event_name: Any, key: Any) -> None:
        name = event_name.value if hasattr(event_name, "value") else str(event_name)
        if _is_echo(name):
            return
        detail: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": {
                "key": key.name,
                "size": key.size,
                "etag": key.etag.replace('"', ""),
                "sequencer": f"{int(clock() * 1000):012X}{next(counter):06X}",
            },
            "request-id": f"{next(counter):016X}",
            "requester": bucket.account_id,
            "source-ip-address": "127.0.0.1",
        }
        if bucket.is_versioned:
            detail["object"]["version-id"] = key.version_id
        if name in REASONS:
            detail["reason"] = REASONS[name]
        bus.put("aws.s3", notifications._detail_type(name), detail, [bucket.arn])

    notifications._send_event_bridge_message = send


def _is_echo(event_name: str) -> bool:
    """Whether moto made this event on the way to another one that AWS sends alone."""
    if not flask.has_request_context():
        return False
    request = flask.request
    if event_name == "s3:ObjectCreated:Put":
        return request.method == "POST" and "uploadId" in request.args
    if event_name.startswith("s3:ObjectTagging"):
        return "tagging" not in request.args
    return False


def _buckets() -> None:
    """moto's buckets ignore VersioningConfiguration, NotificationConfiguration and LifecycleConfiguration."""

    def name(_: str, properties: Properties, __: str, original: Any) -> None:
        if original is not None:  # moto looks the bucket up by a name that the template need not give
            properties.setdefault("BucketName", original.name)

    def configure(bucket: Any, properties: Properties, account_id: str) -> None:
        backend = s3_backends[account_id]["aws"]
        versioning = properties.get("VersioningConfiguration", {}).get("Status")
        if versioning:
            backend.put_bucket_versioning(bucket.name, versioning)
        events = properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration", {})
        if str(events.get("EventBridgeEnabled", "false")).lower() == "true":
            backend.put_bucket_notification_configuration(bucket.name, {"EventBridgeConfiguration": {}})
        rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
        backend.put_bucket_lifecycle(bucket.name, [_lifecycle_rule(rule) for rule in rules])

    around(FakeBucket, before=name, after=configure)


def _deletions() -> None:
    """moto fails over the body of a DeleteObjects that AWS calls malformed."""
    delete = S3Response._bucket_response_delete_keys

    def delete_keys(self: Any, bucket_name: str, authenticated: bool = True) -> Any:
        try:
            root = ElementTree.fromstring(self.body)
        except ElementTree.ParseError as error:
            raise MalformedXML from error
        named = [[part.text for part in one if _name(part) == "Key"] for one in root if _name(one) == "Object"]
        if _name(root) != "Delete" or not named or not all(len(keys) == 1 and keys[0] for keys in named):
            raise MalformedXML
        return delete(self, bucket_name, authenticated)

    S3Response._bucket_response_delete_keys = delete_keys


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """A template's lifecycle rule in the API's form, which is another."""
    made: dict[str, Any] = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": rule["ExpirationInDays"]}
    same = ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
    return made | {name: rule[name] for name in same if name in rule}
