"""The local SageMaker really serves models and sends them batches: models, requests, outputs, failures, stops."""

import io
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from tests.waiting import until
from warmfold.cloud.local import LocalCloud
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.service import Service, build_service
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.sagemaker.transform import TransformJobs

ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/fold"
ARCHIVE = "s3://transforms/model/model.tar.gz"
MODEL_ARN = f"arn:aws:sagemaker:us-east-1:{DEFAULT_ACCOUNT_ID}:model/"
FILES = {
    "factor.txt": "3",
    "code/inference.py": """
import csv, io, os, pathlib, sys
import boto3, helper
def model_fn(model_dir):
    client = boto3.client("s3")
    print("client", client._request_signer._credentials.access_key, client.meta.region_name, client.meta.endpoint_url)
    print("batch", *(os.environ["SAGEMAKER_" + n] for n in ("BATCH", "BATCH_STRATEGY", "MAX_PAYLOAD_IN_MB")))
    print("own", *(os.environ[n] for n in ("OWN", "TWO", "ALL")), helper.NAME, os.getpgid(0) == os.getpid())
    return int(pathlib.Path(model_dir, "factor.txt").read_text())
def input_fn(body, content_type):
    print("input", type(body).__name__, content_type)
    return [float(row["x"]) for row in csv.DictReader(io.StringIO(body))]
def predict_fn(data, model):
    return [x * model for x in data]
def output_fn(prediction, accept):
    return "x3\\n" + "".join(f"{value:g}\\n" for value in prediction), accept
""",
    "code/helper.py": "NAME = 'sibling'\n",
    "code/echo.py": """
def model_fn(model_dir):
    return None
def transform_fn(model, content, content_type, accept):
    print("content", type(content).__name__, content_type, accept)
    return content
""",
    "code/brackets.py": """
def model_fn(model_dir):
    return None
def execution_parameters_fn():
    return {"BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}
def transform_fn(model, content, content_type, accept):
    return "[" + content + "]", accept
""",
    "code/defaults.py": """
import numpy as np
class Doubler:
    def predict(self, data):
        assert data.dtype == np.float32
        return data * 2
def model_fn(model_dir):
    return Doubler()
""",
    "code/broken.py": "def model_fn(model_dir):\n    raise ValueError('the model is broken')\n",
    "code/none.py": "x = 1\n",
    "code/babbles.py": "def model_fn(model_dir):\n    pass\ndef execution_parameters_fn():\n    return 'six'\n",
    "code/slow_to_load.py": """
import time
def model_fn(model_dir):
    print("begun", flush=True)
    time.sleep(600)
""",
    "code/moods.py": """
import os, time
def model_fn(model_dir):
    return None
def transform_fn(model, content, content_type, accept):
    mood = content.strip()
    print("begun", mood, flush=True)
    if mood == "hang":
        time.sleep(600)
    if mood == "die":
        print("out of memory", end="", flush=True)
        os._exit(9)
    if mood == "number":
        return 7
    return mood.upper()
""",
}


