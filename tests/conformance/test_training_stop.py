"""How a training job is ended from outside: StopTrainingJob, its grace, MaxRuntimeInSeconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.endpoint import Endpoint, Told, refusal
from tests.conformance.requests import GRACE, QUICKLY, arn, scripted, training
from tests.waiting import given_time, until

LISTENS = "trap 'echo told; exit 0' TERM; echo begun; sleep 600 & wait"
DEAF = "trap '' TERM; echo begun; while :; do sleep 600; done"
HANGS = "echo begun; exec sleep 600"


def stages(endpoint: Endpoint, name: str) -> list[str]:
    job = endpoint.describe("training", name)
    return [transition["Status"] for transition in job["SecondaryStatusTransitions"]]


def begun(endpoint: Endpoint, name: str, script: str = HANGS) -> None:
    endpoint.create(training(name, script))
    endpoint.says("training", name, "begun")


def test_a_stopped_job_goes_from_stopping_to_stopped(endpoint: Endpoint) -> None:
    begun(endpoint, "stopped")
    endpoint.stop("training", "stopped")
    job = endpoint.finished("training", "stopped")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert stages(endpoint, "stopped")[-3:] == ["Training", "Stopping", "Stopped"]
    assert "FailureReason" not in job
    assert job["BillableTimeInSeconds"] >= 1


def test_a_stopping_job_shows_that_it_is(endpoint: Endpoint) -> None:
    begun(endpoint, "stopping", DEAF)
    endpoint.stop("training", "stopping")
    job = endpoint.describe("training", "stopping")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopping"
    assert "TrainingEndTime" not in job
    endpoint.finished("training", "stopping")


def test_a_container_is_told_by_sigterm(endpoint: Endpoint) -> None:
    begun(endpoint, "listens", LISTENS)
    endpoint.stop("training", "listens")
    assert endpoint.finished("training", "listens")["TrainingJobStatus"] == "Stopped"
    assert endpoint.lines("training", "listens") == ["begun", "told"]


def test_a_script_is_not_told_as_the_toolkit_passes_no_signal_on(endpoint: Endpoint) -> None:
    endpoint.create(scripted("toolkit", "deaf.py"))
    endpoint.says("training", "toolkit", "begun")
    endpoint.stop("training", "toolkit")
    assert endpoint.finished("training", "toolkit")["TrainingJobStatus"] == "Stopped"
    assert endpoint.lines("training", "toolkit") == ["begun"]


def test_a_container_that_does_not_listen_is_killed_after_the_grace(endpoint: Endpoint) -> None:
    begun(endpoint, "deaf", DEAF)
    started = time.monotonic()
    endpoint.stop("training", "deaf")
    assert endpoint.finished("training", "deaf")["TrainingJobStatus"] == "Stopped"
    assert time.monotonic() - started >= GRACE


def test_what_the_container_started_is_killed_with_it(endpoint: Endpoint, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        endpoint.create(training("group", "sleep 600 3>$PIPE & echo begun; wait", Environment={"PIPE": str(pipe)}))
        endpoint.says("training", "group", "begun")
        until(lambda: not closed(reader))
        endpoint.stop("training", "group")
        endpoint.finished("training", "group")
        until(lambda: closed(reader))
    finally:
        os.close(reader)


def closed(reader: int) -> bool:
    """Whether nobody has the other end of the pipe open."""
    try:
        return os.read(reader, 1) == b""
    except BlockingIOError:
        return False


def test_the_model_that_a_stopped_job_has_written_is_kept(endpoint: Endpoint) -> None:
    begun(endpoint, "half", "echo half > /opt/ml/model/m; trap 'exit 0' TERM; echo begun; sleep 600 & wait")
    endpoint.stop("training", "half")
    job = endpoint.finished("training", "half")
    assert stages(endpoint, "half")[-3:] == ["Stopping", "Uploading", "Stopped"]
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("runs/half/output/model.tar.gz")
    assert set(endpoint.objects("runs/half/output/")) == {"model.tar.gz"}


def test_a_second_stop_changes_nothing(endpoint: Endpoint) -> None:
    begun(endpoint, "stop-twice", DEAF)
    endpoint.stop("training", "stop-twice")
    endpoint.stop("training", "stop-twice")
    endpoint.finished("training", "stop-twice")
    assert stages(endpoint, "stop-twice").count("Stopping") == 1


@pytest.mark.parametrize(("script", "status"), [("true", "Completed"), ("exit 1", "Failed")])
def test_a_job_that_has_ended_cannot_be_stopped(endpoint: Endpoint, script: str, status: str) -> None:
    name = f"ended-{status.lower()}"
    endpoint.run(training(name, script))
    assert refusal(endpoint.sagemaker.stop_training_job, TrainingJobName=name) == (
        "ValidationException",
        f"The request was rejected because the training job is in status {status}.",
    )


def test_jobs_beyond_the_cores_wait_in_starting_and_a_stop_reaches_them(endpoint: Endpoint) -> None:
    for number in range(2):
        begun(endpoint, f"busy-{number}")
    endpoint.create(training("waits", "echo begun"))
    assert endpoint.describe("training", "waits")["SecondaryStatus"] == "Starting"
    endpoint.stop("training", "waits")
    job = endpoint.finished("training", "waits")
    assert stages(endpoint, "waits") == ["Starting", "Stopping", "Stopped"]
    assert "TrainingStartTime" not in job
    assert "BillableTimeInSeconds" not in job
    assert endpoint.lines("training", "waits") == []
    for number in range(2):
        endpoint.stop("training", f"busy-{number}")
        endpoint.finished("training", f"busy-{number}")


def test_a_job_over_its_runtime_ends_as_stopped_with_its_model(endpoint: Endpoint) -> None:
    def keeps_its_model(seconds: int) -> bool:
        name, script = f"too-long-{seconds}", "echo half > /opt/ml/model/m; sleep 600"
        job = endpoint.run(training(name, script, StoppingCondition={"MaxRuntimeInSeconds": seconds}))
        assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
        assert "FailureReason" not in job
        last = job["SecondaryStatusTransitions"][-1]
        assert last["StatusMessage"] == "Training job runtime exceeded MaxRuntimeInSeconds provided"
        return set(endpoint.objects(f"runs/{name}/output/")) == {"model.tar.gz"}

    assert given_time(keeps_its_model)


def test_botocore_s_waiter_takes_a_stopped_job_for_done(endpoint: Endpoint) -> None:
    begun(endpoint, "waited-stop")
    endpoint.stop("training", "waited-stop")
    waiter = endpoint.sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName="waited-stop", WaiterConfig=QUICKLY)
    assert endpoint.describe("training", "waited-stop")["TrainingJobStatus"] == "Stopped"


def test_a_stop_is_told_to_eventbridge(endpoint: Endpoint, told: Callable[[str], Told]) -> None:
    listener = told(arn("training-job", "told-stop"))
    begun(endpoint, "told-stop", LISTENS)
    endpoint.stop("training", "told-stop")
    endpoint.finished("training", "told-stop")
    details = [event["detail"] for event in listener.until(6)]
    assert {(detail["TrainingJobStatus"], detail["SecondaryStatus"]) for detail in details} == {
        *(("InProgress", stage) for stage in ("Starting", "Pending", "Downloading", "Training")),
        ("Stopping", "Stopping"),
        ("Stopped", "Stopped"),
    }
