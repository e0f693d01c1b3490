"""Processing jobs: inputs, outputs, configuration, messages, failures, stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.conformance.endpoint import Endpoint, Told, refusal
from tests.conformance.requests import BUCKET, QUICKLY, TAGS, arn, input_of, output_of, processing
from tests.waiting import given_time

ROWS = input_of("data", f"s3://{BUCKET}/parts/1/")


def test_a_job_reads_its_inputs_and_its_outputs_are_uploaded(endpoint: Endpoint) -> None:
    script = (
        "cp /opt/ml/processing/input/data/rows-1.csv /opt/ml/processing/output/; "
        "mkdir -p /opt/ml/processing/output/parts/0; echo a > /opt/ml/processing/output/parts/0/rows.csv"
    )
    job = endpoint.run(processing("whole-processing", script, ProcessingInputs=[ROWS]))
    assert job["ProcessingJobStatus"] == "Completed", endpoint.lines("processing", "whole-processing")
    assert endpoint.objects("out/whole-processing/") == {"rows-1.csv": b"a,b\n1,2\n", "parts/0/rows.csv": b"a\n"}
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"] == job["LastModifiedTime"]
    assert "FailureReason" not in job
    assert "ExitMessage" not in job


def test_code_is_an_input_like_another_and_nothing_unpacks_it(endpoint: Endpoint) -> None:
    endpoint.put("code/split.py", b"import sys\nprint('split', sys.argv[1:])\n")
    inputs = [
        input_of("code", f"s3://{BUCKET}/code/split.py"),
        input_of("packed", f"s3://{BUCKET}/code/sourcedir.tar.gz"),
    ]
    application = {
        "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/split.py"],
        "ContainerArguments": ["--parts", "3"],
    }
    endpoint.run(
        processing("code-input", AppSpecification=application, ProcessingInputs=inputs, ProcessingOutputConfig=None)
    )
    assert endpoint.lines("processing", "code-input") == ["split ['--parts', '3']"]
    script = "ls /opt/ml/processing/input/packed"
    endpoint.run(processing("packed-input", script, ProcessingInputs=inputs[1:], ProcessingOutputConfig=None))
    assert endpoint.lines("processing", "packed-input") == ["sourcedir.tar.gz"]


def test_the_configuration_of_the_job_lies_in_opt_ml_config(endpoint: Endpoint) -> None:
    script = "cd /opt/ml/config; cat processingjobconfig.json; echo; cat resourceconfig.json"
    request = processing(
        "app-config", script, ProcessingInputs=[ROWS], Environment={"OWN": "1"}, ProcessingOutputConfig=None
    )
    job = endpoint.run(request)
    config, resources = map(json.loads, endpoint.lines("processing", "app-config"))
    assert config["ProcessingJobArn"] == job["ProcessingJobArn"] == arn("processing-job", "app-config")
    assert config["ProcessingJobName"] == "app-config"
    for member in ("Environment", "RoleArn", "StoppingCondition", "ProcessingResources"):
        assert config[member] == request[member], member
    assert [item["InputName"] for item in config["ProcessingInputs"]] == ["data"]
    assert resources == {"current_host": "algo-1", "hosts": ["algo-1"]}


def test_the_environment_names_the_job_and_takes_the_request_s_variables(endpoint: Endpoint) -> None:
    script = "echo $PROCESSING_JOB_NAME $PROCESSING_JOB_ARN $AWS_REGION $OWN; ls $FOLDER"
    environment = {"OWN": "mine", "FOLDER": "/opt/ml/processing/input"}
    job = endpoint.run(
        processing("variables", script, ProcessingInputs=[ROWS], Environment=environment, ProcessingOutputConfig=None)
    )
    assert endpoint.lines("processing", "variables") == [
        f"variables {job['ProcessingJobArn']} us-east-1 mine",
        "data",
    ]


def test_describe_repeats_the_request_as_it_was_given(endpoint: Endpoint) -> None:
    asked = processing("repeats-processing", "true", ProcessingInputs=[ROWS], Environment={"OWN": "/opt/ml/x"})
    job = endpoint.run(asked)
    for member in set(asked) - {"Tags"}:
        assert job[member] == asked[member], member
    assert endpoint.sagemaker.list_tags(ResourceArn=job["ProcessingJobArn"])["Tags"] == TAGS


@pytest.mark.parametrize(
    ("name", "given", "files"),
    [
        ("slash", input_of("data", f"s3://{BUCKET}/parts/1/"), ["./rows-1.csv"]),
        (
            "manifest",
            input_of("data", f"s3://{BUCKET}/the.manifest", "ManifestFile"),
            ["./1/rows-1.csv", "./10/rows-10.csv"],
        ),
        (
            "sharded",
            input_of("data", f"s3://{BUCKET}/parts/1/", S3DataDistributionType="ShardedByS3Key"),
            ["./rows-1.csv"],
        ),
    ],
)
def test_an_input_holds_the_objects_that_it_names(
    endpoint: Endpoint, name: str, given: dict[str, Any], files: list[str]
) -> None:
    script = "cd /opt/ml/processing/input/data && find . -type f | sort"
    endpoint.run(processing(f"input-{name}", script, ProcessingInputs=[given], ProcessingOutputConfig=None))
    assert endpoint.lines("processing", f"input-{name}") == files


def test_every_output_goes_to_its_own_place(endpoint: Endpoint) -> None:
    outputs = [
        output_of(name, f"s3://{BUCKET}/out/two/{name}", LocalPath=f"/opt/ml/processing/{name}") for name in "ab"
    ]
    script = "echo a > /opt/ml/processing/a/x; echo b > /opt/ml/processing/b/x"
    endpoint.run(processing("two-outputs", script, ProcessingOutputConfig={"Outputs": outputs}))
    assert endpoint.objects("out/two/") == {"a/x": b"a\n", "b/x": b"b\n"}


def of_instances(count: int) -> dict[str, Any]:
    """A change of the request."""
    return {"ProcessingResources": {"ClusterConfig": {"InstanceCount": count}}}


def streams(endpoint: Endpoint, name: str) -> list[str]:
    """The log streams of a job, without the time at their end."""
    found = endpoint.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix=f"{name}/"
    )
    return sorted(one["logStreamName"].rsplit("-", 1)[0] for one in found["logStreams"])


def test_each_of_several_instances_finds_itself_and_all_write_to_one_place(endpoint: Endpoint) -> None:
    script = (
        "me=$(python3 -c \"import json; told = json.load(open('/opt/ml/config/resourceconfig.json')); "
        "print(told['current_host'], *told['hosts'])\"); echo $me; "
        "echo $me > /opt/ml/processing/output/${me%% *}; ls /opt/ml/processing/input/data"
    )
    job = endpoint.run(processing("three", script, ProcessingInputs=[ROWS], **of_instances(3)))
    assert job["ProcessingJobStatus"] == "Completed"
    hosts = ["algo-1", "algo-2", "algo-3"]
    assert endpoint.objects("out/three/") == {host: f"{host} algo-1 algo-2 algo-3\n".encode() for host in hosts}
    assert streams(endpoint, "three") == [f"three/{host}" for host in hosts]
    said = endpoint.lines("processing", "three")
    assert said.count("rows-1.csv") == 3


def test_instances_run_at_the_same_time_and_one_that_fails_ends_the_others(endpoint: Endpoint) -> None:
    script = (
        "grep -q 'current_host.: .algo-2' /opt/ml/config/resourceconfig.json && "
        "{ echo half > /opt/ml/processing/output/half; echo the second is bad > /opt/ml/output/message; exit 3; }; "
        "echo waits; sleep 600"
    )
    job = endpoint.run(processing("second-fails", script, **of_instances(2)))
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == ("Failed", "AlgorithmError: the second is bad\n")
    assert job["ExitMessage"] == "the second is bad\n"
    assert endpoint.objects("out/second-fails/") == {}


def test_a_job_of_several_instances_that_is_stopped_stops_all(endpoint: Endpoint) -> None:
    endpoint.create(processing("stops-both", "echo begun; sleep 600", **of_instances(2)))
    endpoint.says("processing", "stops-both", "begun")
    endpoint.stop("processing", "stops-both")
    assert endpoint.finished("processing", "stops-both")["ProcessingJobStatus"] == "Stopped"


def test_every_instance_counts_for_the_quota(endpoint: Endpoint) -> None:
    code, message = refusal(endpoint.sagemaker.create_processing_job, **processing("too-many", **of_instances(21)))
    assert code == "ResourceLimitExceeded"
    assert "'ml.m5.large for processing job usage' is 20 Instances" in message
    assert "a request delta of 21 Instances" in message
    assert endpoint.sagemaker.list_processing_jobs(NameContains="too-many")["ProcessingJobSummaries"] == []


def test_an_exit_message_is_shown_whatever_the_end(endpoint: Endpoint) -> None:
    job = endpoint.run(processing("message", "echo two parts > /opt/ml/output/message"))
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Completed", "two parts\n")
    long = "head -c 2000 /dev/zero | tr '\\0' x > /opt/ml/output/message"
    assert endpoint.run(processing("long-message", long))["ExitMessage"] == "x" * 1024


@pytest.mark.parametrize(
    ("name", "script", "reason"),
    [
        ("says-why", "echo the data is bad > /opt/ml/output/message; exit 3", "AlgorithmError: the data is bad\n"),
        ("exits", "exit 3", "AlgorithmError: , exit code: 3"),
        ("is-killed", "kill -9 $$", "AlgorithmError: , exit code: 137"),
        ("absent", "exec /no/such/command", "AlgorithmError: , exit code: 127"),
    ],
)
def test_a_failing_command_gives_its_reason_and_no_outputs(
    endpoint: Endpoint, name: str, script: str, reason: str
) -> None:
    job = endpoint.run(processing(f"processing-{name}", f"echo half > /opt/ml/processing/output/half; {script}"))
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == ("Failed", reason)
    assert endpoint.objects(f"out/processing-{name}/") == {}


def test_an_entry_point_that_is_not_there_fails_the_job(endpoint: Endpoint) -> None:
    application = {"ContainerEntrypoint": ["/no/such/entrypoint"]}
    job = endpoint.run(processing("no-entrypoint", AppSpecification=application))
    assert job["FailureReason"] == "AlgorithmError: , exit code: 1"
    assert any("/no/such/entrypoint" in line for line in endpoint.lines("processing", "no-entrypoint"))


def test_missing_input_data_fails_the_job(endpoint: Endpoint) -> None:
    nowhere = [input_of("data", f"s3://{BUCKET}/nowhere/")]
    job = endpoint.run(processing("no-input", ProcessingInputs=nowhere))
    assert job["FailureReason"] == (
        f"ClientError: Data download failed: No S3 objects found under S3 URL 's3://{BUCKET}/nowhere/'"
    )


def test_a_lost_instance_is_an_internal_error(endpoint: Endpoint) -> None:
    job = endpoint.run(processing("lost-processing", "kill -9 $PPID; sleep 600"))
    assert job["FailureReason"].startswith("InternalServerError: We encountered an internal error")


def test_a_job_over_its_runtime_ends_as_stopped(endpoint: Endpoint) -> None:
    def begins(seconds: int) -> bool:
        name, script = f"slow-{seconds}", "echo half > /opt/ml/processing/output/half; echo begun; sleep 600"
        job = endpoint.run(processing(name, script, StoppingCondition={"MaxRuntimeInSeconds": seconds}))
        assert (job["ProcessingJobStatus"], job.get("FailureReason")) == ("Stopped", None)
        assert endpoint.objects(f"out/{name}/") == {}
        return endpoint.lines("processing", name) == ["begun"]

    assert given_time(begins)


def test_a_stopped_job_is_told_and_leaves_no_outputs(endpoint: Endpoint, told: Callable[[str], Told]) -> None:
    listener = told(arn("processing-job", "stopped-processing"))
    script = (
        "echo half > /opt/ml/processing/output/half; "
        "trap 'echo told > /opt/ml/output/message; exit 0' TERM; echo begun; sleep 600 & wait"
    )
    endpoint.create(processing("stopped-processing", script))
    endpoint.says("processing", "stopped-processing", "begun")
    endpoint.stop("processing", "stopped-processing")
    job = endpoint.finished("processing", "stopped-processing")
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Stopped", "told\n")
    assert endpoint.objects("out/stopped-processing/") == {}
    events = listener.until(3)
    assert {event["detail-type"] for event in events} == {"SageMaker Processing Job State Change"}
    statuses = [event["detail"]["ProcessingJobStatus"] for event in events]
    assert sorted(statuses) == ["InProgress", "Stopped", "Stopping"]
    assert events[0]["detail"]["Tags"] == {"own": "tag"}
    assert refusal(endpoint.sagemaker.stop_processing_job, ProcessingJobName="stopped-processing") == (
        "ValidationException",
        "The request was rejected because the processing job is in status Stopped.",
    )


def test_a_stopped_job_that_does_not_listen_is_killed(endpoint: Endpoint) -> None:
    endpoint.create(processing("deaf-processing", "trap '' TERM; echo begun; while :; do sleep 600; done"))
    endpoint.says("processing", "deaf-processing", "begun")
    endpoint.stop("processing", "deaf-processing")
    assert endpoint.describe("processing", "deaf-processing")["ProcessingJobStatus"] == "Stopping"
    assert endpoint.finished("processing", "deaf-processing")["ProcessingJobStatus"] == "Stopped"


def test_a_job_that_waits_for_a_core_can_be_stopped(endpoint: Endpoint) -> None:
    for number in range(2):
        endpoint.create(processing(f"holds-{number}", "echo begun; sleep 600"))
        endpoint.says("processing", f"holds-{number}", "begun")
    endpoint.create(processing("in-line", "echo begun"))
    endpoint.stop("processing", "in-line")
    job = endpoint.finished("processing", "in-line")
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "ProcessingStartTime" not in job
    assert endpoint.lines("processing", "in-line") == []
    for number in range(2):
        endpoint.stop("processing", f"holds-{number}")
        endpoint.finished("processing", f"holds-{number}")


def test_botocore_s_waiter_returns_at_the_end_and_raises_on_failure(endpoint: Endpoint) -> None:
    waiter = endpoint.sagemaker.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName=endpoint.create(processing("waited-p")), WaiterConfig=QUICKLY)
    assert endpoint.describe("processing", "waited-p")["ProcessingJobStatus"] == "Completed"
    with pytest.raises(WaiterError, match="terminal failure state"):
        waiter.wait(ProcessingJobName=endpoint.create(processing("waited-p-fails", "exit 1")), WaiterConfig=QUICKLY)


def test_a_name_is_used_once_and_an_unknown_one_is_not_found(endpoint: Endpoint) -> None:
    endpoint.run(processing("twice-processing"))
    code, message = refusal(endpoint.sagemaker.create_processing_job, **processing("twice-processing"))
    assert code == "ResourceInUse"
    assert message.startswith("Job name must be unique within an AWS account and region")
    for operation in (endpoint.sagemaker.describe_processing_job, endpoint.sagemaker.stop_processing_job):
        assert refusal(operation, ProcessingJobName="nobody") == (
            "ValidationException",
            "Could not find requested job with name: nobody",
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {
                "ProcessingResources": {"ClusterConfig": {"InstanceCount": 2}},
                "ProcessingInputs": [input_of("in", "s3://b/p", S3DataDistributionType="ShardedByS3Key")],
            },
            "Processing input in: ShardedByS3Key is not built in the local cloud for several instances",
        ),
        ({"AppSpecification": {"ContainerEntrypoint": None}}, "ContainerEntrypoint is missing"),
        ({"ProcessingInputs": [input_of("out", "s3://b/p")]}, "names must be unique: out, out"),
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
        ({"ExperimentConfig": {"ExperimentName": "e"}}, "ExperimentConfig is not built in the local cloud"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "Member must have value greater than or equal to 1"),
        ({"RoleArn": None}, "Value null at 'roleArn' failed to satisfy constraint"),
    ],
)
def test_what_cannot_be_processed_is_refused_before_the_job(
    endpoint: Endpoint, changes: dict[str, Any], message: str
) -> None:
    request = processing("refused-processing", **changes)
    code, said = refusal(endpoint.unchecked.create_processing_job, **request)
    assert code == "ValidationException"
    assert message in said
    listed = endpoint.sagemaker.list_processing_jobs(NameContains="refused-processing")
    assert listed["ProcessingJobSummaries"] == []
