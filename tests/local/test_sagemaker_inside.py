"""The local SageMaker from inside its process: folders, processes, threads, speed, and what breaks within it."""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from tests.conformance.endpoint import KINDS, archive
from tests.conformance.requests import (
    AT_ONCE,
    BUCKET,
    channel,
    input_of,
    pooled,
    processing,
    program,
    scripted,
    training,
    tuning,
)
from tests.conformance.scripts import TRAINING_FILES
from tests.patience import PATIENCE
from tests.waiting import given_time, until
from warmfold.cloud.sagemaker import processing_run, training_run
from warmfold.cloud.sagemaker.data import DataError
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.processing import ProcessingJobs
from warmfold.cloud.sagemaker.sampler import Sampler
from warmfold.cloud.sagemaker.service import Service, build_service
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.sagemaker.training import TrainingJobs
from warmfold.cloud.sagemaker.training_job import TrainingJob
from warmfold.cloud.sagemaker.tuning import TuningJobs

KEYS = {"AccessKeyId": "testing", "SecretAccessKey": "testing", "SessionToken": "testing"}
GROUPS: dict[str, type[Any]] = {"training": TrainingJobs, "processing": ProcessingJobs, "tuning": TuningJobs}
PROGRAMS = TRAINING_FILES | {"parent.py": "import os, sys\nprint(os.getppid(), 'sklearn.ensemble' in sys.modules)\n"}
ROWS = {"InputDataConfig": [channel("train", f"s3://{BUCKET}/parts/1/")]}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    url = f"http://localhost:{server.get_host_and_port()[1]}"
    s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="code/sourcedir.tar.gz", Body=archive(PROGRAMS))
    s3.put_object(Bucket=BUCKET, Key="parts/1/rows-1.csv", Body=b"a,b\n1,2\n")
    yield url
    server.stop()


class Cloud:
    """A service of its own, with what it told the rest of the cloud."""

    def __init__(self, url: str, base: Path, **settings: Any) -> None:
        self.base = base
        self.lines: dict[str, list[str]] = {}
        self.events: list[tuple[dict[str, Any], str]] = []
        self.s3 = boto3.client(
            "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.service: Service = build_service(
            Settings(
                **{"base_dir": base, "account_id": DEFAULT_ACCOUNT_ID, "endpoint_url": url, "preload": False}
                | AT_ONCE
                | settings
            ),
            credentials=lambda _: KEYS,
            log_sink=self._log,
            event_sink=lambda _, detail, arns: self.events.append((json.loads(json.dumps(detail)), arns[0])),
        )

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.service.call(operation, request, None)

    def create(self, request: dict[str, Any]) -> tuple[str, str]:
        kind = next(kind for kind in GROUPS if f"{KINDS[kind]}Name" in request)
        self.call(f"Create{KINDS[kind]}", **request)
        return kind, request[f"{KINDS[kind]}Name"]

    def finished(self, kind: str, name: str) -> dict[str, Any]:
        self.service.feature(GROUPS[kind]).wait(name, PATIENCE)
        return self.call(f"Describe{KINDS[kind]}", **{f"{KINDS[kind]}Name": name})

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        return self.finished(*self.create(request))

    def candidates(self, name: str) -> list[dict[str, Any]]:
        listed = self.call(
            "ListTrainingJobsForHyperParameterTuningJob", HyperParameterTuningJobName=name, MaxResults=100
        )
        return list(listed["TrainingJobSummaries"])

    def objects(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [item["Key"].removeprefix(prefix) for item in found]

    def release(self, name: str) -> None:
        self.call("UpdateTrainingJob", TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0})

    def pool(self, name: str) -> dict[str, Any]:
        return dict(self.call("DescribeTrainingJob", TrainingJobName=name).get("WarmPoolStatus", {}))

    def _log(self, _group: str, stream: str, lines: Any) -> None:
        self.lines.setdefault(stream.split("/")[0], []).extend(text for _, text in lines)


@pytest.fixture
def make(url: str, tmp_path: Path) -> Iterator[Callable[..., Cloud]]:
    """Makes services that the test's end shuts down."""
    made: list[Cloud] = []

    def cloud(base: Path = tmp_path, **settings: Any) -> Cloud:
        made.append(Cloud(url, base, **settings))
        return made[-1]

    yield cloud
    for one in made:
        one.service.shutdown()


