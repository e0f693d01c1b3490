"""The local SageMaker really runs training jobs: scripts, channels, metrics, warm pools, stops and failures."""

import io
import json
import os
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from tests.waiting import until
from warmfold.cloud.sagemaker import training_run
from warmfold.cloud.sagemaker.data import DataError
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.service import Service, build_service
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.sagemaker.training import TrainingJobs

ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/fold"
KEYS = {"AccessKeyId": "testing", "SecretAccessKey": "testing", "SessionToken": "testing"}
SCRIPTS = {
    "fit.py": """
import json, os, pathlib, sys
import boto3, helper
hyperparameters = json.loads(os.environ["SM_HPS"])
rows = sorted(p.name for p in pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).rglob("*") if p.is_file())
print("rows", rows)
print("validation score:0.25;")
print(f"validation score:{hyperparameters['depth'] / 3!r};", file=sys.stderr)
client = boto3.client("s3")
print("client", client._request_signer._credentials.access_key, client.meta.region_name, client.meta.endpoint_url)
print("imported", "sklearn.ensemble" in sys.modules, helper.NAME, sys.argv[1:], os.environ["TRAINING_JOB_NAME"])
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("fitted")
""",
    "helper.py": "NAME = 'sibling'\n",
    "fail.py": """
import os, pathlib, sys
pathlib.Path(os.environ["SM_OUTPUT_DIR"], "failure").write_text("the data is bad")
sys.exit(3)
""",
    "crash.py": "raise ValueError('no')\n",
    "hang.py": "import time\nprint('begun', flush=True)\ntime.sleep(600)\n",
    "parent.py": "import os\nprint(os.getppid())\n",
    "die.py": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n",
}