def archive(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    yield f"http://localhost:{server.get_host_and_port()[1]}"
    server.stop()


class Local:
    """A service, its bucket, what it told the rest of the cloud, and the requests the tests send."""

    def __init__(self, endpoint: str, base: Path) -> None:
        self.endpoint = endpoint
        self.base = base
        self.lines: dict[str, list[str]] = {}
        self.events: list[tuple[str, dict[str, Any], list[str]]] = []
        self.roles: list[str] = []
        self.s3 = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.s3.create_bucket(Bucket="transforms")
        self.put("model/model.tar.gz", archive(FILES))
        self.put("code/sourcedir.tar.gz", archive({"echo.py": FILES["code/echo.py"]}))
        self.service: Service = build_service(
            Settings(base_dir=base, account_id=DEFAULT_ACCOUNT_ID, endpoint_url=endpoint, cores=2),
            credentials=self.credentials,
            log_sink=self.log,
            event_sink=self.event,
        )

    def credentials(self, role: str) -> dict[str, str]:
        self.roles.append(role)
        return {"AccessKeyId": "testing", "SecretAccessKey": "testing", "SessionToken": "testing"}

    def log(self, group: str, stream: str, lines: Any) -> None:
        job, instance, *data_log = stream.split("/")
        assert instance.startswith("algo-1-")
        self.lines.setdefault("/".join([group, job, *data_log]), []).extend(text for _, text in lines)

    def event(self, kind: str, detail: dict[str, Any], resources: list[str]) -> None:
        json.dumps(detail)
        self.events.append((kind, detail, resources))

    def events_of(self, job: dict[str, Any]) -> list[tuple[str, str, dict[str, str]]]:
        """Detail-type, status and tags of the events about a job, in order."""
        about = [(kind, detail) for kind, detail, arns in self.events if arns == [job["TransformJobArn"]]]
        return [(kind, detail["TransformJobStatus"], detail["Tags"]) for kind, detail in about]

    def output(self, job: str) -> list[str]:
        return self.lines.get(f"/aws/sagemaker/TransformJobs/{job}", [])

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket="transforms", Key=key, Body=body)

    def put_all(self, job: str, **bodies: bytes) -> None:
        for name, body in bodies.items():
            self.put(f"in/{job}/{name}.csv", body)

    def results(self, job: str) -> dict[str, bytes]:
        """What the job left below its output path."""
        found = self.s3.list_objects_v2(Bucket="transforms", Prefix=f"out/{job}/").get("Contents", [])
        read = {item["Key"]: self.s3.get_object(Bucket="transforms", Key=item["Key"])["Body"].read() for item in found}
        return {key.removeprefix(f"out/{job}/"): body for key, body in read.items()}

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.service.call(operation, request, None)

    def model(self, name: str, program: str | None = "echo.py", **changes: Any) -> None:
        environment = dict.fromkeys(("OWN", "TWO", "ALL"), "model's")
        environment["SAGEMAKER_SUBMIT_DIRECTORY"] = "/opt/ml/model/code"
        if program is not None:
            environment["SAGEMAKER_PROGRAM"] = program
        container = {"Image": "image", "ModelDataUrl": ARCHIVE, "Environment": environment}
        request = {"ModelName": name, "ExecutionRoleArn": ROLE, "PrimaryContainer": container}
        self.call("CreateModel", **(request | changes))

    def create(self, name: str, model: str, source: dict[str, str] | None = None, **changes: Any) -> None:
        self.call("CreateTransformJob", **(transform(name, model, source) | changes))

    def finished(self, name: str) -> dict[str, Any]:
        self.service.feature(TransformJobs).wait(name, 60)
        return self.call("DescribeTransformJob", TransformJobName=name)

    def run(self, name: str, program: str, **changes: Any) -> dict[str, Any]:
        """A job of its own model, to its end."""
        self.model(name, program)
        self.create(name, name, **changes)
        return self.finished(name)

    def package(self, approval: str | None) -> str:
        """The ARN of a model package that serves inference.py; approval None makes it unversioned."""
        environment = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
        container = {
            "Image": "image",
            "ModelDataUrl": ARCHIVE,
            "Environment": environment | dict.fromkeys(("OWN", "TWO", "ALL"), "package's"),
        }
        specification = {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        if approval is None:
            place: dict[str, Any] = {"ModelPackageName": "alone"}
        else:
            group = f"group-{approval.lower()}"
            self.call("CreateModelPackageGroup", ModelPackageGroupName=group)
            place = {"ModelPackageGroupName": group, "ModelApprovalStatus": approval}
        created = self.call("CreateModelPackage", **place, InferenceSpecification=specification)
        return str(created["ModelPackageArn"])


def transform(name: str, model: str, source: dict[str, str] | None = None) -> dict[str, Any]:
    """A CreateTransformJob request for what is below in/<name>/."""
    prefix = {"S3DataType": "S3Prefix", "S3Uri": f"s3://transforms/in/{name}/"}
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {"DataSource": {"S3DataSource": source or prefix}, "ContentType": "text/csv"},
        "TransformOutput": {"S3OutputPath": f"s3://transforms/out/{name}/", "Accept": "text/csv"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "Tags": [{"Key": "warmfold:run", "Value": "one"}],
    }


def by_line(name: str, assemble: str = "None") -> dict[str, Any]:
    """What to change in a job so that its inputs are split by line."""
    source = transform(name, name)
    source["TransformInput"]["SplitType"] = "Line"
    source["TransformOutput"]["AssembleWith"] = assemble
    return {name: source[name] for name in ("TransformInput", "TransformOutput")}


@pytest.fixture(scope="module")
def local(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    local = Local(endpoint, tmp_path_factory.mktemp("jobs"))
    yield local
    local.service.shutdown()


def test_an_approved_package_predicts_every_chunk_in_order(local: Local) -> None:
    definition = {"ModelPackageName": local.package("Approved"), "Environment": {"TWO": "model's", "ALL": "model's"}}
    local.call("CreateModel", ModelName="whole", ExecutionRoleArn=ROLE + "-of-model", Containers=[definition])
    for chunk in range(3):
        rows = "".join(f"{chunk * 100 + row}\n" for row in range(100))
        local.put(f"in/whole/part/chunk-{chunk}.csv", f"x\n{rows}".encode())
    local.create("whole", "whole", BatchStrategy="SingleRecord", MaxPayloadInMB=5, Environment={"ALL": "job's"})
    job = local.finished("whole")
    output = local.output("whole")
    assert job["TransformJobStatus"] == "Completed", (job, output)
    for chunk in range(3):
        expected = "x3\n" + "".join(f"{(chunk * 100 + row) * 3}\n" for row in range(100))
        assert local.results("whole")[f"part/chunk-{chunk}.csv.out"].decode() == expected
    assert len(local.results("whole")) == 3
    assert "input str text/csv" in output
    assert f"client testing us-east-1 {local.endpoint}" in output
    assert "batch true SINGLE_RECORD 5" in output
    assert "own package's model's job's sibling True" in output, (
        "the job's environment wins over the model's over the package's"
    )
    assert set(local.roles[-2:]) == {ROLE + "-of-model"}
    assert job["TransformStartTime"] <= job["TransformEndTime"]
    assert (job["ModelName"], job["MaxPayloadInMB"], job["BatchStrategy"]) == ("whole", 5, "SingleRecord")
    assert "LastModifiedTime" not in job, "DescribeTransformJob has none"
    until(lambda: len(local.events_of(job)) == 2)
    assert local.events_of(job) == [
        ("SageMaker Transform Job State Change", status, {"warmfold:run": "one"})
        for status in ("InProgress", "Completed")
    ]
    (listed,) = local.call("ListTransformJobs", NameContains="whole")["TransformJobSummaries"]
    assert (listed["TransformJobName"], listed["TransformJobStatus"]) == ("whole", "Completed")
    assert not list((local.base / "jobs").iterdir()), "a job's folder goes with the job"


def test_headers_quoted_newlines_and_line_endings_pass_untouched(local: Local) -> None:
    text = 'id,text\r\n1,"two\nlines, one ""cell"""\r\n\r\n2,é\r\n'.encode()
    local.put_all("echo", a=text, b=b"")
    assert local.run("echo", "echo.py")["TransformJobStatus"] == "Completed"
    assert local.results("echo") == {"a.csv.out": text, "b.csv.out": b""}
    assert "content str text/csv text/csv" in local.output("echo")


def test_other_content_types_come_as_bytes_and_the_code_may_be_an_archive_of_its_own(local: Local) -> None:
    local.put("in/bytes/picture.png", b"\x89PNG\xff")
    environment = {
        "SAGEMAKER_PROGRAM": "echo.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "s3://transforms/code/sourcedir.tar.gz",
    }
    local.model("bytes", PrimaryContainer={"Image": "i", "ModelDataUrl": ARCHIVE, "Environment": environment})
    request = transform("bytes", "bytes")
    request["TransformInput"]["ContentType"] = "image/png"
    del request["TransformOutput"]["Accept"]
    local.call("CreateTransformJob", **request)
    assert local.finished("bytes")["TransformJobStatus"] == "Completed"
    assert local.results("bytes") == {"picture.png.out": b"\x89PNG\xff"}
    assert "content bytes image/png application/json" in local.output("bytes")


def test_a_manifest_names_the_inputs(local: Local) -> None:
    local.put_all("listed", a=b"1", b=b"2", c=b"3")
    manifest = [{"prefix": "s3://transforms/in/"}, "listed/a.csv", "listed/c.csv"]
    local.put("listed.manifest", json.dumps(manifest).encode())
    source = {"S3DataType": "ManifestFile", "S3Uri": "s3://transforms/listed.manifest"}
    assert local.run("listed", "echo.py", source=source)["TransformJobStatus"] == "Completed"
    assert local.results("listed") == {"listed/a.csv.out": b"1", "listed/c.csv.out": b"3"}


def test_lines_are_sent_one_by_one_or_as_many_as_a_request_holds(local: Local) -> None:
    local.put_all("single", a=b"1\n2\n3")
    local.run("single", "brackets.py", BatchStrategy="SingleRecord", **by_line("single", "Line"))
    assert local.results("single") == {"a.csv.out": b"[1\n]\n[2\n]\n[3]\n"}
    long = b"x" * 400_000 + b"\n"
    local.put_all("multi", a=long * 3 + b"end\n")
    local.run("multi", "brackets.py", BatchStrategy="MultiRecord", **by_line("multi"))
    assert local.results("multi") == {"a.csv.out": b"[" + long * 2 + b"][" + long + b"end\n]"}


def test_a_container_s_execution_parameters_count_where_the_job_has_none(local: Local) -> None:
    local.put_all("told", a=b"1\n2\n")
    local.run("told", "brackets.py", **by_line("told"))
    assert local.results("told") == {"a.csv.out": b"[1\n][2\n]"}
    local.put_all("asked", a=b"1\n2\n")
    local.run("asked", "brackets.py", BatchStrategy="MultiRecord", **by_line("asked"))
    assert local.results("asked") == {"a.csv.out": b"[1\n2\n]"}


def test_execution_parameters_that_are_none_fail_the_job(local: Local) -> None:
    local.put_all("babbles", a=b"1")
    assert "/execution-parameters is no JSON object: b'six'" in local.run("babbles", "babbles.py")["FailureReason"]


def npy(*rows: list[float]) -> bytes:
    packed = io.BytesIO()
    np.save(packed, np.array(rows, np.float32))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content_type", "given", "predicted"),
    [
        ("csv", "text/csv", b"1,2\n3,4\n", b"2.0,4.0\n6.0,8.0\n"),
        ("json", "application/json", b"[[1, 2], [3, 4]]", b"[[2.0, 4.0], [6.0, 8.0]]"),
        ("npy", "application/x-npy", npy([1, 2], [3, 4]), npy([2, 4], [6, 8])),
    ],
)
def test_the_container_s_own_functions_predict(
    local: Local, name: str, content_type: str, given: bytes, predicted: bytes
) -> None:
    job = f"defaults-{name}"
    local.put_all(job, a=given)
    local.model(job, "defaults.py")
    request = transform(job, job)
    request["TransformInput"]["ContentType"] = request["TransformOutput"]["Accept"] = content_type
    local.call("CreateTransformJob", **request)
    assert local.finished(job)["TransformJobStatus"] == "Completed", local.output(job)
    assert local.results(job) == {"a.csv.out": predicted}


def test_a_bad_input_has_no_output_and_fails_the_job_while_others_go_on(local: Local) -> None:
    local.put_all("bad", a=b"x\n1\n", b=b"x\n1\nno number\n", c=b"x\n2\n")
    job = local.run("bad", "inference.py")
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "AlgorithmError: See job logs for more information. 1 of 3 inputs failed; b.csv: Bad HTTP status received from "
        "algorithm: 500: ValueError: could not convert string to float: 'no number'"
    )
    assert local.results("bad") == {"a.csv.out": b"x3\n3\n", "c.csv.out": b"x3\n6\n"}
    assert "Traceback (most recent call last):" in local.output("bad")
    (line,) = [line for line in local.lines["/aws/sagemaker/TransformJobs/bad/data-log"] if "in/bad/" in line]
    assert "[sagemaker logs]: transforms/in/bad/b.csv: Bad HTTP status received from algorithm: 500" in line
    until(lambda: local.events[-1][1].get("FailureReason") == job["FailureReason"])


