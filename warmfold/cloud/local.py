"""Starting and stopping the local cloud."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from warmfold.cloud.deploy import deploy
from warmfold.stack import DEFAULT_STACK, CommandError

REGION = "us-east-1"
START_SECONDS = 60
STOP_SECONDS = 20
TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"


@dataclass(frozen=True)
class LocalCloud:
    """A local cloud that is up."""

    endpoint: str
    pid: int
    region: str = REGION

    @property
    def environment(self) -> dict[str, str]:
        """What to export so that every AWS tool finds it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": self.region,
        }

    def session(self) -> boto3.Session:
        """A boto3 session with the local credentials; clients made with `endpoint_url=self.endpoint` talk to it."""
        return _Session(self)


class _Session(boto3.Session):
    def __init__(self, cloud: LocalCloud) -> None:
        super().__init__(aws_access_key_id="local", aws_secret_access_key="local", region_name=cloud.region)
        self._endpoint = cloud.endpoint

    def client(self, *args: Any, **kwargs: Any) -> Any:
        """A client of the local cloud."""
        return super().client(*args, **{"endpoint_url": self._endpoint} | kwargs)


def up(
    home: Path,
    port: int,
    *,
    stack_name: str = DEFAULT_STACK,
    template: Path = TEMPLATE,
    parameters: dict[str, str] | None = None,
    sagemaker: dict[str, Any] | None = None,
) -> LocalCloud:
    """Start a local cloud and deploy the template to it; `sagemaker` are settings of the local SageMaker.

    Raises
    ------
    CommandError
        One is up already, the port is taken, or it did not start.
    """
    running = status(home)
    if running is not None:
        raise CommandError(
            f"a local cloud is already up at {running.endpoint} (process {running.pid}); use it, or stop it with "
            "`warmfold local down`"
        )
    _check_port(port)
    if not template.is_file():
        raise CommandError(f"{template} is not there; run this from a checkout of warmfold")
    home.mkdir(parents=True, exist_ok=True)
    log = home / "cloud.log"
    command = [sys.executable, "-m", "warmfold.cloud.server", "--home", str(home.resolve()), "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--region", REGION, "--sagemaker", json.dumps(sagemaker or {})],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    cloud = LocalCloud(f"http://localhost:{port}", process.pid)
    (home / "cloud.json").write_text(json.dumps({"endpoint": cloud.endpoint, "pid": cloud.pid, "region": cloud.region}))
    try:
        _wait_until_healthy(cloud, process, log)
        deploy(cloud.session(), template, stack_name, parameters)
    except BaseException:
        down(home)
        raise
    return cloud


def down(home: Path) -> bool:
    """Stop the local cloud and everything it runs; False when none was up."""
    cloud = status(home)
    if cloud is None:
        (home / "cloud.json").unlink(missing_ok=True)
        return False
    _signal(cloud.pid, signal.SIGTERM)
    if not _wait_until_gone(cloud.pid, STOP_SECONDS):
        _signal(cloud.pid, signal.SIGKILL)
        _wait_until_gone(cloud.pid, STOP_SECONDS)
    (home / "cloud.json").unlink(missing_ok=True)
    return True


def status(home: Path) -> LocalCloud | None:
    """The local cloud whose files are in `home`, or None when it is not up."""
    try:
        cloud = LocalCloud(**json.loads((home / "cloud.json").read_text()))
    except FileNotFoundError:
        return None
    return cloud if _is_running(cloud.pid) else None


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"port {port} on localhost is taken ({error.strerror}); stop what uses it, or give another with --port"
            ) from error


def _wait_until_healthy(cloud: LocalCloud, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise CommandError(f"the local cloud ended as it started: {''.join(last)}; all of it is in {log}")
        try:
            with urllib.request.urlopen(f"{cloud.endpoint}/_warmfold/health", timeout=2) as answer:
                if json.load(answer)["pid"] == process.pid:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise CommandError(f"the local cloud was not ready after {START_SECONDS} s; its log is {log}")


def _is_running(pid: int) -> bool:
    """Whether a process is there and is a local cloud (a number may have been given to another since)."""
    with contextlib.suppress(ChildProcessError):  # it may be another process's child
        os.waitpid(pid, os.WNOHANG)
    try:
        command = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return _exists(pid)
    return "warmfold.cloud.server" in command.stdout


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _wait_until_gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not _is_running(pid):
            return True
        time.sleep(0.05)
    return False
