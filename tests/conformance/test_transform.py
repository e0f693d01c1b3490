"""Batch transform: inputs into requests, answers into outputs, records that fail, containers that fail."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import WaiterError

from tests.conformance.endpoint import Endpoint, Told, refusal
from tests.conformance.requests import (
    ARCHIVE,
    BUCKET,
    IMAGE,
    OTHER_ROLE,
    QUICKLY,
    arn,
    by_line,
    model,
    specification,
    transform,
)
from tests.waiting import given_time


def put_all(endpoint: Endpoint, job: str, **bodies: bytes) -> None:
    for name, body in bodies.items():
        endpoint.put(f"in/{job}/{name}.csv", body)


def results(endpoint: Endpoint, job: str) -> dict[str, bytes]:
    return endpoint.objects(f"out/{job}/")


def run(endpoint: Endpoint, name: str, script: str, **changes: Any) -> dict[str, Any]:
    """A job of its own model, to its end."""
    endpoint.sagemaker.create_model(**model(name, script))
    return endpoint.run(transform(name, name, **changes))


def test_an_approved_package_predicts_every_chunk(endpoint: Endpoint) -> None:
    client = endpoint.sagemaker
    client.create_model_package_group(ModelPackageGroupName="predicts")
    package = client.create_model_package(
        ModelPackageGroupName="predicts", ModelApprovalStatus="Approved", InferenceSpecification=specification()
    )["ModelPackageArn"]
    containers = [{"ModelPackageName": package}]
    client.create_model(**model("predicts", PrimaryContainer=None, Containers=containers))
    for chunk in range(3):
        rows = "".join(f"{chunk * 100 + row}\n" for row in range(100))
        endpoint.put(f"in/predicts/part/chunk-{chunk}.csv", f"x\n{rows}".encode())
    job = endpoint.run(transform("predicts", "predicts", BatchStrategy="SingleRecord", MaxPayloadInMB=5))
    output = endpoint.lines("transform", "predicts")
    assert job["TransformJobStatus"] == "Completed", (job, output)
    assert results(endpoint, "predicts") == {
        f"part/chunk-{chunk}.csv.out": ("x3\n" + "".join(f"{(chunk * 100 + r) * 3}\n" for r in range(100))).encode()
        for chunk in range(3)
    }
    assert "input str text/csv" in output
    assert "batch true SINGLE_RECORD 5" in output
    assert "own package's sibling" in output


def test_describe_repeats_the_request_and_has_times(endpoint: Endpoint, told: Callable[[str], Told]) -> None:
    listener = told(arn("transform-job", "repeats-transform"))
    put_all(endpoint, "repeats-transform", a=b"1")
    endpoint.sagemaker.create_model(**model("repeats-transform"))
    asked = transform("repeats-transform", "repeats-transform", MaxPayloadInMB=5, BatchStrategy="SingleRecord")
    job = endpoint.run(asked)
    for member in set(asked) - {"Tags"}:
        assert job[member] == asked[member], member
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert "LastModifiedTime" not in job, "DescribeTransformJob has none"
    events = listener.until(2)
    assert {event["detail-type"] for event in events} == {"SageMaker Transform Job State Change"}
    assert sorted(event["detail"]["TransformJobStatus"] for event in events) == ["Completed", "InProgress"]
    assert events[0]["detail"]["Tags"] == {"own": "tag"}


def test_the_container_has_the_model_s_role(endpoint: Endpoint) -> None:
    put_all(endpoint, "identity", a=b"1")
    endpoint.sagemaker.create_model(**model("identity", "client.py", ExecutionRoleArn=OTHER_ROLE))
    endpoint.run(transform("identity", "identity"))
    output = endpoint.lines("transform", "identity")
    assert f"client us-east-1 {endpoint.url}" in output
    assert "identity arn:aws:sts::123456789012:assumed-role/others/SageMaker" in output


def test_the_job_s_environment_wins_over_the_model_s(endpoint: Endpoint) -> None:
    put_all(endpoint, "wins", a=b"x\n1\n")
    run(endpoint, "wins", "inference.py", Environment={"OWN": "job's"})
    assert "own job's sibling" in endpoint.lines("transform", "wins")


def test_headers_quoted_newlines_and_line_endings_pass_untouched(endpoint: Endpoint) -> None:
    text = 'id,text\r\n1,"two\nlines, one ""cell"""\r\n\r\n2,é\r\n'.encode()
    put_all(endpoint, "echo", a=text, b=b"")
    assert run(endpoint, "echo", "echo.py")["TransformJobStatus"] == "Completed"
    assert results(endpoint, "echo") == {"a.csv.out": text, "b.csv.out": b""}
    assert "content str text/csv text/csv" in endpoint.lines("transform", "echo")