def test_what_the_container_does_not_understand_is_the_client_s_error(local: Local) -> None:
    local.put_all("teapot", a=b"1")
    local.model("teapot", "defaults.py")
    request = transform("teapot", "teapot")
    request["TransformInput"]["ContentType"] = "text/tea"
    local.call("CreateTransformJob", **request)
    reason = local.finished("teapot")["FailureReason"]
    assert reason.startswith("ClientError: See job logs for more information. 1 of 1 inputs failed; a.csv: ")
    assert "415" in reason


def test_an_answer_that_is_no_text_fails_its_input(local: Local) -> None:
    local.put_all("number", a=b"number")
    assert "TypeError: output_fn returned a body of type int" in local.run("number", "moods.py")["FailureReason"]


def test_an_input_over_the_payload_fails_and_the_others_go_on(local: Local) -> None:
    size = (1 << 20) + 1
    local.put_all("large", a=b"x" * size, b=b"x" * (size - 1))
    job = local.run("large", "echo.py", MaxPayloadInMB=1)
    assert job["FailureReason"] == (
        "ClientError: See job logs for more information. 1 of 2 inputs failed; a.csv: it has 1048577 bytes, and "
        "MaxPayloadInMB is 1: cut it smaller, set SplitType to Line or raise MaxPayloadInMB (at most 100)"
    )
    assert list(local.results("large")) == ["b.csv.out"]
    local.put_all("unlimited", a=b"x" * size)
    local.create("unlimited", "large", MaxPayloadInMB=0)
    assert local.finished("unlimited")["TransformJobStatus"] == "Completed", "0 sets no limit"
    local.put_all("line", a=b"short\n" + b"x" * size)
    local.create("line", "large", MaxPayloadInMB=1, **by_line("line"))
    assert "a.csv: line 2 has 1048577 bytes" in local.finished("line")["FailureReason"]


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("broken.py", "ValueError: the model is broken"),
        ("none.py", "none.py has no model_fn"),
    ],
)
def test_a_model_that_does_not_load_fails_the_job_with_its_reason(local: Local, program: str, reason: str) -> None:
    name = program.split(".")[0]
    local.put_all(name, a=b"1")
    started = time.monotonic()
    job = local.run(name, program)
    assert time.monotonic() - started < 20, "a container that dies is not waited for"
    assert job["FailureReason"].startswith("AlgorithmError: Model container failed to respond to ping.")
    assert reason in job["FailureReason"]
    assert "exit code 1" in job["FailureReason"]
    assert local.results(name) == {}


