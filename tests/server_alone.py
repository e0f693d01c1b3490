"""The local cloud's server without a stack: for what is about the port, not about the pipeline."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.ports import free_port
from tests.waiting import until
from warmfold.cloud.local import LocalCloud, answers


@dataclass(frozen=True)
class Answer:
    """One answer of the port, as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class ServerAlone:
    """A server that is up; its log is in `home`."""

    cloud: LocalCloud
    home: Path

    @property
    def port(self) -> int:
        return int(self.cloud.endpoint.rpartition(":")[2])

    @property
    def log(self) -> str:
        return (self.home / "cloud.log").read_text()

    def client(self, service: str, max_connections: int = 10) -> Any:
        config = Config(max_pool_connections=max_connections)
        return self.cloud.session().client(service, config=config)

    def client_of(self, keys: Mapping[str, str], service: str, **options: Any) -> Any:
        """A client with a role's keys."""
        session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return session.client(service, endpoint_url=self.cloud.endpoint, region_name=self.cloud.region, **options)

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        """What comes of a request that goes out as it is given, its target too."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        given = {"Host": f"localhost:{self.port}", "Content-Length": str(len(body))}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in given.items():
            connection.putheader(name, value)
        try:
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()


@contextlib.contextmanager
def server_alone(home: Path, **environment: str) -> Iterator[ServerAlone]:
    """A server in a process of its own until the end of the block."""
    port = free_port()
    home.mkdir(parents=True, exist_ok=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "warmfold.cloud.server", "--home", str(home), "--port", str(port)]
    with (home / "cloud.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=own | environment)
    cloud = LocalCloud(f"http://localhost:{port}", process.pid)
    try:
        until(lambda: answers(cloud) or process.poll() is not None)
        assert process.poll() is None, (home / "cloud.log").read_text()
        yield ServerAlone(cloud, home)
    finally:
        process.terminate()
        process.wait()


SIGNED = "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"


def signed(service: str, key: str = "local", region: str = "us-east-1") -> str:
    """The Authorization header of a request for a service."""
    return SIGNED.format(key=key, region=region, service=service)
