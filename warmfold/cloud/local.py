"""Starting and stopping the local cloud."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from yaml import YAMLError

from warmfold.cloud import home as homes
from warmfold.cloud import sdk_config
from warmfold.cloud.deploy import TemplateError, deploy

REGION = "us-east-1"
START_SECONDS = 300
STOP_SECONDS = 60
PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"


class LocalCloudError(Exception):
    """A local cloud can't be had as it was asked for; the text says what, where and the remedy."""


@dataclass(frozen=True)
class LocalCloud:
    """A local cloud that is up."""

    endpoint: str
    pid: int
    region: str = REGION
    sdk_config: str | None = None
    """The file of defaults for the SageMaker SDKs."""

    @property
    def environment(self) -> dict[str, str]:
        """What to export so that every AWS tool finds it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "",  # one of a session on AWS would go with these keys, and be refused
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            **({sdk_config.VARIABLE: self.sdk_config} if self.sdk_config else {}),
            **without_proxy(),
        }

    def session(self) -> boto3.Session:
        """A boto3 session whose clients talk to it."""
        return _Session(self)


def without_proxy() -> dict[str, str]:
    """What keeps requests to localhost from going through a proxy, where there is one."""
    if not any(os.environ.get(name) for name in PROXIES):
        return {}
    exempt = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    value = exempt if "localhost" in exempt.split(",") else ",".join([*filter(None, [exempt]), "localhost"])
    return {"NO_PROXY": value, "no_proxy": value}


class _Session(boto3.Session):
    def __init__(self, cloud: LocalCloud) -> None:
        super().__init__(aws_access_key_id="local", aws_secret_access_key="local", region_name=cloud.region)
        self._endpoint = cloud.endpoint

    def client(self, *args: Any, **kwargs: Any) -> Any:
        """A client of the local cloud."""
        config = Config(proxies={}).merge(kwargs.pop("config", None) or Config())
        options: dict[str, Any] = {"endpoint_url": self._endpoint, "config": config} | kwargs
        return super().client(*args, **options)


def up(
    home: Path,
    port: int,
    *,
    stack_name: str = "warmfold",
    template: Path = TEMPLATE,
    parameters: dict[str, str] | None = None,
    sagemaker: dict[str, Any] | None = None,
) -> LocalCloud:
    """Start a local cloud and deploy the template to it; `sagemaker` are settings of the local SageMaker.

    Raises
    ------
    LocalCloudError
        One is up already, the port is taken, or it did not start.
    """
    running = status(home)
    if running is not None:
        raise LocalCloudError(
            f"a local cloud is already up at {running.endpoint} (process {running.pid}, files in {home.resolve()}); "
            "use it, or stop it with `warmfold local down`"
        )
    _check_port(port)
    if not template.is_file():
        raise LocalCloudError(f"{template} is not there; run this from a checkout of warmfold")
    try:
        homes.make(home)
    except homes.HomeError as error:
        raise LocalCloudError(str(error)) from error
    except OSError as error:
        raise LocalCloudError(
            f"{home} can't be the home of the local cloud ({error.strerror}); choose --home"
        ) from error
    log = home / homes.LOG
    command = [sys.executable, "-m", "warmfold.cloud.server", "--home", str(home.resolve()), "--port", str(port)]
    with _locked(home) as lock, open(log, "wb", opener=homes.no_links) as output:
        (home / homes.RECORD).unlink(missing_ok=True)
        process = subprocess.Popen(
            [*command, "--region", REGION, "--sagemaker", json.dumps(sagemaker or {})],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | without_proxy(),
            start_new_session=True,
            pass_fds=[lock],
        )
    cloud = LocalCloud(f"http://localhost:{port}", process.pid, sdk_config=str(sdk_config.write(home)))
    homes.remember(home, json.dumps(asdict(cloud)))
    try:
        session = cloud.session()
        for service in ("s3", "cloudformation"):
            session.client(service)  # reads its API model while the process starts
        _wait_until_healthy(cloud, process, log)
        _deploy(session, template, stack_name, parameters, log)
    except BaseException:
        down(home)
        raise
    return cloud


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[int]:
    """The lock on a home, as a file descriptor: it is held until the last process that has it is gone."""
    with open(home / homes.LOCK, "ab", opener=homes.no_links) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalCloudError(
                f"another local cloud is starting in {home.resolve()}, or runs there and its cloud.json is gone; "
                "choose another --home, or end that process"
            ) from error
        yield lock.fileno()


def _is_locked(home: Path) -> bool:
    """Whether the local cloud of `home` is running: a process is gone when its lock is, whatever its number says."""
    try:
        with (home / homes.LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (FileNotFoundError, NotADirectoryError):
        return False
    return False


def _deploy(
    session: boto3.Session, template: Path, stack_name: str, parameters: dict[str, str] | None, log: Path
) -> None:
    try:
        deploy(session, template, stack_name, parameters)
    except (ClientError, BotoCoreError, YAMLError, TemplateError, OSError) as error:
        why = " ".join(str(error).split())
        raise LocalCloudError(f"{template} could not be deployed: {why}; the local cloud's log is {log}") from error


def down(home: Path) -> bool:
    """Stop the local cloud and everything it runs; False when none was up."""
    cloud = status(home)
    if cloud is None:
        (home / homes.RECORD).unlink(missing_ok=True)
        return False
    _signal(cloud.pid, signal.SIGTERM)
    if not _wait_until_gone(cloud, home):
        _signal(cloud.pid, signal.SIGKILL)
        _wait_until_gone(cloud, home)
    (home / homes.RECORD).unlink(missing_ok=True)
    return True


def status(home: Path) -> LocalCloud | None:
    """The local cloud whose files are in `home`, or None when there is no such process; raises LocalCloudError."""
    try:
        homes.check(home)
    except homes.HomeError as error:
        raise LocalCloudError(str(error)) from error
    if not _is_locked(home):
        return None
    try:
        return LocalCloud(**json.loads((home / homes.RECORD).read_text()))
    except (FileNotFoundError, ValueError, TypeError):  # none, or not one that `up` wrote
        return None


def answers(cloud: LocalCloud) -> bool:
    """Whether it serves requests."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{cloud.endpoint}/_warmfold/health", timeout=10) as answer:
            return bool(json.load(answer)["pid"] == cloud.pid)
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):  # nobody there, or somebody else
        return False


def _check_port(port: int) -> None:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            if family == socket.AF_INET6 and error.errno != errno.EADDRINUSE:
                continue  # a machine without IPv6
            raise LocalCloudError(
                f"port {port} on localhost is taken ({error.strerror}); stop what uses it, or give another with --port "
                "(make demo PORT=4567)"
            ) from error


def _wait_until_healthy(cloud: LocalCloud, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise LocalCloudError(f"the local cloud ended as it started: {''.join(last)}; all of it is in {log}")
        if answers(cloud):
            return
        time.sleep(0.05)
    raise LocalCloudError(f"the local cloud was not ready after {START_SECONDS} s; its log is {log}")


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _wait_until_gone(cloud: LocalCloud, home: Path) -> bool:
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):  # it may be another process's child
            os.waitpid(cloud.pid, os.WNOHANG)
        if not _is_locked(home) and not _is_listening(cloud):
            return True
        time.sleep(0.05)
    return False


def _is_listening(cloud: LocalCloud) -> bool:
    """Whether its port is still open; a process that ends keeps it a moment longer than its name."""
    port = int(cloud.endpoint.rsplit(":", 1)[-1])
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