def test_a_container_that_ends_while_it_serves_fails_the_job_with_its_last_line(local: Local) -> None:
    local.put_all("dies", a=b"fine", b=b"die", c=b"fine")
    job = local.run("dies", "moods.py")
    assert (
        job["FailureReason"] == "AlgorithmError: The model container ended while it served: exit code 9. out of memory"
    )
    assert local.results("dies") == {"a.csv.out": b"FINE"}


def test_an_answer_that_does_not_come_in_time_fails_its_input(local: Local) -> None:
    local.put_all("late", a=b"hang", b=b"fine")
    config = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 1}
    job = local.run("late", "moods.py", ModelClientConfig=config)
    assert "a.csv: Unable to get response from algorithm: no answer in 1 s" in job["FailureReason"]
    assert local.output("late").count("begun hang") == 2, "it is asked again once"
    assert local.results("late") == {"b.csv.out": b"FINE"}


def test_a_script_that_is_not_there_fails_the_job(local: Local) -> None:
    local.put_all("nowhere", a=b"1")
    job = local.run("nowhere", "missing.py")
    assert job["FailureReason"] == (
        "ClientError: SAGEMAKER_PROGRAM missing.py is not in SAGEMAKER_SUBMIT_DIRECTORY /opt/ml/model/code; the model "
        f"archive is {ARCHIVE}"
    )