@pytest.fixture(scope="module")
def cloud(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(url, tmp_path_factory.mktemp("jobs"), cores=2)
    yield cloud
    cloud.service.shutdown()


def test_files_of_an_earlier_service_and_of_an_earlier_job_are_in_nobodys_way(
    make: Callable[..., Cloud], tmp_path: Path
) -> None:
    leftover = tmp_path / "jobs" / "training-again" / "opt" / "ml" / "model" / "old.txt"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    cloud = make()
    assert not leftover.exists(), "a new service empties the folder of jobs"
    for folder in (leftover.parent, leftover.parents[1] / "input" / "data" / "train"):
        folder.mkdir(parents=True)
        (folder / "old.txt").touch()
    job = cloud.run(scripted("again", "fit.py", **ROWS, **program("fit.py", depth="2")))
    assert job["TrainingJobStatus"] == "Completed", cloud.lines["again"]
    assert "rows ['rows-1.csv']" in cloud.lines["again"]
    packed = cloud.s3.get_object(Bucket=BUCKET, Key="runs/again/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert tar.getnames() == ["model.txt"]
    assert not leftover.parents[3].exists(), "a job's folder goes with the job"


def test_files_of_an_earlier_processing_job_are_not_uploaded(cloud: Cloud) -> None:
    old = cloud.base / "jobs" / "processing-again" / "opt" / "ml" / "processing" / "output" / "old.txt"
    old.parent.mkdir(parents=True)
    old.touch()
    cloud.run(processing("again", "echo new > /opt/ml/processing/output/new.txt"))
    assert cloud.objects("out/again/") == ["new.txt"]


def test_a_base_folder_with_spaces_breaks_no_command(make: Callable[..., Cloud], tmp_path: Path) -> None:
    base = tmp_path / "my 'jobs' $HOME"
    script = "ls /opt/ml/input/data/train && echo 1 > /opt/ml/model/model.txt"
    inputs = [input_of("data", f"s3://{BUCKET}/parts/1/")]
    for name in ("first", "second"):
        cloud = make(base)
        assert cloud.run(training(name, script, **ROWS))["TrainingJobStatus"] == "Completed"
        assert cloud.lines[name] == ["rows-1.csv"]
        copies = processing(
            f"copies-{name}",
            'cp "$FROM" /opt/ml/processing/output/',
            ProcessingInputs=inputs,
            Environment={"FROM": "/opt/ml/processing/input/data/rows-1.csv"},
        )
        assert cloud.run(copies)["ProcessingJobStatus"] == "Completed", cloud.lines[f"copies-{name}"]
        assert cloud.objects(f"out/copies-{name}/") == ["rows-1.csv"]
        folder = (base / "jobs").resolve()
        cloud.service.shutdown()
        (folder / "left").mkdir()
    make(base)
    assert not folder.exists(), "what an earlier service left elsewhere goes as well"


def test_a_warm_start_does_not_import_the_libraries_again(make: Callable[..., Cloud]) -> None:
    cloud = make(preload=True)
    cloud.run(scripted("pool-a", "parent.py", **pooled()))
    cloud.run(scripted("pool-b", "parent.py", **pooled()))
    assert cloud.pool("pool-a")["ReusedByJob"] == "pool-b"
    (first,), (second,) = cloud.lines["pool-a"], cloud.lines["pool-b"]
    assert first == second
    assert first.endswith(" True"), "scikit-learn is imported before the script asks for it"
    cloud.release("pool-b")
    assert cloud.service.feature(TrainingJobs).get("pool-b").instance is None, "the record outlives the instance"


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_pool_s_process_ends_when_its_keep_alive_is_over_though_nobody_asks(cloud: Cloud) -> None:
    cloud.run(scripted("lasts", "parent.py", **pooled(VolumeSizeInGB=11)))
    cloud.run(scripted("expires", "parent.py", **pooled()))
    workers = {name: int(cloud.lines[name][0].split()[0]) for name in ("lasts", "expires")}
    assert is_running(workers["expires"])
    soon = {"KeepAlivePeriodInSeconds": 1}
    cloud.call("UpdateTrainingJob", TrainingJobName="expires", ResourceConfig=soon)
    until(lambda: not is_running(workers["expires"]))
    assert is_running(workers["lasts"])
    cloud.release("lasts")


def test_a_pool_that_is_reused_leaves_no_thread_behind(cloud: Cloud) -> None:
    def after(name: str) -> int:
        cloud.run(scripted(name, "crash.py", **pooled()))
        until(lambda: not any(thread.name == f"training-{name}" for thread in threading.enumerate()))
        return threading.active_count()

    counts = [after(f"threads-{number}") for number in range(3)]
    assert counts[0] == counts[-1]
    cloud.release("threads-2")


@pytest.mark.parametrize("fails", [False, True])
def test_a_stop_that_comes_while_a_training_job_uploads_still_stops_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    name = f"uploads-{fails}"

    def upload(*_: Any) -> None:
        cloud.call("StopTrainingJob", TrainingJobName=name)
        if fails:
            raise DataError("Data upload failed")

    monkeypatch.setattr(training_run, "upload_file", upload)
    job = cloud.run(training(name, "echo 1 > /opt/ml/model/model.txt"))
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert [t["Status"] for t in job["SecondaryStatusTransitions"]][-3:] == ["Uploading", "Stopping", "Stopped"]


def test_a_stop_that_comes_while_a_processing_job_uploads_still_stops_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upload(*_: Any) -> None:
        cloud.call("StopProcessingJob", ProcessingJobName="uploads")

    monkeypatch.setattr(processing_run, "upload_folder", upload)
    job = cloud.run(processing("uploads"))
    assert job["ProcessingJobStatus"] == "Stopped"

    def statuses() -> list[str]:
        return [d["ProcessingJobStatus"] for d, arn in cloud.events if arn == job["ProcessingJobArn"]]

    until(lambda: statuses() == ["InProgress", "Stopping", "Stopped"])


def test_without_fork_an_instance_is_a_process_per_job(make: Callable[..., Cloud]) -> None:
    cloud = make(fork_workers=False, preload=True)
    for name in ("single-a", "single-b"):
        assert cloud.run(scripted(name, "parent.py", **pooled()))["TrainingJobStatus"] == "Completed"
    assert cloud.pool("single-a")["ReusedByJob"] == "single-b"
    assert cloud.run(scripted("single-c", "crash.py"))["FailureReason"] == "AlgorithmError: , exit code: 1"

    def talks(seconds: int) -> bool:
        name, script = f"single-d{seconds}", "head -c 200000 /dev/zero | tr '\\0' x; echo; sleep 600"
        job = cloud.run(training(name, script, StoppingCondition={"MaxRuntimeInSeconds": seconds}))
        assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
        return cloud.lines.get(name) == ["x" * 200_000]

    assert given_time(talks)
    limit = {"StoppingCondition": {"MaxRuntimeInSeconds": 1}}
    assert cloud.run(scripted("single-e", "hang.py", **limit))["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_a_pool_that_no_candidate_takes_counts_against_the_quota(make: Callable[..., Cloud]) -> None:
    cloud = make(instance_quota=1)
    cloud.run(training("fold", **pooled()))
    with pytest.raises(ServiceError, match="current utilization of 1 Instances"):
        cloud.service.feature(TrainingJobs).create(training("candidate", **pooled()), pool_key="tuning")
    assert cloud.run(training("takes-it"))["TrainingJobStatus"] == "Completed"


def test_a_candidate_that_cannot_be_created_fails_the_tuning_job(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> TrainingJob:
        raise ValueError("no such thing")

    monkeypatch.setattr(cloud.service.feature(TrainingJobs), "create", broken)
    job = cloud.run(tuning("uncreated", total=2, parallel=1))
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"] == "InternalServerError: ValueError: no such thing"


def test_a_candidate_without_a_thread_has_failed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    start = cloud.service.core.start_thread

    def full(work: Callable[[], None], name: str) -> None:
        if name.startswith("training-"):
            raise RuntimeError("can't start new thread")
        start(work, name)

    monkeypatch.setattr(cloud.service.core, "start_thread", full)
    cloud.run(tuning("threadless", total=1, parallel=1))
    (candidate,) = cloud.candidates("threadless")
    assert candidate["FailureReason"] == "InternalServerError: can't start new thread"


def test_a_candidate_that_cannot_be_stopped_hinders_nobody(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = cloud.service.feature(TrainingJobs)
    stop = jobs.stop

    def harsh(name: str) -> None:
        stop(name)
        raise OSError(9, "Bad file descriptor")

    cloud.create(tuning("harsh", "hang.py", total=4, parallel=2))
    until(lambda: len(cloud.candidates("harsh")) == 2)
    monkeypatch.setattr(jobs, "stop", harsh)
    cloud.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="harsh")
    assert cloud.finished("tuning", "harsh")["TrainingJobStatusCounters"]["Stopped"] == 2


def test_a_sampler_that_breaks_fails_the_tuning_job(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("no such trial")

    monkeypatch.setattr(Sampler, "tell", broken)
    job = cloud.run(tuning("untold", total=3, parallel=2))
    assert (job["HyperParameterTuningJobStatus"], job["FailureReason"]) == (
        "Failed",
        "InternalServerError: ValueError: no such trial",
    )
