"""The home of the local cloud: a folder that somebody else has filled makes warmfold write and remove nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.ports import free_port
from tests.server_alone import server_alone
from warmfold.cli import app
from warmfold.cloud import home as homes
from warmfold.cloud import local, server
from warmfold.cloud.home import HomeError
from warmfold.cloud.local import LocalCloudError

FILES = ("sagemaker-sdk-config.yaml", "cloud.log", "cloud.json", "cloud.json.new", "cloud.lock")
FOLDERS = (
    "functions",
    "sagemaker",
    "sagemaker/jobs",
    "sagemaker/code",
    "sagemaker/pythons",
    "functions/package-0123456789abcdef",
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout" / ".warmfold"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    folder = tmp_path / "precious"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "file").write_text("kept")
    return folder


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("name", [*FILES, *FOLDERS])
def test_a_link_that_warmfold_did_not_make_is_refused_and_nothing_behind_it_is_touched(
    home: Path, precious: Path, name: str
) -> None:
    link(home / name, precious / "below" / "file" if name in FILES else precious)
    before = sorted(home.rglob("*"))
    with pytest.raises(LocalCloudError, match=rf"{name} is a link that warmfold did not make, to .*; remove it, or"):
        local.up(home, free_port())
    assert server.main(["--home", str(home), "--port", str(free_port())]) == 1
    assert (precious / "below" / "file").read_text() == "kept"
    assert sorted(home.rglob("*")) == before
    result = CliRunner().invoke(app, ["local", "down", "--home", str(home)])
    assert result.exit_code == 1
    assert "did not make" in str(result.exception) + result.output


def test_a_link_to_nothing_is_refused_too(home: Path, tmp_path: Path) -> None:
    link(home / "cloud.log", tmp_path / "new")
    with pytest.raises(LocalCloudError, match=r"cloud\.log is a link"):
        local.up(home, free_port())
    assert not (tmp_path / "new").exists()


def test_a_home_that_is_a_link_is_refused_with_where_it_leads(tmp_path: Path, precious: Path) -> None:
    (tmp_path / ".warmfold").symlink_to(precious)
    with pytest.raises(LocalCloudError, match=rf"\.warmfold is a link, to {precious}; give what it leads to as --home"):
        local.up(tmp_path / ".warmfold", free_port())


@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_a_home_of_somebody_else_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: home.stat().st_uid + 1)
    result = CliRunner().invoke(
        app, ["local", command, "--home", str(home), *(["--port", str(free_port())] if command == "up" else [])]
    )
    assert result.exit_code == 1
    assert "is not yours but user" in str(result.exception) + result.output
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("where", ["precious", "temporary"])
def test_jobs_do_not_remove_what_a_link_leads_to(home: Path, precious: Path, where: str, tmp_path: Path) -> None:
    target = precious if where == "precious" else Path(tempfile.gettempdir()) / f"own-{tmp_path.name}"
    link(home / "jobs", target)
    with pytest.raises(HomeError, match="jobs is a link that warmfold did not make"):
        homes.remake_jobs(home / "jobs", plain=True)
    assert (precious / "below" / "file").read_text() == "kept"


def test_jobs_remove_what_is_behind_the_link_that_they_made(home: Path) -> None:
    first = homes.remake_jobs(home / "jobs", plain=False)
    (first / "job").mkdir()
    assert (home / "jobs").resolve() == first.resolve()
    second = homes.remake_jobs(home / "jobs", plain=False)
    assert not first.exists()
    assert list(second.iterdir()) == []
    assert homes.remake_jobs(home / "jobs", plain=True) == home / "jobs"
    assert not second.exists()
    assert not (home / "jobs").is_symlink()


def test_a_link_inside_a_job_s_folder_goes_and_its_target_stays(home: Path, precious: Path) -> None:
    link(home / "jobs" / "job" / "data", precious)
    homes.remake_jobs(home / "jobs", plain=True)
    assert not (home / "jobs").exists()
    assert (precious / "below" / "file").read_text() == "kept"


def test_a_file_is_opened_only_where_it_is_no_link(home: Path, precious: Path) -> None:
    link(home / "cloud.log", precious / "below" / "file")
    with pytest.raises(OSError, match="symbolic"):
        open(home / "cloud.log", "wb", opener=homes.no_links)  # noqa: SIM115
    assert (precious / "below" / "file").read_text() == "kept"


def test_nobody_else_reads_what_the_local_cloud_keeps(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        homes.make(tmp_path / "new" / "home")
        homes.remember(tmp_path / "new" / "home", "{}")
        assert (tmp_path / "new" / "home").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "new" / "home" / "cloud.json").stat().st_mode & 0o777 == 0o600
        with server_alone(tmp_path / "served") as running:
            running.client("s3").create_bucket(Bucket="own")
            made = [path for path in running.home.rglob("*") if path.name != "cloud.log"]  # which the test opened
            assert made
            assert {oct(path.stat().st_mode & 0o077) for path in made} == {"0o0"}
    finally:
        os.umask(before)