def test_no_inputs_fail_the_job(local: Local) -> None:
    reason = local.run("no-data", "echo.py")["FailureReason"]
    assert reason == "ClientError: Data download failed: No S3 objects found under S3 URL 's3://transforms/in/no-data/'"


@pytest.mark.parametrize("program", ["moods.py", "slow_to_load.py"])
def test_a_stopped_job_leaves_no_outputs(local: Local, program: str) -> None:
    name = f"stop-{len(program)}"
    local.put_all(name, a=b"fine", b=b"hang")
    local.model(name, program)
    local.create(name, name)
    until(lambda: {"begun", "begun hang"} & set(local.output(name)))
    local.call("StopTransformJob", TransformJobName=name)
    job = local.finished(name)
    assert (job["TransformJobStatus"], job.get("FailureReason")) == ("Stopped", None)
    assert local.results(name) == {}
    until(lambda: len(local.events_of(job)) == 3)
    assert [status for _, status, _ in local.events_of(job)] == ["InProgress", "Stopping", "Stopped"]
    with pytest.raises(ServiceError, match="transform job is in status Stopped"):
        local.call("StopTransformJob", TransformJobName=name)


def test_a_job_needs_a_model_and_a_new_name(local: Local) -> None:
    with pytest.raises(ServiceError, match=f'^ValidationException: Could not find model "{MODEL_ARN}nobody"'):
        local.create("orphan", "nobody")
    with pytest.raises(ServiceError, match="Could not find requested job with name: orphan"):
        local.call("DescribeTransformJob", TransformJobName="orphan")
    local.run("twice", "echo.py")
    with pytest.raises(ServiceError) as caught:
        local.create("twice", "twice")
    assert caught.value.code == "ResourceInUse"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}, "InstanceCount is 2"),
        ({"TransformInput": {"SplitType": "RecordIO"}}, "SplitType is RecordIO"),
        ({"TransformInput": {"CompressionType": "Gzip"}}, "CompressionType is Gzip"),
        (
            {
                "TransformInput": {
                    "DataSource": {"S3DataSource": {"S3DataType": "AugmentedManifestFile", "S3Uri": "s3://b/m"}}
                }
            },
            "S3DataType is AugmentedManifestFile",
        ),
        ({"TransformOutput": {"S3OutputPath": "https://host/path"}}, "S3OutputPath must be an S3 URI"),
        ({"DataProcessing": {"JoinSource": "Input"}}, "JoinSource is Input"),
        ({"DataProcessing": {"OutputFilter": "$[0]"}}, "OutputFilter is "),
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://transforms/captured"}}, "captures no data"),
        ({"MaxPayloadInMB": 101}, "must not exceed 100"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "60 times 2"),
        ({"ModelName": "imaged"}, "has no SAGEMAKER_PROGRAM"),
    ],
)
def test_what_cannot_be_transformed_is_refused_before_the_job(
    local: Local, changes: dict[str, Any], message: str
) -> None:
    if not local.call("ListModels", NameContains="imaged")["Models"]:
        local.model("imaged", program=None)
        local.model("fine")
    request = transform("refused", "fine")
    for name, value in changes.items():
        request[name] = {**request.get(name, {}), **value} if isinstance(value, dict) else value
    with pytest.raises(ServiceError, match=message) as caught:
        local.call("CreateTransformJob", **request)
    assert caught.value.code == "ValidationException"
    assert local.call("ListTransformJobs", NameContains="refused")["TransformJobSummaries"] == []


