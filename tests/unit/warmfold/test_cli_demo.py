"""`warmfold demo` around the run: the cloud it starts, takes down, and what it leaves."""

from __future__ import annotations

import csv
import importlib
import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from tests.unit.warmfold.stubbed_stack import BUCKET, Cloud, Execution
from warmfold.cli import app, main
from warmfold.cloud import local
from warmfold.errors import CommandError
from warmfold.follow import Clock
from warmfold_run.names import execution_name, run_id

demo = importlib.import_module("warmfold.cli.demo")  # the package's attribute of that name is the command
ARN = Execution(execution_name(BUCKET, "diabetes", "v1")).arn


@pytest.fixture
def taken_down(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A local cloud that starts at once, and the homes of those taken down."""
    homes: list[Path] = []
    monkeypatch.setattr(local, "up", lambda *_: local.LocalCloud("http://localhost:1", 42))
    monkeypatch.setattr(local, "down", homes.append)
    monkeypatch.setattr(demo, "open_stack", lambda session: session)
    return homes


def test_an_interrupted_demo_takes_its_cloud_down(
    taken_down: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run_demo", interrupt)
    result = CliRunner().invoke(app, ["demo", "--home", str(tmp_path)])
    assert result.exit_code == 130
    assert taken_down == [tmp_path]
    assert "interrupted" in result.stderr


@pytest.mark.parametrize("keep", [False, True])
def test_a_demo_takes_its_cloud_down_unless_told_to_keep_it(
    taken_down: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keep: bool
) -> None:
    monkeypatch.setattr(demo, "run_demo", lambda *_: None)
    result = CliRunner().invoke(app, ["demo", "--home", str(tmp_path), *(["--keep"] if keep else [])])
    assert result.exit_code == 0
    assert taken_down == ([] if keep else [tmp_path])
    assert ("warmfold local down" in result.stdout) == keep


def test_a_cloud_that_is_already_up_is_left_alone(
    taken_down: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    downs: list[Path] = []
    monkeypatch.setattr(local, "down", downs.append)
    monkeypatch.setattr(local, "status", lambda _: local.LocalCloud("http://localhost:4566", 42))
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--home", str(tmp_path)])
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    for words in ("already up at http://localhost:4566", str(tmp_path), "warmfold local down"):
        assert words in line
    assert downs == taken_down == []


def run_the_demo(cloud: Cloud, output: Path) -> str:
    console = Console(file=io.StringIO(), width=200)
    demo.run_demo(cloud.stack(), output, console, Clock(cloud.now, cloud.sleep))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_demo_that_succeeds_fetches_report_and_predictions(tmp_path: Path) -> None:
    cloud = Cloud()
    run = run_id(ARN)
    place = f"s3://{BUCKET}/runs/{run}/"
    locations = {"report": f"{place}report.html", "predictions": f"{place}predictions/", "model": None}
    summary = {"run": run, "outcome": "succeeded", "metric": "roc_auc", "locations": locations}
    cloud.objects = {
        f"runs/{run}/summary.json": json.dumps(summary).encode(),
        f"runs/{run}/report.html": b"<html>",
        f"runs/{run}/predictions/chunk-0.csv.out": b"1",
        "runs/another/report.html": b"no",
    }
    done = {"output": json.dumps({"summary_uri": f"s3://{BUCKET}/runs/{run}/summary.json"})}
    cloud.each_sleep = iter([lambda: cloud.executions[0].end("SUCCEEDED", **done)])
    text = run_the_demo(cloud, tmp_path)
    assert (tmp_path / run / "report.html").read_bytes() == b"<html>"
    assert (tmp_path / run / "predictions" / "chunk-0.csv.out").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [run]
    told = " ".join(text.split())
    assert f"open {tmp_path / run / 'report.html'} in a browser" in told
    assert f"│ predictions │ {tmp_path / run / 'predictions'} │" in told
    rows = list(csv.DictReader(io.StringIO(cloud.objects["datasets/diabetes/data.csv"].decode())))
    assert len(rows) == 442
    assert [min(float(row["progression"]) for row in rows), len(rows[0])] == [25, 11]
    assert text.startswith("predicts  progression (named in experiment.yaml), a number")


def test_a_demo_that_fails_says_why_at_once_and_waits_for_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = Cloud()
    run = run_id(ARN)

    def write() -> None:
        assert "DatasetError: bad rows" in capsys.readouterr().err
        cloud.objects |= {f"runs/{run}/summary.json": b"{}", f"runs/{run}/report.html": b"<html>"}

    fail = {"error": "DatasetError", "cause": "bad rows"}
    cloud.each_sleep = iter([lambda: cloud.executions[0].end("FAILED", **fail), lambda: None, write])
    with pytest.raises(CommandError, match="did not succeed"):
        run_the_demo(cloud, tmp_path)
    assert (tmp_path / run / "report.html").is_file()


def test_a_report_that_never_comes_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    cloud = Cloud()
    cloud.each_sleep = iter([lambda: cloud.executions[0].end("FAILED")])
    with pytest.raises(CommandError):
        run_the_demo(cloud, tmp_path)
    assert cloud.time < 40
