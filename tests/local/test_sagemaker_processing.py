"""The local SageMaker really runs processing jobs: commands, inputs, outputs, messages, failures, stops."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from tests.waiting import until
from warmfold.cloud.sagemaker import processing_run
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.processing import ProcessingJobs
from warmfold.cloud.sagemaker.service import Service, build_service
from warmfold.cloud.sagemaker.settings import Settings

ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/fold"
SPLIT = """
import json, os, pathlib, sys
import boto3
base = pathlib.Path(os.environ["ROOT"])
root = base / "processing"
rows = sorted(p.relative_to(root / "input" / "data").as_posix() for p in root.glob("input/data/**/*") if p.is_file())
print("rows", rows)
print("arguments", sys.argv[1:], os.environ["OWN"], os.environ["PROCESSING_JOB_NAME"])
client = boto3.client("s3")
print("client", client._request_signer._credentials.access_key, client.meta.region_name, client.meta.endpoint_url)
config = json.loads((base / "config" / "processingjobconfig.json").read_text())
print("config", config["ProcessingJobName"], config["Environment"]["OWN"] == os.environ["OWN"])
print("resources", json.loads((base / "config" / "resourceconfig.json").read_text()))
part = root / "output" / "parts" / "0"
part.mkdir(parents=True)
(part / "rows.csv").write_text("a,b\\n")
(root / "output" / "profile.json").write_text("{}")
(base / "output" / "message").write_text("two parts")
"""
IN_PLACE = "/opt/ml/processing/input/code/split.py"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    yield f"http://localhost:{server.get_host_and_port()[1]}"
    server.stop()


class Local:
    """A service, its bucket, what it told the rest of the cloud, and the requests the tests send."""

    def __init__(self, endpoint: str, base: Path, **settings: Any) -> None:
        self.endpoint = endpoint
        self.base = base
        self.lines: dict[str, list[str]] = {}
        self.events: list[tuple[str, dict[str, Any], list[str]]] = []
        self.s3 = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.s3.create_bucket(Bucket="processings")
        for part in (1, 10):
            self.s3.put_object(Bucket="processings", Key=f"parts/{part}/rows-{part}.csv", Body=b"a,b\n1,2\n")
        manifest = json.dumps([{"prefix": "s3://processings/parts/"}, "10/rows-10.csv"])
        self.s3.put_object(Bucket="processings", Key="the.manifest", Body=manifest.encode())
        self.s3.put_object(Bucket="processings", Key="code/split.py", Body=SPLIT.encode())
        self.service: Service = build_service(
            Settings(base_dir=base, account_id=DEFAULT_ACCOUNT_ID, endpoint_url=endpoint, **settings),
            credentials=lambda _: {"AccessKeyId": "testing", "SecretAccessKey": "testing", "SessionToken": "testing"},
            log_sink=self.log,
            event_sink=lambda kind, detail, arns: self.events.append((kind, json.loads(json.dumps(detail)), arns)),
        )

    def log(self, group: str, stream: str, lines: Any) -> None:
        self.lines.setdefault(f"{group}/{stream.split('/')[0]}", []).extend(text for _, text in lines)

    def output(self, job: str) -> list[str]:
        return self.lines.get(f"/aws/sagemaker/ProcessingJobs/{job}", [])

    def statuses(self, job: dict[str, Any]) -> list[str]:
        """The statuses in the events about a job, in order."""
        return [detail["ProcessingJobStatus"] for _, detail, arns in self.events if arns == [job["ProcessingJobArn"]]]

    def results(self, job: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket="processings", Prefix=f"out/{job}/").get("Contents", [])
        return [item["Key"].removeprefix(f"out/{job}/") for item in found]

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.service.call(operation, request, None)

    def create(self, name: str, *command: str, **changes: Any) -> None:
        self.call("CreateProcessingJob", **(processing(name, *command) | changes))

    def finished(self, name: str) -> dict[str, Any]:
        self.service.feature(ProcessingJobs).wait(name, 60)
        return self.call("DescribeProcessingJob", ProcessingJobName=name)

    def run(self, name: str, *command: str, **changes: Any) -> dict[str, Any]:
        self.create(name, *command, **changes)
        return self.finished(name)


def input_of(name: str, uri: str, kind: str = "S3Prefix", **changes: Any) -> dict[str, Any]:
    source = {
        "S3Uri": uri,
        "LocalPath": f"/opt/ml/processing/input/{name}",
        "S3DataType": kind,
        "S3InputMode": "File",
    }
    return {"InputName": name, "S3Input": source | changes}


def output_of(name: str, uri: str, **changes: Any) -> dict[str, Any]:
    target = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "S3Output": target | changes}


def processing(name: str, *command: str) -> dict[str, Any]:
    """A CreateProcessingJob request with one output, out/<name>/."""
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": list(command)},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
        "ProcessingOutputConfig": {"Outputs": [output_of("out", f"s3://processings/out/{name}/")]},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "Tags": [{"Key": "warmfold:run", "Value": "one"}],
    }


@pytest.fixture(scope="module")
def local(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    local = Local(endpoint, tmp_path_factory.mktemp("jobs"), cores=1)
    yield local
    local.service.shutdown()


def run_whole(local: Local, name: str) -> dict[str, Any]:
    """The job with everything: code and data in, arguments and environment, output and message out."""
    specification = {
        "ImageUri": "image",
        "ContainerEntrypoint": ["/bin/sh", "-c", f'exec python3 {IN_PLACE} "$@"', "sh"],
        "ContainerArguments": ["--into", "/opt/ml/processing/output"],
    }
    return local.run(
        name,
        AppSpecification=specification,
        Environment={"OWN": "/opt/ml/processing/own", "ROOT": "/opt/ml"},
        ProcessingInputs=[
            input_of("code", "s3://processings/code/split.py"),
            input_of("data", "s3://processings/parts/1/"),
        ],
    )


def test_a_command_runs_with_its_inputs_environment_outputs_and_message(local: Local) -> None:
    job = run_whole(local, "whole")
    output = local.output("whole")
    assert job["ProcessingJobStatus"] == "Completed", (job, output)
    folder = local.base / "jobs" / "processing-whole" / "opt" / "ml" / "processing"
    assert "rows ['rows-1.csv']" in output, "a prefix that ends in / must not match parts/10"
    assert f"arguments ['--into', '{folder}/output'] {folder}/own whole" in output
    assert f"client testing us-east-1 {local.endpoint}" in output
    assert "config whole True" in output
    assert "resources {'current_host': 'algo-1', 'hosts': ['algo-1']}" in output
    assert local.results("whole") == ["parts/0/rows.csv", "profile.json"]
    assert job["ExitMessage"] == "two parts"
    assert "FailureReason" not in job
    assert job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert job["LastModifiedTime"] == job["ProcessingEndTime"]
    assert job["AppSpecification"]["ContainerArguments"][1] == "/opt/ml/processing/output", "shown as it was given"
    until(lambda: local.statuses(job) == ["InProgress", "Completed"])
    kinds = {
        (kind, detail["Tags"]["warmfold:run"]) for kind, detail, arns in local.events if arns[0].endswith("/whole")
    }
    assert kinds == {("SageMaker Processing Job State Change", "one")}
    (listed,) = local.call("ListProcessingJobs", NameContains="whole")["ProcessingJobSummaries"]
    assert (listed["ProcessingJobName"], listed["ProcessingJobStatus"]) == ("whole", "Completed")
    assert not folder.exists(), "a job's folder goes with the job"


def test_a_base_folder_with_spaces_breaks_no_command(endpoint: str, tmp_path: Path) -> None:
    local = Local(endpoint, tmp_path / "my 'jobs' $HOME", cores=1)
    try:
        job = run_whole(local, "spaces")
        assert job["ProcessingJobStatus"] == "Completed", (job, local.output("spaces"))
        assert local.results("spaces") == ["parts/0/rows.csv", "profile.json"]
    finally:
        local.service.shutdown()


def test_files_of_an_earlier_job_are_not_uploaded(local: Local) -> None:
    old = local.base / "jobs" / "processing-again" / "opt" / "ml" / "processing" / "output" / "old.txt"
    old.parent.mkdir(parents=True)
    old.touch()
    local.run("again", "/bin/sh", "-c", "echo new > /opt/ml/processing/output/new.txt")
    assert local.results("again") == ["new.txt"]


def test_a_manifest_names_the_objects_of_an_input(local: Local) -> None:
    inputs = [input_of("data", "s3://processings/the.manifest", "ManifestFile")]
    command = ("/bin/sh", "-c", "cd /opt/ml/processing/input/data && find . -type f")
    assert local.run("manifest", *command, ProcessingInputs=inputs)["ProcessingJobStatus"] == "Completed"
    assert local.output("manifest") == ["./10/rows-10.csv"]


@pytest.mark.parametrize(
    ("name", "script", "reason"),
    [
        ("fails-why", "echo the data is bad > /opt/ml/output/message; exit 3", "AlgorithmError: the data is bad\n"),
        ("fails", "exit 3", "AlgorithmError: , exit code: 3"),
        ("killed", "kill -9 $$", "AlgorithmError: , exit code: 137"),
    ],
)
def test_a_failing_command_gives_its_reason_and_no_outputs(local: Local, name: str, script: str, reason: str) -> None:
    job = local.run(name, "/bin/sh", "-c", f"echo half > /opt/ml/processing/output/half; {script}")
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == ("Failed", reason)
    assert local.results(name) == []
    until(lambda: local.statuses(job) == ["InProgress", "Failed"])


def test_a_message_is_cut_at_a_kilobyte(local: Local) -> None:
    job = local.run("long", "python3", "-c", "open('/opt/ml/output/message', 'w').write('x' * 2000)")
    assert job["ExitMessage"] == "x" * 1024


def test_a_command_that_is_not_there_fails_the_job(local: Local) -> None:
    job = local.run("no-command", "/no/such/command")
    assert job["FailureReason"] == "AlgorithmError: , exit code: 1"
    assert any("/no/such/command" in line for line in local.output("no-command"))


def test_missing_input_data_fails_the_job(local: Local) -> None:
    job = local.run("no-data", "true", ProcessingInputs=[input_of("data", "s3://processings/nowhere/")])
    assert job["FailureReason"] == (
        "ClientError: Data download failed: No S3 objects found under S3 URL 's3://processings/nowhere/'"
    )


def test_a_job_over_its_runtime_ends_as_stopped(local: Local) -> None:
    limit = {"MaxRuntimeInSeconds": 1}
    started = time.monotonic()
    job = local.run("too-long", "/bin/sh", "-c", "echo begun; sleep 600", StoppingCondition=limit)
    assert time.monotonic() - started < 20
    assert (job["ProcessingJobStatus"], job.get("FailureReason")) == ("Stopped", None)
    assert local.output("too-long") == ["begun"]


def test_a_stopped_job_is_told_and_leaves_no_outputs(endpoint: str, tmp_path: Path) -> None:
    local = Local(endpoint, tmp_path, cores=1, stop_grace_seconds=60)
    script = (
        "trap 'echo told > /opt/ml/output/message; echo told; exit 0' TERM; echo begun; while :; do sleep 0.01; done"
    )
    try:
        local.create("stopped", "/bin/sh", "-c", f"echo half > /opt/ml/processing/output/half; {script}")
        until(lambda: "begun" in local.output("stopped"))
        local.call("StopProcessingJob", ProcessingJobName="stopped")
        job = local.finished("stopped")
        assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Stopped", "told\n")
        assert local.results("stopped") == []
        until(lambda: local.statuses(job) == ["InProgress", "Stopping", "Stopped"])
        with pytest.raises(ServiceError, match="processing job is in status Stopped"):
            local.call("StopProcessingJob", ProcessingJobName="stopped")
    finally:
        local.service.shutdown()


def test_a_stop_that_comes_while_the_job_uploads_still_stops_it(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    def upload(*_: Any) -> None:
        local.call("StopProcessingJob", ProcessingJobName="uploads")

    monkeypatch.setattr(processing_run, "upload_folder", upload)
    job = local.run("uploads", "true")
    assert job["ProcessingJobStatus"] == "Stopped"
    until(lambda: local.statuses(job) == ["InProgress", "Stopping", "Stopped"])


def test_a_stopped_job_that_does_not_listen_is_killed(local: Local) -> None:
    local.create("deaf", "/bin/sh", "-c", "trap '' TERM; echo begun; while :; do sleep 600; done")
    until(lambda: "begun" in local.output("deaf"))
    started = time.monotonic()
    local.call("StopProcessingJob", ProcessingJobName="deaf")
    assert local.finished("deaf")["ProcessingJobStatus"] == "Stopped"
    assert time.monotonic() - started < 20


def test_a_job_that_waits_for_a_core_can_be_stopped(local: Local) -> None:
    local.create("busy", "/bin/sh", "-c", "echo begun; sleep 600")
    until(lambda: "begun" in local.output("busy"))
    local.create("waits", "/bin/sh", "-c", "echo begun")
    local.call("StopProcessingJob", ProcessingJobName="waits")
    waited = local.finished("waits")
    assert waited["ProcessingJobStatus"] == "Stopped"
    assert "ProcessingStartTime" not in waited
    assert local.output("waits") == []
    local.call("StopProcessingJob", ProcessingJobName="busy")
    assert local.finished("busy")["ProcessingJobStatus"] == "Stopped"


def test_an_instance_that_is_lost_fails_the_job(local: Local) -> None:
    job = local.run("lost", "python3", "-c", "import os; os.kill(os.getppid(), 9)")
    assert job["FailureReason"].startswith("InternalServerError: We encountered an internal error")


def test_a_name_is_used_once(local: Local) -> None:
    local.run("twice", "true")
    with pytest.raises(ServiceError, match="Job name must be unique") as caught:
        local.create("twice", "true")
    assert caught.value.code == "ResourceInUse"
    with pytest.raises(ServiceError, match="Could not find requested job with name: nobody"):
        local.call("DescribeProcessingJob", ProcessingJobName="nobody")


CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ProcessingResources": {"ClusterConfig": CLUSTER | {"InstanceCount": 2}}}, "InstanceCount must be 1"),
        ({"AppSpecification": {"ImageUri": "image"}}, "ContainerEntrypoint is missing"),
        ({"ProcessingInputs": [input_of("out", "s3://processings/parts/")]}, "names must be unique: out, out"),
        ({"ProcessingInputs": [{"InputName": "in"}]}, "Processing input in must be an S3Input"),
        ({"ProcessingInputs": [input_of("in", "s3://b/p", S3InputMode="Pipe")]}, "S3InputMode File"),
        ({"ProcessingInputs": [input_of("in", "s3://b/p", S3CompressionType="Gzip")]}, "S3CompressionType None"),
        ({"ProcessingInputs": [input_of("in", "s3://b/p", LocalPath="/tmp/in")]}, "and is /tmp/in"),
        (
            {"ProcessingInputs": [input_of("in", "s3://b/p", LocalPath="/opt/ml/processing/../x")]},
            "must lie below /opt/ml/processing",
        ),
        (
            {"ProcessingOutputConfig": {"Outputs": [output_of("out", "s3://b/p", S3UploadMode="Continuous")]}},
            "S3UploadMode EndOfJob",
        ),
        (
            {"ProcessingOutputConfig": {"Outputs": [output_of("out", "s3://b/p", LocalPath="/opt/ml/model")]}},
            "Processing output out: LocalPath must lie below",
        ),
        (
            {"ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "AppManaged": True}]}},
            "Processing output out must be an S3Output",
        ),
    ],
)
def test_what_cannot_be_processed_is_refused_before_the_job(
    local: Local, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ServiceError, match=message) as caught:
        local.create("refused", "true", **changes)
    assert caught.value.code == "ValidationException"
    assert local.call("ListProcessingJobs", NameContains="refused")["ProcessingJobSummaries"] == []