@pytest.mark.parametrize("approval", ["Rejected", "PendingManualApproval"])
def test_a_package_that_is_not_approved_cannot_be_deployed(local: Local, approval: str) -> None:
    arn = local.package(approval)
    request = {"ModelName": "unapproved", "ExecutionRoleArn": ROLE, "Containers": [{"ModelPackageName": arn}]}
    with pytest.raises(ServiceError, match=f"{arn} cannot be deployed: its ModelApprovalStatus is {approval}"):
        local.call("CreateModel", **request)
    local.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    created = local.call("CreateModel", **(request | {"ModelName": f"now-{approval}"}))
    assert created == {"ModelArn": f"{MODEL_ARN}now-{approval.lower()}"}


def test_an_unversioned_package_goes_by_its_name(local: Local) -> None:
    local.package(None)
    local.call("CreateModel", ModelName="alone", ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": "alone"})
    local.put_all("alone", a=b"x\n5\n")
    local.create("alone", "alone", Environment={"ALL": "job's"})
    local.finished("alone")
    assert local.results("alone") == {"a.csv.out": b"x3\n15\n"}


def test_models_are_described_listed_tagged_and_deleted(local: Local) -> None:
    local.model("Kept-1", Tags=[{"Key": "a", "Value": "b"}])
    local.model("Kept-2")
    described = local.call("DescribeModel", ModelName="Kept-1")
    assert described["ModelArn"] == f"{MODEL_ARN}kept-1"
    assert described["ExecutionRoleArn"] == ROLE
    assert described["PrimaryContainer"]["ModelDataUrl"] == ARCHIVE
    assert described["EnableNetworkIsolation"] is False
    assert local.call("ListTags", ResourceArn=described["ModelArn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    listed = local.call("ListModels", NameContains="kept-", SortBy="Name", SortOrder="Ascending", MaxResults=1)
    assert [model["ModelName"] for model in listed["Models"]] == ["Kept-1"]
    assert listed["NextToken"]
    with pytest.raises(ServiceError, match=f'Cannot create already existing model "{MODEL_ARN}kept-1"'):
        local.model("Kept-1")
    assert local.call("DeleteModel", ModelName="Kept-1") == {}
    for operation in ("DescribeModel", "DeleteModel"):
        with pytest.raises(ServiceError, match=f'Could not find model "{MODEL_ARN}kept-1"'):
            local.call(operation, ModelName="Kept-1")
    with pytest.raises(ServiceError, match="does not exist"):
        local.call("ListTags", ResourceArn=described["ModelArn"])


OWN = {"Image": "image", "ModelDataUrl": ARCHIVE}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Containers": [OWN]}, "Give either PrimaryContainer or Containers"),
        ({"PrimaryContainer": None, "Containers": [OWN, OWN]}, "Containers holds 2 definitions"),
        ({"PrimaryContainer": None, "Containers": []}, "Containers holds 0 definitions"),
        ({"PrimaryContainer": None}, "Give either PrimaryContainer or Containers"),
        ({"ExecutionRoleArn": None}, "ExecutionRoleArn is missing"),
        ({"PrimaryContainer": OWN | {"Mode": "MultiModel"}}, "Mode must be SingleModel"),
        ({"PrimaryContainer": {"Image": "image"}}, "ModelDataUrl is missing in the container definition"),
        (
            {"PrimaryContainer": OWN | {"ModelPackageName": "x"}},
            "no Image, ModelDataUrl in a container definition beside",
        ),
        ({"PrimaryContainer": OWN | {"InferenceSpecificationName": "x"}}, "no InferenceSpecificationName"),
        ({"PrimaryContainer": {"ModelPackageName": "unknown"}}, "model-package/unknown does not exist"),
        (
            {"PrimaryContainer": OWN | {"ModelDataUrl": "s3://transforms/nothing.tar.gz"}},
            "Could not find model data at s3://transforms/nothing.tar.gz",
        ),
    ],
)
def test_what_cannot_be_served_is_refused(local: Local, changes: dict[str, Any], message: str) -> None:
    request: dict[str, Any] = {"ModelName": "refused", "ExecutionRoleArn": ROLE, "PrimaryContainer": OWN} | changes
    with pytest.raises(ServiceError, match=message) as caught:
        local.call("CreateModel", **{name: value for name, value in request.items() if value is not None})
    assert caught.value.code == "ValidationException"
    assert local.call("ListModels", NameContains="refused")["Models"] == []


MACHINE = {
    "QueryLanguage": "JSONata",
    "StartAt": "Model",
    "States": {
        "Model": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createModel",
            "Arguments": "{% $states.input.model %}",
            "Output": "{% $states.input %}",
            "Next": "Transform",
        },
        "Transform": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
            "Arguments": "{% $states.input.transform %}",
            "End": True,
        },
    },
}