class Recorder:
    """What the service told the rest of the cloud."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {}
        self.events: list[tuple[str, dict[str, Any], list[str]]] = []

    def log(self, group: str, stream: str, lines: Any) -> None:
        self.lines.setdefault(f"{group} {stream.split('/')[0]}", []).extend(text for _, text in lines)

    def event(self, kind: str, detail: dict[str, Any], resources: list[str]) -> None:
        json.dumps(detail)
        self.events.append((kind, detail, resources))

    def output(self, job: str) -> list[str]:
        return self.lines.get(f"/aws/sagemaker/TrainingJobs {job}", [])


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host if host != '0.0.0.0' else 'localhost'}:{port}"
    s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    s3.create_bucket(Bucket="bucket")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in SCRIPTS.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    s3.put_object(Bucket="bucket", Key="code/sourcedir.tar.gz", Body=packed.getvalue())
    for part in range(12):
        s3.put_object(Bucket="bucket", Key=f"parts/{part}/rows-{part}.csv", Body=b"a,b\n1,2\n")
    manifest = [{"prefix": "s3://bucket/parts/"}, "1/rows-1.csv", "10/rows-10.csv"]
    s3.put_object(Bucket="bucket", Key="train.manifest", Body=json.dumps(manifest).encode())
    yield url
    server.stop()


class Cloud:
    """A service with its recorder and the requests the tests send."""

    def __init__(self, endpoint: str, base: Path, **settings: Any) -> None:
        self.seen = Recorder()
        self.endpoint = endpoint
        self.s3 = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.service: Service = build_service(
            Settings(base_dir=base, account_id=DEFAULT_ACCOUNT_ID, endpoint_url=endpoint, **settings),
            credentials=lambda _: KEYS,
            log_sink=self.seen.log,
            event_sink=self.seen.event,
        )

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.service.call(operation, request, None)

    def create(self, name: str, program: str = "fit.py", keep_alive: int = 0, **changes: Any) -> None:
        source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/parts/1/"}
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {
                "TrainingImage": "image",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "validation:score", "Regex": "validation score:([^;]+);"}],
            },
            "HyperParameters": {
                "sagemaker_program": program,
                "sagemaker_submit_directory": "s3://bucket/code/sourcedir.tar.gz",
                "depth": "2",
            },
            "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/runs/"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.xlarge",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
                "KeepAlivePeriodInSeconds": keep_alive,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "Tags": [{"Key": "warmfold:run", "Value": "one"}],
        }
        self.call("CreateTrainingJob", **(request | changes))

    def finished(self, name: str) -> dict[str, Any]:
        self.service.feature(TrainingJobs).wait(name, 60)
        return self.call("DescribeTrainingJob", TrainingJobName=name)

    def pool(self, name: str) -> dict[str, Any] | None:
        return self.call("DescribeTrainingJob", TrainingJobName=name).get("WarmPoolStatus")


@pytest.fixture(scope="module")
def cloud(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(endpoint, tmp_path_factory.mktemp("jobs"), cores=2)
    yield cloud
    cloud.service.shutdown()


def test_a_script_runs_with_its_channels_hyperparameters_metrics_and_artifact(cloud: Cloud) -> None:
    cloud.create("whole")
    job = cloud.finished("whole")
    output = cloud.seen.output("whole")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed", (job, output)
    assert "rows ['rows-1.csv']" in output, "a prefix that ends in / must not match parts/10"
    assert "imported True sibling ['--depth', '2'] whole" in output
    assert f"client testing us-east-1 {cloud.endpoint}" in output, "the job's credentials, region and endpoint count"
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [("validation:score", 2 / 3)]
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": "s3://bucket/runs/whole/output/model.tar.gz"}
    stages = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert stages == ["Starting", "Pending", "Downloading", "Training", "Uploading", "Completed"]
    assert [d["SecondaryStatus"] for _, d, _ in cloud.seen.events if d["TrainingJobName"] == "whole"] == stages
    assert job["BillableTimeInSeconds"] >= 1
    assert job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert "WarmPoolStatus" not in job
    tags = cloud.call("ListTags", ResourceArn=job["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "warmfold:run", "Value": "one"}]
    assert not (cloud.service.core.settings.base_dir / "jobs" / "training-whole").exists()


def test_files_of_an_earlier_service_and_of_an_earlier_job_are_in_nobodys_way(endpoint: str, tmp_path: Path) -> None:
    leftover = tmp_path / "jobs" / "training-again" / "opt" / "ml" / "model" / "old.txt"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    cloud = Cloud(endpoint, tmp_path)
    try:
        assert not leftover.exists(), "a new service empties the folder of jobs"
        for folder in (leftover.parent, leftover.parents[1] / "input" / "data" / "train"):
            folder.mkdir(parents=True)
            (folder / "old.txt").touch()
        cloud.create("again")
        job = cloud.finished("again")
        assert job["TrainingJobStatus"] == "Completed", job
        assert "rows ['rows-1.csv']" in cloud.seen.output("again")
        packed = cloud.s3.get_object(Bucket="bucket", Key="runs/again/output/model.tar.gz")["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            assert tar.getnames() == ["model.txt"]
    finally:
        cloud.service.shutdown()


def test_a_base_folder_with_spaces_breaks_no_command(endpoint: str, tmp_path: Path) -> None:
    base = tmp_path / "my 'jobs' $HOME"
    specification = {
        "TrainingImage": "image",
        "TrainingInputMode": "File",
        "ContainerEntrypoint": [
            "/bin/sh",
            "-c",
            "ls /opt/ml/input/data/train && echo 1 > /opt/ml/model/model.txt",
        ],
    }
    for name in ("first", "second"):
        cloud = Cloud(endpoint, base)
        try:
            cloud.create(name, AlgorithmSpecification=specification)
            assert cloud.finished(name)["TrainingJobStatus"] == "Completed"
            assert cloud.seen.output(name) == ["rows-1.csv"]
            folder = (base / "jobs").resolve()
        finally:
            cloud.service.shutdown()
        (folder / "left").mkdir()
    Cloud(endpoint, base).service.shutdown()
    assert not folder.exists(), "what an earlier service left elsewhere goes as well"


def test_a_manifest_names_the_objects_of_a_channel(cloud: Cloud) -> None:
    source = {"S3DataType": "ManifestFile", "S3Uri": "s3://bucket/train.manifest"}
    cloud.create("manifest", InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}])
    assert cloud.finished("manifest")["TrainingJobStatus"] == "Completed"
    assert "rows ['rows-1.csv', 'rows-10.csv']" in cloud.seen.output("manifest")


def test_a_warm_pool_is_reused_quickly_and_released(cloud: Cloud) -> None:
    cloud.create("pool-a", keep_alive=600)
    assert cloud.pool("pool-a") == {"Status": "InUse"}
    cloud.finished("pool-a")
    assert cloud.pool("pool-a") == {"Status": "Available"}
    started = time.monotonic()
    cloud.create("pool-b", keep_alive=600)
    cloud.finished("pool-b")
    assert time.monotonic() - started < 1.0, "a warm start must not import the libraries again"
    reused = cloud.pool("pool-a")
    assert reused is not None
    assert (reused["Status"], reused["ReusedByJob"]) == ("Reused", "pool-b")
    assert reused["ResourceRetainedBillableTimeInSeconds"] >= 0
    listed = cloud.call("ListTrainingJobs", WarmPoolStatusEquals="Available", NameContains="pool-")
    assert [item["TrainingJobName"] for item in listed["TrainingJobSummaries"]] == ["pool-b"]
    cloud.call("UpdateTrainingJob", TrainingJobName="pool-b", ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    assert cloud.service.feature(TrainingJobs).get("pool-b").instance is None, "the record outlives the instance"
    released = cloud.pool("pool-b")
    assert released is not None
    assert released["Status"] == "Terminated"


@pytest.mark.parametrize("field", ["InstanceType", "VolumeSizeInGB", "RoleArn"])
def test_a_pool_that_differs_does_not_match(cloud: Cloud, field: str) -> None:
    first, second = f"differs-{field.lower()}-a", f"differs-{field.lower()}-b"
    cloud.create(first, keep_alive=600)
    cloud.finished(first)
    resources = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10}
    other = {"InstanceType": "ml.m5.large", "VolumeSizeInGB": 20, "RoleArn": ROLE + "-other"}[field]
    changes = {"RoleArn": other} if field == "RoleArn" else {"ResourceConfig": resources | {field: other}}
    cloud.create(second, **changes)
    cloud.finished(second)
    assert cloud.pool(first) == {"Status": "Available"}
    cloud.call("UpdateTrainingJob", TrainingJobName=first, ResourceConfig={"KeepAlivePeriodInSeconds": 0})


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_pool_ends_when_its_keep_alive_is_over(cloud: Cloud) -> None:
    cloud.create("lasts", keep_alive=600)
    cloud.create("expires", "parent.py", keep_alive=1)
    for name in ("lasts", "expires"):
        cloud.finished(name)
    worker = int(cloud.seen.output("expires")[0])
    assert is_running(worker)
    until(lambda: not is_running(worker), 10)
    assert cloud.pool("expires") == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 1}
    assert cloud.pool("lasts") == {"Status": "Available"}
    cloud.call("UpdateTrainingJob", TrainingJobName="lasts", ResourceConfig={"KeepAlivePeriodInSeconds": 0})


def test_a_pool_that_is_reused_leaves_no_thread_behind(cloud: Cloud) -> None:
    def after(name: str) -> int:
        cloud.create(name, "crash.py", keep_alive=600)
        cloud.finished(name)
        until(lambda: not any(thread.name == f"training-{name}" for thread in threading.enumerate()))
        return threading.active_count()

    counts = [after(f"threads-{number}") for number in range(3)]
    assert counts[0] == counts[-1]
    cloud.call("UpdateTrainingJob", TrainingJobName="threads-2", ResourceConfig={"KeepAlivePeriodInSeconds": 0})


@pytest.mark.parametrize(
    ("program", "reason"),
    [("fail.py", "AlgorithmError: the data is bad"), ("crash.py", "AlgorithmError: , exit code: 1")],
)
def test_a_failing_script_gives_its_reason_and_keeps_its_pool(cloud: Cloud, program: str, reason: str) -> None:
    name = program.replace(".", "-")
    cloud.create(name, program, keep_alive=600)
    job = cloud.finished(name)
    assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", reason)
    assert job["WarmPoolStatus"] == {"Status": "Available"}
    cloud.call("UpdateTrainingJob", TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0})


def test_an_instance_that_is_lost_fails_the_job_and_leaves_no_pool(cloud: Cloud) -> None:
    cloud.create("lost", "die.py", keep_alive=600)
    job = cloud.finished("lost")
    assert job["FailureReason"].startswith("InternalServerError")
    assert job["WarmPoolStatus"]["Status"] == "Terminated"


def test_missing_channel_data_fails_the_job(cloud: Cloud) -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/nowhere/"}
    cloud.create("no-data", InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}])
    reason = cloud.finished("no-data")["FailureReason"]
    assert reason == "ClientError: Data download failed: No S3 objects found under S3 URL 's3://bucket/nowhere/'"


def test_objects_that_cannot_be_files_beside_each_other_fail_the_job_in_words(cloud: Cloud) -> None:
    for key in ("a", "a/b"):
        cloud.s3.put_object(Bucket="bucket", Key=f"clash/{key}", Body=b"")
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/clash/"}
    cloud.create("clash", InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}])
    assert cloud.finished("clash")["FailureReason"] == (
        "ClientError: Data download failed: s3://bucket/clash/a/b cannot become a file beside the others: "
        "the name of one object is the folder of another"
    )


def test_an_object_whose_name_no_file_can_have_fails_the_job_in_words(cloud: Cloud) -> None:
    cloud.s3.put_object(Bucket="bucket", Key="long/" + "x" * 300, Body=b"")
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/long/"}
    cloud.create("long-name", InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}])
    assert cloud.finished("long-name")["FailureReason"].endswith("cannot become a file: File name too long")


def test_a_reason_is_cut_at_a_kilobyte(cloud: Cloud) -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://bucket/{'x' * 1010}"}
    cloud.create("long-reason", InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}])
    assert len(cloud.finished("long-reason")["FailureReason"]) == 1024


def test_a_metric_that_cannot_be_searched_for_is_refused(cloud: Cloud) -> None:
    metrics = [{"Name": "score", "Regex": "score:([^;+;"}]
    specification = {"TrainingImage": "image", "TrainingInputMode": "File", "MetricDefinitions": metrics}
    with pytest.raises(ServiceError, match="Regex of metric score is no regular expression: unterminated") as caught:
        cloud.create("refused", AlgorithmSpecification=specification)
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"CheckpointConfig": {"S3Uri": "s3://bucket/c/"}}, "CheckpointConfig is not built in the local cloud"),
        ({"RoleArn": "arn:aws:iam::999999999999:role/fold"}, "Cross-account pass role is not allowed"),
        (
            {
                "AlgorithmSpecification": {
                    "TrainingImage": "image",
                    "TrainingInputMode": "File",
                    "ContainerArguments": ["--fast"],
                }
            },
            "AlgorithmSpecification.ContainerArguments is not built",
        ),
    ],
)
def test_what_would_be_ignored_is_refused(cloud: Cloud, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message):
        cloud.create("refused", **changes)


def test_a_command_is_told_that_its_job_is_stopped(cloud: Cloud) -> None:
    script = "trap 'echo told; exit 0' TERM; echo begun; while :; do sleep 0.01; done"
    specification = {
        "TrainingImage": "image",
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["/bin/sh", "-c", script],
    }
    cloud.create("told", AlgorithmSpecification=specification)
    until(lambda: "begun" in cloud.seen.output("told"))
    cloud.call("StopTrainingJob", TrainingJobName="told")
    assert cloud.finished("told")["TrainingJobStatus"] == "Stopped"
    assert cloud.seen.output("told") == ["begun", "told"]


def test_a_stopped_job_is_killed_and_leaves_its_pool(cloud: Cloud) -> None:
    cloud.create("stopped", "hang.py", keep_alive=600)
    until(lambda: "begun" in cloud.seen.output("stopped"))
    cloud.call("StopTrainingJob", TrainingJobName="stopped")
    job = cloud.finished("stopped")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert job["WarmPoolStatus"] == {"Status": "Available"}
    cloud.create("after-stop")
    assert cloud.finished("after-stop")["TrainingJobStatus"] == "Completed"
    assert (cloud.pool("stopped") or {})["ReusedByJob"] == "after-stop"
    with pytest.raises(ServiceError, match="is in status Stopped"):
        cloud.call("StopTrainingJob", TrainingJobName="stopped")


@pytest.mark.parametrize("fails", [False, True])
def test_a_stop_that_comes_while_the_job_uploads_still_stops_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    name = f"uploads-{fails}"

    def upload(*_: Any) -> None:
        cloud.call("StopTrainingJob", TrainingJobName=name)
        if fails:
            raise DataError("Data upload failed")

    monkeypatch.setattr(training_run, "upload_file", upload)
    cloud.create(name)
    job = cloud.finished(name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert [t["Status"] for t in job["SecondaryStatusTransitions"]][-3:] == ["Uploading", "Stopping", "Stopped"]


def test_a_job_over_its_runtime_ends_as_stopped(cloud: Cloud) -> None:
    cloud.create("too-long", "hang.py", StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = cloud.finished("too-long")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_name_is_used_once(cloud: Cloud) -> None:
    cloud.create("twice")
    with pytest.raises(ServiceError, match="names must be unique") as caught:
        cloud.create("twice")
    assert caught.value.code == "ResourceInUse"
    cloud.finished("twice")


def test_jobs_beyond_the_cores_wait_in_starting_and_a_stop_reaches_them(cloud: Cloud) -> None:
    for name in ("busy-1", "busy-2", "waits"):
        cloud.create(name, "hang.py")
        if name != "waits":
            until(lambda name=name: "begun" in cloud.seen.output(name))
    describe = cloud.call("DescribeTrainingJob", TrainingJobName="waits")
    assert describe["SecondaryStatus"] == "Starting"
    for name in ("waits", "busy-1", "busy-2"):
        cloud.call("StopTrainingJob", TrainingJobName=name)
        assert cloud.finished(name)["TrainingJobStatus"] == "Stopped"
    assert cloud.seen.output("waits") == []


def test_quotas_count_running_jobs_and_pools_but_not_a_matching_pool_twice(endpoint: str, tmp_path: Path) -> None:
    cloud = Cloud(endpoint, tmp_path, instance_quota=1)
    try:
        cloud.create("first", keep_alive=600)
        with pytest.raises(ServiceError, match="current utilization of 1 Instances and a request delta of 1") as caught:
            cloud.create("second")
        assert caught.value.code == "ResourceLimitExceeded"
        cloud.finished("first")
        cloud.create("third")
        cloud.finished("third")
        assert (cloud.pool("first") or {})["ReusedByJob"] == "third"
        assert cloud.pool("third") == {"Status": "Terminated"}
    finally:
        cloud.service.shutdown()


def test_without_a_warm_pool_quota_the_job_runs_and_keeps_nothing(endpoint: str, tmp_path: Path) -> None:
    cloud = Cloud(endpoint, tmp_path, warm_pool_quota=0)
    try:
        cloud.create("cold", keep_alive=600)
        assert cloud.finished("cold")["TrainingJobStatus"] == "Completed"
        assert cloud.pool("cold") is None
    finally:
        cloud.service.shutdown()


def test_a_keep_alive_that_is_raised_later_counts_against_the_quota_too(endpoint: str, tmp_path: Path) -> None:
    cloud = Cloud(endpoint, tmp_path, warm_pool_quota=1)
    try:
        cloud.create("pooled", keep_alive=600)
        cloud.finished("pooled")
        cloud.create("reuses", "hang.py")
        cloud.create("keeps", "hang.py", keep_alive=600)
        assert [cloud.pool(name) for name in ("reuses", "keeps")] == [{"Status": "InUse"}] * 2
        cloud.call("UpdateTrainingJob", TrainingJobName="reuses", ResourceConfig={"KeepAlivePeriodInSeconds": 600})
        for name in ("reuses", "keeps"):
            cloud.call("StopTrainingJob", TrainingJobName=name)
            cloud.finished(name)
        assert [cloud.pool(name) for name in ("reuses", "keeps")] == [{"Status": "Terminated"}, {"Status": "Available"}]
    finally:
        cloud.service.shutdown()


def test_without_fork_an_instance_is_a_process_per_job(endpoint: str, tmp_path: Path) -> None:
    cloud = Cloud(endpoint, tmp_path, fork_workers=False)
    try:
        for name in ("single-a", "single-b"):
            cloud.create(name, keep_alive=600)
            assert cloud.finished(name)["TrainingJobStatus"] == "Completed"
        assert (cloud.pool("single-a") or {})["ReusedByJob"] == "single-b"
        cloud.create("single-c", "crash.py")
        assert cloud.finished("single-c")["FailureReason"] == "AlgorithmError: , exit code: 1"
        talks = "head -c 200000 /dev/zero | tr '\\0' x; echo; sleep 600"
        specification = {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/sh", "-c", talks],
        }
        limit = {"MaxRuntimeInSeconds": 1}
        cloud.create("single-e", AlgorithmSpecification=specification, StoppingCondition=limit)
        assert cloud.finished("single-e")["SecondaryStatus"] == "MaxRuntimeExceeded"
        assert cloud.seen.output("single-e") == ["x" * 200_000]
        cloud.create("single-d", "hang.py", StoppingCondition={"MaxRuntimeInSeconds": 1})
        assert cloud.finished("single-d")["SecondaryStatus"] == "MaxRuntimeExceeded"
    finally:
        cloud.service.shutdown()