def test_other_content_types_come_as_bytes_and_the_code_may_be_an_archive_of_its_own(endpoint: Endpoint) -> None:
    endpoint.put("in/bytes/picture.png", b"\x89PNG\xff")
    environment = {"SAGEMAKER_PROGRAM": "echo.py", "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{BUCKET}/code/echo.tar.gz"}
    container = {"Image": IMAGE, "ModelDataUrl": ARCHIVE, "Environment": environment}
    endpoint.sagemaker.create_model(**model("bytes", PrimaryContainer=container))
    changes = {"TransformInput": {"ContentType": "image/png"}, "TransformOutput": {"Accept": None}}
    assert endpoint.run(transform("bytes", "bytes", **changes))["TransformJobStatus"] == "Completed"
    assert results(endpoint, "bytes") == {"picture.png.out": b"\x89PNG\xff"}
    assert "content bytes image/png application/json" in endpoint.lines("transform", "bytes")


def test_a_manifest_names_the_inputs(endpoint: Endpoint) -> None:
    put_all(endpoint, "listed", a=b"1", b=b"2", c=b"3")
    manifest = [{"prefix": f"s3://{BUCKET}/in/"}, "listed/a.csv", "listed/c.csv"]
    endpoint.put("listed.manifest", json.dumps(manifest).encode())
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": f"s3://{BUCKET}/listed.manifest"}}
    run(endpoint, "listed", "echo.py", TransformInput={"DataSource": source})
    assert results(endpoint, "listed") == {"listed/a.csv.out": b"1", "listed/c.csv.out": b"3"}


@pytest.mark.parametrize(
    ("strategy", "assemble", "output"),
    [
        ("SingleRecord", "Line", b"[1\n]\n[2\n]\n[3]\n"),
        ("SingleRecord", "None", b"[1\n][2\n][3]"),
        ("MultiRecord", "Line", b"[1\n2\n3]\n"),
        (None, "None", b"[1\n][2\n][3]"),
    ],
)
def test_lines_are_sent_as_the_strategy_says_else_as_the_container_does(
    endpoint: Endpoint, strategy: str | None, assemble: str, output: bytes
) -> None:
    name = f"lines-{strategy}-{assemble}".lower()
    put_all(endpoint, name, a=b"1\n2\n3")
    changes = by_line(assemble) | ({"BatchStrategy": strategy} if strategy else {})
    run(endpoint, name, "brackets.py", **changes)
    assert results(endpoint, name) == {"a.csv.out": output}


def test_a_request_holds_as_many_lines_as_the_payload_allows(endpoint: Endpoint) -> None:
    long = b"x" * 400_000 + b"\n"
    put_all(endpoint, "multi", a=long * 3 + b"end\n")
    run(endpoint, "multi", "brackets.py", BatchStrategy="MultiRecord", **by_line())
    assert results(endpoint, "multi") == {"a.csv.out": b"[" + long * 2 + b"][" + long + b"end\n]"}


def test_execution_parameters_that_are_none_fail_the_job(endpoint: Endpoint) -> None:
    put_all(endpoint, "babbles", a=b"1")
    reason = run(endpoint, "babbles", "babbles.py")["FailureReason"]
    assert "/execution-parameters is no JSON object: b'six'" in reason


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
    endpoint: Endpoint, name: str, content_type: str, given: bytes, predicted: bytes
) -> None:
    job = f"defaults-{name}"
    put_all(endpoint, job, a=given)
    changes = {"TransformInput": {"ContentType": content_type}, "TransformOutput": {"Accept": content_type}}
    ended = run(endpoint, job, "defaults.py", **changes)
    assert ended["TransformJobStatus"] == "Completed", endpoint.lines("transform", job)
    assert results(endpoint, job) == {"a.csv.out": predicted}


def test_a_bad_record_leaves_its_input_without_output_and_fails_the_job_while_others_go_on(endpoint: Endpoint) -> None:
    put_all(endpoint, "bad", a=b"x\n1\n", b=b"x\n1\nno number\n", c=b"x\n2\n")
    job = run(endpoint, "bad", "inference.py")
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "AlgorithmError: See job logs for more information. 1 of 3 inputs failed; b.csv: Bad HTTP status received from "
        "algorithm: 500: ValueError: could not convert string to float: 'no number'"
    )
    assert results(endpoint, "bad") == {"a.csv.out": b"x3\n3\n", "c.csv.out": b"x3\n6\n"}
    assert "Traceback (most recent call last):" in endpoint.lines("transform", "bad")
    (line,) = [line for line in endpoint.lines("transform", "bad", data_log=True) if "in/bad/" in line]
    assert f"[sagemaker logs]: {BUCKET}/in/bad/b.csv: Bad HTTP status received from algorithm: 500" in line


