"""A training job from its creation to its end: stages, inputs, outputs, metrics, events, reasons."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.conformance.endpoint import Endpoint, Told, refusal
from tests.conformance.requests import BUCKET, QUICKLY, ROLE, TAGS, arn, changed, channel, program, scripted, training

STAGES = ["Starting", "Pending", "Downloading", "Training", "Uploading", "Completed"]
TRAIN = {"InputDataConfig": [channel("train", f"s3://{BUCKET}/parts/1/")]}
FIT = TRAIN | program("fit.py", depth="2")


def stages(job: dict[str, Any]) -> list[str]:
    return [transition["Status"] for transition in job["SecondaryStatusTransitions"]]


def test_a_script_runs_with_its_channel_hyperparameters_and_siblings(endpoint: Endpoint) -> None:
    job = endpoint.run(scripted("whole", "fit.py", **FIT))
    output = endpoint.lines("training", "whole")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed", (job, output)
    assert "rows ['rows-1.csv']" in output
    assert "imported sibling ['--depth', '2'] whole" in output
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [("validation:score", 2 / 3)]
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": f"s3://{BUCKET}/runs/whole/output/model.tar.gz"}
    packed = endpoint.objects("runs/whole/output/")["model.tar.gz"]
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert tar.getnames() == ["model.txt"]
    assert "WarmPoolStatus" not in job, "no keep-alive, no pool"


def test_secondary_statuses_come_in_order_and_each_ends_where_the_next_begins(endpoint: Endpoint) -> None:
    job = endpoint.run(training("stages", "echo 1 > /opt/ml/model/model.txt"))
    assert stages(job) == STAGES
    transitions = job["SecondaryStatusTransitions"]
    assert [t["EndTime"] for t in transitions[:-1]] == [t["StartTime"] for t in transitions[1:]]
    assert all(t["StatusMessage"] for t in transitions)
    assert transitions[0]["StartTime"] == job["CreationTime"]
    assert transitions[-1]["EndTime"] == job["TrainingEndTime"] == job["LastModifiedTime"]
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 1


def test_every_stage_is_told_to_eventbridge(endpoint: Endpoint, told: Callable[[str], Told]) -> None:
    listener = told(arn("training-job", "told"))
    job = endpoint.run(training("told", "echo 1 > /opt/ml/model/model.txt"))
    events = listener.until(len(STAGES))
    assert {event["detail-type"] for event in events} == {"SageMaker Training Job State Change"}
    assert {event["source"] for event in events} == {"aws.sagemaker"}
    details = sorted((event["detail"] for event in events), key=lambda detail: len(stages(detail)))
    assert [detail["SecondaryStatus"] for detail in details] == STAGES
    last = details[-1]
    assert (last["TrainingJobStatus"], last["TrainingJobArn"]) == ("Completed", job["TrainingJobArn"])
    assert last["Tags"] == {"own": "tag"}
    assert last["CreationTime"] == int(job["CreationTime"].timestamp() * 1000), "times are epoch milliseconds"
    assert last["ModelArtifacts"] == job["ModelArtifacts"]


def test_describe_repeats_the_request(endpoint: Endpoint) -> None:
    asked = scripted("repeats", "fit.py", **FIT, Environment={"OWN": "1"})
    job = endpoint.run(asked)
    asked["OutputDataConfig"]["KmsKeyId"] = ""
    for member in set(asked) - {"Tags"}:
        assert job[member] == asked[member], member
    assert job["EnableNetworkIsolation"] is job["EnableManagedSpotTraining"] is False
    assert job["EnableInterContainerTrafficEncryption"] is False
    assert job["TrainingJobArn"] == arn("training-job", "repeats")
    assert endpoint.sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"] == TAGS


def test_an_arn_is_lowercase_whatever_the_name_is(endpoint: Endpoint) -> None:
    job = endpoint.run(training("Upper-Case"))
    assert (job["TrainingJobName"], job["TrainingJobArn"]) == ("Upper-Case", arn("training-job", "upper-case"))


def test_the_container_finds_its_configuration_below_opt_ml(endpoint: Endpoint) -> None:
    script = (
        "cd /opt/ml/input/config; for f in hyperparameters inputdataconfig resourceconfig; do cat $f.json; echo; done"
    )
    endpoint.run(training("config", script, **TRAIN, HyperParameters={"depth": "2", "name": "a b"}))
    hyperparameters, channels, resources = map(json.loads, endpoint.lines("training", "config"))
    assert hyperparameters == {"depth": "2", "name": "a b"}, "all values are strings"
    assert channels["train"]["TrainingInputMode"] == "File"
    assert channels["train"]["S3DistributionType"] == "FullyReplicated"
    assert resources["current_host"] == "algo-1"
    assert resources["hosts"] == ["algo-1"]
    assert resources["current_instance_type"] == "ml.m5.large"


def test_the_environment_names_the_job_and_takes_the_request_s_variables(endpoint: Endpoint) -> None:
    script = "echo $TRAINING_JOB_NAME $TRAINING_JOB_ARN $AWS_REGION $OWN $1 $2; ls $FOLDER"
    request = training("environment", Environment={"OWN": "mine", "FOLDER": "/opt/ml/input/data"}, **TRAIN)
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["/bin/sh", "-c", script, "sh"]
    request["AlgorithmSpecification"]["ContainerArguments"] = ["first", "second"]
    job = endpoint.run(request)
    expected = f"environment {job['TrainingJobArn']} us-east-1 mine first second"
    assert endpoint.lines("training", "environment") == [expected, "train"]


def test_the_job_has_its_role_s_credentials_and_the_endpoint(endpoint: Endpoint) -> None:
    job = endpoint.run(scripted("role", "client.py"))
    output = endpoint.lines("training", "role")
    assert job["TrainingJobStatus"] == "Completed", output
    assert f"client us-east-1 {endpoint.url}" in output
    assert "identity arn:aws:sts::123456789012:assumed-role/jobs/SageMaker" in output


@pytest.mark.parametrize(
    ("name", "given", "rows"),
    [
        ("slash", channel("train", f"s3://{BUCKET}/parts/1/"), ["rows-1.csv"]),
        ("prefix", channel("train", f"s3://{BUCKET}/parts/1"), ["rows-1.csv", "rows-10.csv"]),
        ("object", channel("train", f"s3://{BUCKET}/parts/2/rows-2.csv"), ["rows-2.csv"]),
        ("manifest", channel("train", f"s3://{BUCKET}/the.manifest", "ManifestFile"), ["rows-1.csv", "rows-10.csv"]),
    ],
)
def test_a_channel_holds_the_objects_that_it_names(
    endpoint: Endpoint, name: str, given: dict[str, Any], rows: list[str]
) -> None:
    endpoint.run(training(f"channel-{name}", "cd /opt/ml/input/data/train; find . -type f", InputDataConfig=[given]))
    found = [line.rsplit("/", 1)[-1] for line in endpoint.lines("training", f"channel-{name}")]
    assert sorted(found) == rows


def test_output_data_is_an_archive_of_its_own(endpoint: Endpoint) -> None:
    endpoint.run(training("outputs", "echo 1 > /opt/ml/model/m; echo 2 > /opt/ml/output/data/o"))
    assert set(endpoint.objects("runs/outputs/output/")) == {"model.tar.gz", "output.tar.gz"}


@pytest.mark.parametrize(
    ("name", "script", "values"),
    [
        ("last", "echo 'validation score:1;'; echo 'validation score:2;'", [2.0]),
        ("stderr", "echo 'validation score:3;' >&2", [3.0]),
        ("words", "echo 'validation score:4;'; echo 'validation score:no number;'", [4.0]),
        ("exponent", "echo 'validation score:-1.5e-3;'", [-0.0015]),
        ("one-line", "echo 'validation score:5; validation score:6;'", [6.0]),
        ("unfinished", "printf 'validation score:7;'", [7.0]),
        ("infinite", "echo 'validation score:8;'; echo 'validation score:inf;'; echo 'validation score:nan;'", [8.0]),
    ],
)
def test_a_metric_is_the_last_number_that_its_regex_finds(
    endpoint: Endpoint, name: str, script: str, values: list[float]
) -> None:
    job = endpoint.run(training(f"metric-{name}", script))
    assert [item["Value"] for item in job["FinalMetricDataList"]] == values


def test_a_metric_that_was_not_printed_is_not_in_the_list(endpoint: Endpoint) -> None:
    metrics = [{"Name": "a", "Regex": "a=([0-9]+)"}, {"Name": "b", "Regex": "b=([0-9]+)"}]
    job = endpoint.run(training("metric-b", "echo b=1", AlgorithmSpecification={"MetricDefinitions": metrics}))
    (only,) = job["FinalMetricDataList"]
    assert (only["MetricName"], only["Value"]) == ("b", 1.0)
    assert job["TrainingStartTime"] <= only["Timestamp"] <= job["TrainingEndTime"]
    assert "FinalMetricDataList" not in endpoint.run(training("metric-none", "echo c=1"))


@pytest.mark.parametrize(
    ("name", "script", "reason"),
    [
        ("says-why", "echo the data is bad > /opt/ml/output/failure; exit 3", "AlgorithmError: the data is bad\n"),
        ("exits", "exit 3", "AlgorithmError: , exit code: 3"),
        ("is-killed", "kill -9 $$", "AlgorithmError: , exit code: 137"),
        ("absent", "exec /no/such/command", "AlgorithmError: , exit code: 127"),
    ],
)
def test_a_failing_algorithm_gives_its_reason(endpoint: Endpoint, name: str, script: str, reason: str) -> None:
    job = endpoint.run(training(f"fails-{name}", script))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"], job["FailureReason"]) == ("Failed", "Failed", reason)
    assert stages(job)[-2:] == ["Training", "Failed"]


def test_a_script_that_raises_has_its_traceback_in_the_log_only(endpoint: Endpoint) -> None:
    job = endpoint.run(scripted("crashes", "crash.py"))
    assert job["FailureReason"] == "AlgorithmError: , exit code: 1"
    assert "ValueError: no" in endpoint.lines("training", "crashes")


def test_a_reason_is_cut_at_a_kilobyte(endpoint: Endpoint) -> None:
    script = "head -c 3000 /dev/zero | tr '\\0' x > /opt/ml/output/failure; exit 1"
    assert endpoint.run(training("long-failure", script))["FailureReason"] == "AlgorithmError: " + "x" * 1008
    gone = {"InputDataConfig": [channel("train", f"s3://{BUCKET}/{'x' * 1000}")]}
    assert len(endpoint.run(training("long-reason", **gone))["FailureReason"]) == 1024


@pytest.mark.parametrize(
    ("name", "changes", "last_stage", "reason"),
    [
        (
            "no-data",
            {"InputDataConfig": [channel("train", f"s3://{BUCKET}/nowhere/")]},
            "Downloading",
            f"ClientError: Data download failed: No S3 objects found under S3 URL 's3://{BUCKET}/nowhere/'",
        ),
        (
            "clash",
            {"InputDataConfig": [channel("train", f"s3://{BUCKET}/clash/")]},
            "Downloading",
            f"ClientError: Data download failed: s3://{BUCKET}/clash/a/b cannot become a file beside the others: "
            "the name of one object is the folder of another",
        ),
        (
            "long-name",
            {"InputDataConfig": [channel("train", f"s3://{BUCKET}/long/")]},
            "Downloading",
            f"ClientError: Data download failed: s3://{BUCKET}/long/{'x' * 300} cannot become a file: "
            "File name too long",
        ),
        (
            "no-program",
            program("missing.py"),
            "Training",
            f"ClientError: sagemaker_program missing.py is not in the archive s3://{BUCKET}/code/sourcedir.tar.gz",
        ),
        (
            "no-script",
            {"HyperParameters": {}},
            "Training",
            "ClientError: the local cloud runs scripts, not images: set the hyperparameters sagemaker_program and "
            "sagemaker_submit_directory, or AlgorithmSpecification.ContainerEntrypoint",
        ),
    ],
)
def test_a_job_that_cannot_begin_fails_with_a_client_error(
    endpoint: Endpoint, name: str, changes: dict[str, Any], last_stage: str, reason: str
) -> None:
    for key in ("clash/a", "clash/a/b", "long/" + "x" * 300):
        endpoint.put(key)
    job = endpoint.run(scripted(f"client-{name}", "fit.py", **changes))
    assert job["FailureReason"] == reason
    assert stages(job)[-2:] == [last_stage, "Failed"]


def test_a_script_finds_its_folder_by_the_toolkit_s_variable_and_its_values_decoded(endpoint: Endpoint) -> None:
    values = {"word": "plain text", "number": "3", "items": "[1, 2]", "quoted": '"3"', "broken": "{no"}
    endpoint.run(scripted("toolkit-finds", "toolkit.py", **program("toolkit.py", **values)))
    below, found, word = endpoint.lines("training", "toolkit-finds")
    assert below == "below ['hyperparameters.json', 'inputdataconfig.json', 'resourceconfig.json'] True"
    decoded = {"word": "plain text", "number": 3, "items": [1, 2], "quoted": "3", "broken": "{no"}
    assert json.loads(found.removeprefix("values ")) == decoded, "what is not JSON is taken as it is"
    assert word == "word 'plain text'"


def test_a_lost_instance_is_an_internal_error(endpoint: Endpoint) -> None:
    job = endpoint.run(training("lost", "kill -9 $PPID; sleep 600"))
    assert job["FailureReason"].startswith("InternalServerError: We encountered an internal error")


def test_botocore_s_waiter_returns_at_the_end_and_raises_on_failure(endpoint: Endpoint) -> None:
    waiter = endpoint.sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=endpoint.create(training("waited")), WaiterConfig=QUICKLY)
    assert endpoint.describe("training", "waited")["TrainingJobStatus"] == "Completed"
    with pytest.raises(WaiterError, match="terminal failure state"):
        waiter.wait(TrainingJobName=endpoint.create(training("waited-fails", "exit 1")), WaiterConfig=QUICKLY)


def test_a_name_is_used_once(endpoint: Endpoint) -> None:
    endpoint.run(training("twice"))
    assert refusal(endpoint.sagemaker.create_training_job, **training("twice")) == (
        "ResourceInUse",
        "Training job names must be unique within an AWS account and region, and a training job with this name already "
        f"exists ({arn('training-job', 'twice')})",
    )


@pytest.mark.parametrize("operation", ["describe_training_job", "stop_training_job", "update_training_job"])
def test_an_unknown_job_is_not_found(endpoint: Endpoint, operation: str) -> None:
    code, message = refusal(getattr(endpoint.sagemaker, operation), TrainingJobName="nobody")
    assert (code, message) == ("ValidationException", "Requested resource not found.")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TrainingJobName": "a" * 64}, "'trainingJobName' failed to satisfy constraint: Member must have length less"),
        ({"TrainingJobName": "under_score"}, "Member must satisfy regular expression pattern: "),
        ({"RoleArn": None}, "Value null at 'roleArn' failed to satisfy constraint: Member must not be null"),
        ({"RoleArn": "arn:aws:iam::999999999999:role/jobs"}, "Cross-account pass role is not allowed"),
        ({"HyperParameters": {f"h{n}": "1" for n in range(101)}}, "length less than or equal to 100"),
        ({"HyperParameters": {"h": "x" * 2501}}, "'hyperParameters.h.member' failed to satisfy constraint"),
        ({"HyperParameters": {"h" * 257: "x"}}, "length less than or equal to 256"),
        ({"InputDataConfig": [channel(f"c{n}", "s3://b/p") for n in range(21)]}, "length less than or equal to 20"),
        ({"InputDataConfig": [channel("c", "s3://b/p")] * 2}, "InputDataConfig has two channels of one name: c, c"),
        ({"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}, "50"),
        (
            {"ResourceConfig": {"KeepAlivePeriodInSeconds": 21_601}},
            "Member must have value less than or equal to 21600",
        ),
        ({"ResourceConfig": {"InstanceType": "ml.m5.huge"}}, "Member must satisfy enum value set: ["),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "Member must have value greater than or equal to 1"),
        ({"StoppingCondition": None}, "StoppingCondition is missing: every training job needs one."),
        ({"Environment": {f"E{n}": "1" for n in range(101)}}, "'environment' failed to satisfy constraint"),
        (
            {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "score", "Regex": "score:([^;+;"}]}},
            "The Regex of metric score is no regular expression: unterminated",
        ),
    ],
)
def test_a_request_that_breaks_a_constraint_is_refused_in_aws_s_words(
    endpoint: Endpoint, changes: dict[str, Any], message: str
) -> None:
    code, said = refusal(endpoint.unchecked.create_training_job, **changed(training("refused-training"), **changes))
    assert code == "ValidationException"
    assert message in said
    listed = endpoint.sagemaker.list_training_jobs(NameContains="refused-training")
    assert listed["TrainingJobSummaries"] == []


def test_every_broken_constraint_is_counted(endpoint: Endpoint) -> None:
    request = changed(
        training("under_score"), RoleArn=ROLE.removeprefix("arn:"), StoppingCondition={"MaxRuntimeInSeconds": 0}
    )
    code, said = refusal(endpoint.unchecked.create_training_job, **request)
    assert said.startswith("3 validation errors detected: ")
    assert code == "ValidationException"
