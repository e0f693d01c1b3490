"""The local SageMaker alone behind a port of its own, for what takes a clock or settings of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import boto3
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID

from tests.conformance.requests import AT_ONCE
from warmfold.cloud.sagemaker import wire
from warmfold.cloud.sagemaker.service import build_service
from warmfold.cloud.sagemaker.settings import Settings

KEYS = {"AccessKeyId": "testing", "SecretAccessKey": "testing", "SessionToken": "testing"}


class Clock:
    """A clock that goes when it is told to; `now` is in epoch seconds."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Requests are not told on stderr."""


@contextmanager
def sagemaker_alone(base: Path, clock: Clock, **settings: Any) -> Iterator[Any]:
    """A boto3 client, without retries, of a SageMaker with those settings; there is no S3 beside it.

    Unless it is told otherwise nothing comes late there.
    """
    service = build_service(
        Settings(base_dir=base, account_id=DEFAULT_ACCOUNT_ID, preload=False, **(AT_ONCE | settings)),
        credentials=lambda _: KEYS,
        log_sink=lambda *_: None,
        event_sink=lambda *_: None,
        clock=clock,
    )
    with make_server("127.0.0.1", 0, wire.application(service, lambda _: None), handler_class=_Quiet) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield boto3.Session().client(
                "sagemaker",
                region_name="us-east-1",
                endpoint_url=f"http://127.0.0.1:{server.server_port}",
                aws_access_key_id=KEYS["AccessKeyId"],
                aws_secret_access_key=KEYS["SecretAccessKey"],
                config=Config(retries={"total_max_attempts": 1}),
            )
        finally:
            server.shutdown()
            service.shutdown()