def test_what_the_container_does_not_understand_is_the_client_s_error(endpoint: Endpoint) -> None:
    put_all(endpoint, "teapot", a=b"1")
    reason = run(endpoint, "teapot", "defaults.py", TransformInput={"ContentType": "text/tea"})["FailureReason"]
    assert reason.startswith("ClientError: See job logs for more information. 1 of 1 inputs failed; a.csv: ")
    assert "415" in reason


def test_an_answer_that_is_no_text_fails_its_input(endpoint: Endpoint) -> None:
    put_all(endpoint, "number", a=b"number")
    reason = run(endpoint, "number", "moods.py")["FailureReason"]
    assert "TypeError: output_fn returned a body of type int" in reason


def test_an_input_over_the_payload_fails_and_the_others_go_on(endpoint: Endpoint) -> None:
    size = (1 << 20) + 1
    put_all(endpoint, "large", a=b"x" * size, b=b"x" * (size - 1))
    job = run(endpoint, "large", "echo.py", MaxPayloadInMB=1)
    assert job["FailureReason"] == (
        "ClientError: See job logs for more information. 1 of 2 inputs failed; a.csv: it has 1048577 bytes, and "
        "MaxPayloadInMB is 1: cut it smaller, set SplitType to Line or raise MaxPayloadInMB (at most 100)"
    )
    assert list(results(endpoint, "large")) == ["b.csv.out"]


def test_a_line_over_the_payload_is_named(endpoint: Endpoint) -> None:
    put_all(endpoint, "line", a=b"short\n" + b"x" * ((1 << 20) + 1))
    reason = run(endpoint, "line", "echo.py", MaxPayloadInMB=1, **by_line())["FailureReason"]
    assert "a.csv: line 2 has 1048577 bytes" in reason


def test_a_payload_of_0_sets_no_limit_and_6_mb_are_the_default(endpoint: Endpoint) -> None:
    put_all(endpoint, "unlimited", a=b"x" * (6 * (1 << 20) + 1))
    job = run(endpoint, "unlimited", "echo.py")
    assert "it has 6291457 bytes, and MaxPayloadInMB is 6" in job["FailureReason"]
    source = transform("unlimited", "unlimited")["TransformInput"]
    ended = endpoint.run(transform("unlimited-0", "unlimited", MaxPayloadInMB=0, TransformInput=source))
    assert ended["TransformJobStatus"] == "Completed"


@pytest.mark.parametrize(
    ("script", "reason"),
    [("broken.py", "ValueError: the model is broken"), ("none.py", "none.py has no model_fn")],
)
def test_a_model_that_does_not_load_fails_the_job_with_its_reason(endpoint: Endpoint, script: str, reason: str) -> None:
    name = script.split(".")[0]
    put_all(endpoint, name, a=b"1")
    job = run(endpoint, name, script)  # which returns: a container that dies is not waited for
    assert job["FailureReason"].startswith("AlgorithmError: Model container failed to respond to ping.")
    assert reason in job["FailureReason"]
    assert "exit code 1" in job["FailureReason"]
    assert results(endpoint, name) == {}


def test_a_container_that_ends_while_it_serves_fails_the_job_with_its_last_line(endpoint: Endpoint) -> None:
    put_all(endpoint, "dies", a=b"fine", b=b"die", c=b"fine")
    job = run(endpoint, "dies", "moods.py")
    assert (
        job["FailureReason"] == "AlgorithmError: The model container ended while it served: exit code 9. out of memory"
    )
    assert results(endpoint, "dies") == {"a.csv.out": b"FINE"}


def test_an_answer_that_does_not_come_in_time_fails_its_input(endpoint: Endpoint) -> None:
    def one_is_late(seconds: int) -> bool:
        name = f"late-{seconds}"
        put_all(endpoint, name, a=b"hang", b=b"fine")
        config = {"InvocationsTimeoutInSeconds": seconds, "InvocationsMaxRetries": 1}
        job = run(endpoint, name, "moods.py", ModelClientConfig=config)
        assert f"a.csv: Unable to get response from algorithm: no answer in {seconds} s" in job["FailureReason"]
        asked = endpoint.lines("transform", name).count("begun hang")
        assert asked <= 2, "it is asked again once"
        return asked == 2 and results(endpoint, name) == {"b.csv.out": b"FINE"}

    assert given_time(one_is_late)


