"""`run`, `watch` and `stop` on a stack without a cloud."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tests.unit.warmfold.stubbed_stack import BUCKET, Cloud, Execution, training_job
from warmfold.cli import app, runs
from warmfold_experiment.file import parse
from warmfold_run.names import run_id

SUMMARY: dict[str, Any] = {
    "run": "churn-1",
    "outcome": "succeeded",
    "metric": "roc_auc",
    "locations": {"report": "s3://b/report.html"},
}
ROWS = "a,target\n" + "".join(f"{i},{'no' if i % 3 else 'yes'}\n" for i in range(120))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    cloud = Cloud()
    monkeypatch.setattr(runs, "open_stack", lambda _: cloud.stack())
    return cloud


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "churn.csv"
    path.write_text(ROWS)
    return str(path)


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def ended(cloud: Cloud, status: str, **more: str) -> Execution:
    execution = Execution("churn-0123456789abcdef")
    execution.enter("Plan Run")
    execution.end(status, **more)
    cloud.executions = [execution]
    return execution


def succeeded(cloud: Cloud) -> Execution:
    cloud.objects["runs/churn-1/summary.json"] = json.dumps(SUMMARY).encode()
    return ended(cloud, "SUCCEEDED", output=json.dumps({"summary_uri": f"s3://{BUCKET}/runs/churn-1/summary.json"}))


def test_run_uploads_and_names_the_run_it_started(cloud: Cloud, data: str) -> None:
    result = invoke("run", data)
    assert result.exit_code == 0
    assert list(cloud.objects) == ["datasets/churn/data.csv"]
    run = run_id(cloud.executions[0].arn)
    assert f"started run {run}" in result.stdout
    assert f"warmfold watch {run}" in result.stdout


def test_run_takes_a_pipe_s_output_too(cloud: Cloud, data: str) -> None:
    output, end = os.pipe()
    os.write(end, b"search: {}\n")
    os.close(end)
    result = invoke("run", data, "--experiment", f"/dev/fd/{output}")
    os.close(output)
    assert result.exit_code == 0, result.output
    assert cloud.objects["datasets/churn/experiment.yaml"] == b"search: {}\n"


def test_run_says_which_files_of_the_dataset_it_also_uses(cloud: Cloud, data: str, tmp_path: Path) -> None:
    cloud.objects = {"datasets/churn/experiment.yaml": b"", "datasets/churn/predict.csv": b"", "datasets/other/x": b""}
    (tmp_path / "new.csv").write_text("a\n1\n")
    result = invoke("run", data, "--predict", str(tmp_path / "new.csv"))
    assert "dataset churn has experiment.yaml from before" in result.stderr
    assert "predict.csv" not in result.stderr


def test_an_empty_file_is_refused_before_it_is_uploaded(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    result = invoke("run", str(tmp_path / "empty.csv"))
    assert "empty.csv is empty" in str(result.exception)
    assert not cloud.objects


@pytest.mark.usefixtures("cloud")
def test_run_says_what_it_will_do_before_it_uploads(data: str) -> None:
    result = invoke("run", data)
    assert result.stdout.startswith("predicts  target (the column of that name), a class, since")
    assert "metric    roc_auc, since there are two classes" in result.stdout
    to_script = invoke("run", data, "--json")
    assert "predicts" in to_script.stderr
    assert set(json.loads(to_script.stdout)) == {"run", "dataset", "data_version", "execution_arn"}


def test_run_uploads_nothing_when_something_is_wrong(cloud: Cloud, data: str) -> None:
    result = invoke("run", data, "--metric", "r2", "--set", "search.max_candidates=0")
    assert "search.max_candidates is 0" in str(result.exception)
    assert "metric r2 does not fit classification" in str(result.exception)
    assert not cloud.objects


def test_keys_of_the_command_line_are_written_into_the_experiment_that_is_uploaded(
    cloud: Cloud, data: str, tmp_path: Path
) -> None:
    experiment = tmp_path / "experiment.yaml"
    experiment.write_text("metric: f1\ncross_validation: {seed: 7, n_splits: 4}\nsearch: {abandon: off}\n")
    result = invoke(
        "run", data, "--experiment", str(experiment), "--metric", "roc_auc", "--set", "cross_validation.n_splits=3",
        "--set", "search.hyperparameters.learning_rate={min: 1e-4, max: 0.5}",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert parse(cloud.objects["datasets/churn/experiment.yaml"]) == {
        "metric": "roc_auc",
        "cross_validation": {"seed": 7, "n_splits": 3},
        "search": {"abandon": "off", "hyperparameters": {"learning_rate": {"min": 1e-4, "max": 0.5}}},
    }
    assert list(cloud.objects)[-1] == "datasets/churn/data.csv"


def test_keys_of_the_command_line_are_laid_over_the_experiment_that_the_dataset_has(cloud: Cloud, data: str) -> None:
    cloud.objects = {"datasets/churn/experiment.yaml": b"cross_validation: {n_splits: 4}\n"}
    result = invoke("run", data, "--target", "a")
    assert "dataset churn has experiment.yaml from before" in result.stderr
    assert "4 folds" in result.stdout
    uploaded = parse(cloud.objects["datasets/churn/experiment.yaml"])
    assert uploaded == {"cross_validation": {"n_splits": 4}, "target": "a"}


def test_what_the_dataset_has_from_before_is_checked_too(cloud: Cloud, data: str) -> None:
    cloud.objects = before = {
        "datasets/churn/experiment.yaml": b"estimator: magic\n",
        "datasets/churn/predict.csv": b"b\n1\n",
    }
    result = invoke("run", data)
    assert "experiment.yaml: estimator magic is unknown" in str(result.exception)
    assert f"s3://{BUCKET}/datasets/churn/predict.csv: column 'a' is missing" in str(result.exception)
    assert cloud.objects == before


def test_an_experiment_of_before_that_is_too_long_is_refused(cloud: Cloud, data: str) -> None:
    cloud.objects = {"datasets/churn/experiment.yaml": b"#" * 65_537}
    assert "experiment.yaml: it has more than 65536 bytes" in str(invoke("run", data).exception)


def test_what_a_run_made_is_fetched_where_one_asks_for_it(cloud: Cloud, tmp_path: Path) -> None:
    execution = succeeded(cloud)
    run = run_id(execution.arn)
    cloud.objects |= {f"runs/{run}/report.html": b"<html>", f"runs/{run}/predictions/chunk-0.csv.out": b"1"}
    result = invoke("watch", "--output", str(tmp_path / "out"))
    assert f"what the run made is in {tmp_path / 'out' / run}" in result.stdout
    assert (tmp_path / "out" / run / "predictions" / "chunk-0.csv.out").read_bytes() == b"1"


def test_run_tells_scripts_the_same_as_json(cloud: Cloud, data: str) -> None:
    told = json.loads(invoke("run", data, "--dataset", "other", "--json").stdout)
    arn = cloud.executions[0].arn
    assert told == {"run": run_id(arn), "dataset": "other", "data_version": "v1", "execution_arn": arn}


def test_run_and_wait_ends_as_the_run_does(cloud: Cloud, data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "starts_runs", False)
    for make, code in ((succeeded, 0), (lambda c: ended(c, "FAILED"), 1), (lambda c: ended(c, "TIMED_OUT"), 1)):
        arn = make(cloud).arn
        monkeypatch.setattr("warmfold.stack.Stack.wait_for_execution", lambda *_, arn=arn: arn)
        assert invoke("run", data, "--wait").exit_code == code


def test_a_model_that_waits_comes_with_the_command_to_copy(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    command = "aws sagemaker update-model-package --model-package-arn arn:x --model-approval-status Approved"
    monkeypatch.setitem(SUMMARY, "approve", command)
    succeeded(cloud)
    result = CliRunner().invoke(app, ["watch"], env={"COLUMNS": "40"})
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, f"approve the model: {command}")


def test_watch_shows_the_newest_run_s_result(cloud: Cloud) -> None:
    succeeded(cloud)
    result = invoke("watch")
    assert result.exit_code == 0
    assert "s3://b/report.html" in result.stdout


def test_watch_tells_scripts_progress_and_summary_as_json(cloud: Cloud) -> None:
    succeeded(cloud)
    result = invoke("watch", "--json")
    told = json.loads(result.stdout)
    assert told["progress"]["status"] == "SUCCEEDED"
    assert told["summary"] == SUMMARY


def test_a_failed_run_says_why_where_and_where_its_report_will_be(cloud: Cloud) -> None:
    cause = json.dumps({"errorMessage": "data.csv: no rows", "errorType": "DatasetError"})
    execution = ended(cloud, "FAILED", error="DatasetError", cause=cause)
    result = invoke("watch")
    assert result.exit_code == 1
    assert "FAILED in state Plan Run: DatasetError: data.csv: no rows" in result.stderr
    key = f"runs/{run_id(execution.arn)}/summary.json"
    assert f"will write its report to s3://{BUCKET}/{key}" in result.stderr
    cloud.objects[key] = b'{"outcome": "awaiting approval", "execution_arn": "the one before"}'
    assert f"will write its report to s3://{BUCKET}/{key}" in invoke("watch").stderr
    cloud.objects[key] = json.dumps({"outcome": "failed", "execution_arn": execution.arn}).encode()
    assert f"its report is beside s3://{BUCKET}/{key}" in invoke("watch").stderr


def test_a_run_whose_report_failed_has_succeeded_and_says_so(cloud: Cloud) -> None:
    cause = json.dumps({"errorMessage": "no such template"})
    ended(cloud, "SUCCEEDED", output=json.dumps({"run": "r", "report_error": {"Error": "KeyError", "Cause": cause}}))
    result = invoke("watch")
    assert result.exit_code == 0
    assert "its report could not be written: no such template" in result.stderr


def test_an_interrupted_watch_leaves_the_run_going(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    cloud.executions = [Execution("churn-1")]
    monkeypatch.setattr(runs, "follow", interrupt)
    result = invoke("watch")
    assert result.exit_code == 130
    assert f"warmfold stop {run_id(cloud.executions[0].arn)}" in result.stderr
    assert cloud.stopped == []


def test_stop_aborts_the_run(cloud: Cloud) -> None:
    cloud.executions = [Execution("churn-1"), Execution("churn-2")]
    arn = cloud.executions[0].arn
    result = invoke("stop", run_id(arn))
    assert result.exit_code == 0
    assert cloud.stopped == [{"arn": arn, "error": "Stopped", "cause": "warmfold stop"}]
    assert f"run {run_id(arn)} is aborted" in result.stdout


def test_stop_leaves_a_run_that_has_ended(cloud: Cloud) -> None:
    ended(cloud, "SUCCEEDED")
    result = invoke("stop", "churn-0123456789abcdef")
    assert cloud.stopped == []
    assert "had already ended: SUCCEEDED" in result.stdout
    assert json.loads(invoke("stop", "churn-0123456789abcdef", "--json").stdout)["stopped"] is False


def test_stop_cleans_up_what_a_run_that_has_ended_left_and_only_once(cloud: Cloud) -> None:
    execution = ended(cloud, "FAILED")
    run = run_id(execution.arn)
    cloud.jobs = {"TrainingJob": [training_job(f"wf-{run}-001-abcdef01-f1", "Stopped", "Available")]}
    for _ in range(2):
        result = invoke("stop", run)
        assert "had already ended: FAILED; its jobs and pools are being cleaned up" in result.stdout
    assert cloud.clean_ups == [{"detail": {"executionArn": execution.arn, "status": "FAILED"}}]
    assert cloud.stopped == []


def test_stop_and_wait_waits_for_the_clean_up(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.executions = [Execution("churn-1")]
    waited: list[str] = []
    monkeypatch.setattr(runs, "follow_clean_up", lambda stack, arn, console: waited.append(arn))  # noqa: ARG005
    told = json.loads(invoke("stop", "churn-1", "--wait", "--json").stdout)
    assert waited == [cloud.executions[0].arn]
    assert (told["stopped"], told["clean"]) == (True, True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "churn"
    made.mkdir()
    header, *rows = ROWS.splitlines(keepends=True)
    for place in range(3):
        (made / f"part-{place}.csv").write_text(header + "".join(rows[place * 40 : place * 40 + 40]))
    (made / "_SUCCESS").touch()
    return made


def test_a_folder_is_uploaded_file_by_file_with_what_starts_the_run_last(cloud: Cloud, folder: Path) -> None:
    result = invoke("run", str(folder))
    assert result.exit_code == 0, result.output
    assert "started run churn-" in result.stdout
    uploaded = [f"datasets/churn/data/part-{place}.csv" for place in range(3)]
    assert list(cloud.objects) == [*uploaded, "datasets/churn/data/_SUCCESS"]
    assert cloud.objects[uploaded[1]] == (folder / "part-1.csv").read_bytes()


def test_files_from_before_that_the_run_would_read_too_are_refused(cloud: Cloud, folder: Path) -> None:
    cloud.objects |= {"datasets/churn/data/old.csv": b"a,target\n", "datasets/churn/data/_SUCCESS": b""}
    result = invoke("run", str(folder))
    assert result.exit_code == 1
    told = str(result.exception)
    assert "dataset churn has s3://data-bucket/datasets/churn/data/old.csv from before, which the run would" in told
    assert len(cloud.objects) == 2


@pytest.mark.parametrize(("name", "told"), [("notes.txt", "holds notes.txt"), ("year=2026/", "holds year=2026/")])
def test_a_folder_of_other_things_is_refused(cloud: Cloud, folder: Path, name: str, told: str) -> None:
    (folder / name).mkdir() if name.endswith("/") else (folder / name).touch()
    result = invoke("run", str(folder))
    assert result.exit_code == 1
    assert told in str(result.exception)
    assert not cloud.objects


def test_a_folder_without_a_csv_file_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    result = invoke("run", str(tmp_path))
    assert result.exit_code == 1
    assert "has no file that ends in .csv or .csv.gz" in str(result.exception)
    assert not cloud.objects


def test_a_parquet_file_is_uploaded_as_one_whatever_it_is_called(cloud: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "churn.pq"
    pq.write_table(pa.table({"a": range(120), "target": ["no", "no", "yes"] * 40}), file)
    result = invoke("run", str(file))
    assert result.exit_code == 0, result.output
    assert "a class, since its values are texts" in result.stdout
    assert cloud.objects == {"datasets/churn/data.parquet": file.read_bytes()}