def test_a_state_machine_makes_a_model_and_waits_for_its_transform(cloud: LocalCloud) -> None:
    session = cloud.session()
    s3, iam, machines = session.client("s3"), session.client("iam"), session.client("stepfunctions")
    s3.create_bucket(Bucket="transform-in-a-machine")
    s3.put_object(Bucket="transform-in-a-machine", Key="model.tar.gz", Body=archive(FILES))
    s3.put_object(Bucket="transform-in-a-machine", Key="in/a.csv", Body=b"x,y\n1,2\n")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["sagemaker", "states"]}}
    role = iam.create_role(RoleName="transforms", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="transforms", PolicyName="all", PolicyDocument=json.dumps(everything))
    arn = role["Role"]["Arn"]
    container = {
        "Image": "image",
        "ModelDataUrl": "s3://transform-in-a-machine/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "echo.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
    }
    model = {"ModelName": "in-a-machine", "ExecutionRoleArn": arn, "PrimaryContainer": container}
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://transform-in-a-machine/in/"}
    request = transform("in-a-machine", "in-a-machine", source)
    request["TransformOutput"]["S3OutputPath"] = "s3://transform-in-a-machine/out/"
    machine = machines.create_state_machine(name="transforms", definition=json.dumps(MACHINE), roleArn=arn)
    given = json.dumps({"model": model, "transform": request})
    execution = machines.start_execution(stateMachineArn=machine["stateMachineArn"], input=given)["executionArn"]
    until(lambda: machines.describe_execution(executionArn=execution)["status"] != "RUNNING")
    done = machines.describe_execution(executionArn=execution)
    assert done["status"] == "SUCCEEDED", (done.get("error"), done.get("cause"))
    job = json.loads(done["output"])
    assert (job["TransformJobStatus"], job["ModelName"]) == ("Completed", "in-a-machine")
    assert job["Tags"]["AWS_STEP_FUNCTIONS_EXECUTION_ARN"] == execution
    body = s3.get_object(Bucket="transform-in-a-machine", Key="out/a.csv.out")["Body"].read()
    assert body == b"x,y\n1,2\n"
    groups = session.client("logs").describe_log_groups(logGroupNamePrefix="/aws/sagemaker/TransformJobs")
    assert groups["logGroups"]