def test_a_script_that_is_not_there_fails_the_job(endpoint: Endpoint) -> None:
    put_all(endpoint, "nowhere", a=b"1")
    job = run(endpoint, "nowhere", "missing.py")
    assert job["FailureReason"] == (
        "ClientError: SAGEMAKER_PROGRAM missing.py is not in SAGEMAKER_SUBMIT_DIRECTORY /opt/ml/model/code; the model "
        f"archive is {ARCHIVE}"
    )


def test_no_inputs_fail_the_job(endpoint: Endpoint) -> None:
    reason = run(endpoint, "no-input-transform", "echo.py")["FailureReason"]
    uri = f"s3://{BUCKET}/in/no-input-transform/"
    assert reason == f"ClientError: Data download failed: No S3 objects found under S3 URL '{uri}'"


@pytest.mark.parametrize(("script", "line"), [("moods.py", "begun hang"), ("slow_to_load.py", "begun")])
def test_a_stopped_job_leaves_no_outputs(endpoint: Endpoint, script: str, line: str) -> None:
    name = f"stop-{len(script)}"
    put_all(endpoint, name, a=b"fine", b=b"hang")
    endpoint.sagemaker.create_model(**model(name, script))
    endpoint.create(transform(name, name))
    endpoint.says("transform", name, line)
    endpoint.stop("transform", name)
    job = endpoint.finished("transform", name)
    assert (job["TransformJobStatus"], job.get("FailureReason")) == ("Stopped", None)
    assert results(endpoint, name) == {}
    assert refusal(endpoint.sagemaker.stop_transform_job, TransformJobName=name) == (
        "ValidationException",
        "The request was rejected because the transform job is in status Stopped.",
    )


def test_botocore_s_waiter_returns_at_the_end_and_raises_on_failure(endpoint: Endpoint) -> None:
    waiter = endpoint.sagemaker.get_waiter("transform_job_completed_or_stopped")
    endpoint.sagemaker.create_model(**model("waited-t"))
    put_all(endpoint, "waited-t", a=b"1")
    waiter.wait(TransformJobName=endpoint.create(transform("waited-t", "waited-t")), WaiterConfig=QUICKLY)
    assert endpoint.describe("transform", "waited-t")["TransformJobStatus"] == "Completed"
    with pytest.raises(WaiterError, match="terminal failure state"):
        waiter.wait(TransformJobName=endpoint.create(transform("waited-t-2", "waited-t")), WaiterConfig=QUICKLY)


def test_a_job_needs_a_model_and_a_new_name(endpoint: Endpoint) -> None:
    code, message = refusal(endpoint.sagemaker.create_transform_job, **transform("orphan", "nobody"))
    assert (code, message) == ("ValidationException", f'Could not find model "{arn("model", "nobody")}".')
    code, message = refusal(endpoint.sagemaker.describe_transform_job, TransformJobName="orphan")
    assert (code, message) == ("ValidationException", "Could not find requested job with name: orphan")
    run(endpoint, "twice-transform", "echo.py")
    code, _ = refusal(endpoint.sagemaker.create_transform_job, **transform("twice-transform", "twice-transform"))
    assert code == "ResourceInUse"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TransformResources": {"InstanceCount": 2}}, "InstanceCount is 2"),
        ({"TransformInput": {"SplitType": "RecordIO"}}, "SplitType is RecordIO"),
        ({"TransformInput": {"CompressionType": "Gzip"}}, "CompressionType is Gzip"),
        (
            {"TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "AugmentedManifestFile"}}}},
            "S3DataType is AugmentedManifestFile",
        ),
        ({"TransformOutput": {"S3OutputPath": "https://host/path"}}, "S3OutputPath must be an S3 URI"),
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://b/captured"}}, "captures no data"),
        ({"ExperimentConfig": {"ExperimentName": "e"}}, "ExperimentConfig is not built in the local cloud"),
        ({"MaxPayloadInMB": 101}, "must not exceed 100"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "60 times 2"),
        ({"ModelName": "imaged"}, "has no SAGEMAKER_PROGRAM"),
    ],
)
def test_what_cannot_be_transformed_is_refused_before_the_job(
    endpoint: Endpoint, changes: dict[str, Any], message: str
) -> None:
    if not endpoint.sagemaker.list_models(NameContains="imaged")["Models"]:
        endpoint.sagemaker.create_model(**model("imaged", None))
        endpoint.sagemaker.create_model(**model("fine"))
    code, said = refusal(endpoint.unchecked.create_transform_job, **transform("refused-transform", "fine", **changes))
    assert code == "ValidationException"
    assert message in said
    listed = endpoint.sagemaker.list_transform_jobs(NameContains="refused-transform")
    assert listed["TransformJobSummaries"] == []
