"""`warmfold local` where no cloud needs to be started."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from warmfold.cli import app
from warmfold.cloud import local
from warmfold.cloud.local import LocalCloudError


@pytest.fixture(params=["127.0.0.1", "::1"])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port of localhost that somebody listens on."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family) as listener:
        try:
            listener.bind((request.param, 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        listener.listen()
        yield listener.getsockname()[1]


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def remember(home: Path, pid: int) -> None:
    told = {"endpoint": "http://localhost:1", "pid": pid, "region": "us-east-1"}
    (home / "cloud.json").write_text(json.dumps(told))


def test_a_taken_port_is_said_and_nothing_is_started(taken: int, tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=rf"port {taken} on localhost is taken.*--port"):
        local.up(tmp_path, taken)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("whose", ["nobody's", "another program's"])
def test_a_cloud_json_of_a_process_that_is_no_cloud_counts_as_down(whose: str, tmp_path: Path) -> None:
    remember(tmp_path, dead_process() if whose == "nobody's" else os.getpid())
    with local._locked(tmp_path):
        assert local.status(tmp_path) is not None
    assert local.status(tmp_path) is None
    result = CliRunner().invoke(app, ["local", "down", "--home", str(tmp_path)])
    assert result.exit_code == 0
    assert "no local cloud was running" in result.stdout
    assert not (tmp_path / "cloud.json").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"endpoint": 1}'])
def test_a_broken_cloud_json_counts_as_down(text: str, tmp_path: Path) -> None:
    (tmp_path / "cloud.json").write_text(text)
    with local._locked(tmp_path):
        assert local.status(tmp_path) is None
        assert not local.down(tmp_path)


def test_a_home_that_another_cloud_holds_is_left_to_it(tmp_path: Path) -> None:
    with local._locked(tmp_path), pytest.raises(LocalCloudError, match=r"another local cloud.*--home"):
        local.up(tmp_path, free())
    assert not (tmp_path / "cloud.log").exists()


def test_status_of_nothing_is_exit_code_1(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["local", "status", "--home", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (1, "down\n")
    result = CliRunner().invoke(app, ["local", "status", "--home", str(tmp_path), "--json"])
    assert (result.exit_code, result.stdout) == (1, "null\n")


def test_status_of_a_cloud_that_does_not_answer_is_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "status", lambda _: local.LocalCloud("http://localhost:1", 42))
    result = CliRunner().invoke(app, ["local", "status", "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "not answering at http://localhost:1" in result.stdout
    assert "cloud.log" in result.stdout


def test_up_prints_lines_a_shell_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in local.PROXIES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", "corp, intern")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setattr(local, "up", lambda *_, **__: local.LocalCloud("http://localhost:1", 42))
    lines = CliRunner().invoke(app, ["local", "up", "--home", str(tmp_path)]).stdout
    shown = subprocess.run(
        ["/bin/sh", "-c", f"{lines}\nenv"], capture_output=True, text=True, check=True, env={}
    ).stdout
    for line in ("AWS_ENDPOINT_URL=http://localhost:1", "AWS_REGION=us-east-1", "NO_PROXY=corp, intern,localhost"):
        assert line in shown.splitlines()


def test_without_a_proxy_none_is_spoken_of(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in local.PROXIES:
        monkeypatch.delenv(name, raising=False)
    assert "NO_PROXY" not in local.LocalCloud("http://localhost:1", 42).environment


def test_a_home_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalCloudError, match=r"file/home.*--home"):
        local.up(tmp_path / "file" / "home", free())


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_missing_template_is_said(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="checkout"):
        local.up(tmp_path, free(), template=tmp_path / "none.yaml")
