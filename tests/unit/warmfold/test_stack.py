"""Finding a stack and its runs, and what is said when that fails."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from tests.ports import free_port
from tests.unit.warmfold.stubbed_stack import BUCKET, MACHINE, Cloud, Execution
from warmfold.errors import CommandError, RunNotFoundError
from warmfold.stack import check_dataset_name, explained, open_stack
from warmfold_run import names


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine where nobody has set up AWS."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.mark.parametrize("name", ["a/b", "", ".hidden", "x" * 64, "naïve"])
def test_a_dataset_name_that_s3_layout_can_not_hold_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="--dataset"):
        check_dataset_name(name)
    assert names.DATASET.fullmatch(name) is None


def test_the_data_is_uploaded_last_for_it_starts_the_run(tmp_path: Path) -> None:
    cloud = Cloud()
    for name in ("d", "e", "p"):
        (tmp_path / name).write_text(name)
    assert cloud.stack().upload("churn", tmp_path / "d", tmp_path / "e", tmp_path / "p") == "v1"
    assert list(cloud.objects) == [f"datasets/churn/{n}" for n in ("experiment.yaml", "predict.csv", "data.csv")]


@pytest.mark.parametrize(
    ("data", "experiment", "unread", "why"),
    [
        ("none", None, "none", "No such file"),
        ("data", "none", "none", "No such file"),
        ("data", ".", ".", "Is a directory"),
    ],
)
def test_what_can_not_be_read_is_said(tmp_path: Path, data: str, experiment: str | None, unread: str, why: str) -> None:
    (tmp_path / "data").touch()
    cloud = Cloud()
    with pytest.raises(CommandError, match=rf"{tmp_path / unread} can't be read: {why}"):
        cloud.stack().upload("churn", tmp_path / data, None if experiment is None else tmp_path / experiment, None)
    assert "datasets/churn/data.csv" not in cloud.objects


def test_the_execution_of_an_upload_is_awaited() -> None:
    cloud = Cloud()
    execution = Execution(names.execution_name(BUCKET, "churn", "v7"))
    cloud.executions = [Execution("another")]
    cloud.each_sleep = iter([lambda: None, lambda: cloud.executions.append(execution)])
    assert cloud.stack().wait_for_execution("churn", "v7", now=cloud.now, sleep=cloud.sleep) == execution.arn


def test_an_upload_that_starts_nothing_is_said_with_the_places_to_look() -> None:
    cloud = Cloud()
    with pytest.raises(RunNotFoundError, match=r"within 90 s.*start_run.*EventBridge"):
        cloud.stack().wait_for_execution("churn", "v7", now=cloud.now, sleep=cloud.sleep)
    assert cloud.time >= 90


def test_a_run_is_found_by_id_name_or_arn_and_the_newest_by_nothing() -> None:
    cloud = Cloud()
    cloud.executions = [Execution("churn-1"), Execution("churn-2"), Execution("churn-3")]
    wanted = cloud.executions[1].arn
    stack = cloud.stack()
    for run in (names.run_id(wanted), "churn-2", wanted):
        assert stack.find_execution(run) == wanted
    assert stack.find_execution(None) == cloud.executions[2].arn


def test_whatever_names_a_run_its_execution_after_the_approval_is_found() -> None:
    cloud = Cloud()
    first = Execution("churn-1")
    resumed = Execution(names.approved_execution(first.arn).rsplit(":", 1)[-1])
    cloud.executions = [first, Execution("churn-2"), resumed, Execution("churn-3")]
    for run in (names.run_id(first.arn), first.name, first.arn, resumed.name, resumed.arn):
        assert cloud.stack().find_execution(run) == resumed.arn


def test_an_unknown_run_is_said() -> None:
    cloud = Cloud()
    with pytest.raises(RunNotFoundError, match=r"no run yet.*warmfold run"):
        cloud.stack().find_execution(None)
    cloud.executions = [Execution("churn-1")]
    with pytest.raises(RunNotFoundError, match="no run churn-9"):
        cloud.stack().find_execution("churn-9")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), ["no usable AWS credentials", "AWS_PROFILE", "warmfold local up"]),
        (ProfileNotFound(profile="work"), ["no usable AWS credentials", "work"]),
        (NoRegionError(), ["AWS_DEFAULT_REGION"]),
        (EndpointConnectionError(endpoint_url="http://localhost:4566/"), ["localhost:4566", "warmfold local up"]),
        (ConnectTimeoutError(endpoint_url="https://s3.nowhere/"), ["s3.nowhere", "network"]),
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "old"}}, "Do"),
            ["sign in again", "warmfold local up", "old"],
        ),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "Do"), ["AWS refused", "no way"]),
    ],
)
def test_what_keeps_a_call_from_aws_is_one_line_with_a_remedy(
    error: BotoCoreError | ClientError, words: list[str]
) -> None:
    text = str(explained(error))
    assert "\n" not in text
    for word in words:
        assert word in text


@pytest.mark.usefixtures("no_aws")
def test_missing_credentials_are_said_before_anything_is_sent() -> None:
    with pytest.raises(CommandError, match="no usable AWS credentials"):
        open_stack()


@pytest.mark.usefixtures("no_aws")
def test_a_missing_region_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(CommandError, match="AWS_DEFAULT_REGION"):
        open_stack()


def point_to(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "l", "AWS_SECRET_ACCESS_KEY": "l"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("no_aws")
def test_a_local_cloud_that_is_not_up_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = f"http://localhost:{free_port()}"
    point_to(endpoint, monkeypatch)
    with pytest.raises(CommandError, match=f"{endpoint}.*warmfold local up"):
        open_stack()


@pytest.mark.usefixtures("no_aws")
def test_a_cloud_that_does_not_answer_is_not_asked_many_times(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            with contextlib.suppress(OSError):  # the server is closed
                while True:
                    connection, caller = server.accept()
                    asked.append(caller)
                    connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        point_to(f"http://127.0.0.1:{server.getsockname()[1]}", monkeypatch)
        with pytest.raises(CommandError, match="can't be reached"):
            open_stack()
    assert 1 <= len(asked) <= 2


def test_the_execution_arn_is_the_machine_s(tmp_path: Path) -> None:
    cloud = Cloud()
    (tmp_path / "d").write_text("a,target\n")
    version = cloud.stack().upload("churn", tmp_path / "d", None, None)
    assert cloud.stack().wait_for_execution("churn", version).startswith(MACHINE.replace("stateMachine", "execution"))


@pytest.mark.parametrize("name", ["../../planted", "/abs/planted", "a/../../../planted", ".."])
def test_no_object_of_a_run_is_copied_out_of_the_folder(tmp_path: Path, name: str) -> None:
    cloud = Cloud()
    cloud.objects |= {"runs/r/a.json": b"1", f"runs/r/{name}": b"planted"}
    folder = tmp_path / "deep" / "output" / "r"
    with pytest.raises(CommandError, match=r"s3://data-bucket/runs/r/: '.*' leads out of .*/output/r, .* delete it"):
        cloud.stack().download("runs/r/", folder)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_a_run_wrote_is_copied_and_what_only_marks_a_folder_is_not(tmp_path: Path) -> None:
    cloud = Cloud()
    cloud.objects |= {"runs/r/": b"", "runs/r/a/": b"", "runs/r/a/b.json": b"1", "runs/r/c.json": b"2"}
    assert cloud.stack().download("runs/r/", tmp_path) == [tmp_path / "a/b.json", tmp_path / "c.json"]
    assert (tmp_path / "a/b.json").read_bytes() == b"1"
