"""S3's events, in AWS's form and once per change."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable
from typing import Any

import flask
from moto.s3 import notifications

from warmfold.cloud.events import EventBus

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
    """Send S3's events to `bus`.

    moto spells `eTag` where AWS has `etag`, has one sequencer for all, bypasses the input transformer, sends Object
    Created twice for a multipart upload and Object Tags Added on every put, and delivers inside the PutObject.
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
