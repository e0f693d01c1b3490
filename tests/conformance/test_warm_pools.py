"""Managed warm pools: their life, what matches, how they end, what they cost of the quotas."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.requests import (
    BUCKET,
    NARROW,
    ONE_POOL,
    OTHER_ROLE,
    WITHOUT_POOLS,
    changed,
    channel,
    pooled,
    program,
    scripted,
    training,
    tuning,
)
from tests.waiting import until

HANGS = "echo begun; exec sleep 600"
FIELDS: dict[str, dict[str, Any]] = {
    "RoleArn": {"RoleArn": OTHER_ROLE},
    "InstanceType": {"ResourceConfig": {"InstanceType": "ml.m5.xlarge"}},
    "VolumeSizeInGB": {"ResourceConfig": {"VolumeSizeInGB": 999}},
    "VolumeKmsKeyId": {"ResourceConfig": {"VolumeKmsKeyId": "alias/own"}},
    "Subnets": {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-2"]}},
    "SecurityGroupIds": {"VpcConfig": {"SecurityGroupIds": ["sg-2"], "Subnets": ["subnet-1"]}},
    "EnableNetworkIsolation": {"EnableNetworkIsolation": True},
    "EnableInterContainerTrafficEncryption": {"EnableInterContainerTrafficEncryption": True},
}
FREE: dict[str, dict[str, Any]] = {
    "image": {"AlgorithmSpecification": {"TrainingImage": "another"}},
    "command": {"AlgorithmSpecification": {"ContainerEntrypoint": ["/bin/true"]}},
    "metrics": {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "m", "Regex": "m=(.*)"}]}},
    "hyperparameters": {"HyperParameters": {"depth": "3"}},
    "environment": {"Environment": {"OWN": "1"}},
    "channels": {"InputDataConfig": [channel("train", f"s3://{BUCKET}/parts/1/")]},
    "output": {"OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/elsewhere/"}},
    "runtime": {"StoppingCondition": {"MaxRuntimeInSeconds": 300}},
    "keep-alive": {"ResourceConfig": {"KeepAlivePeriodInSeconds": 900}},
    "tags": {"Tags": []},
}
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}


def left(endpoint: Endpoint, name: str, volume: int, script: str = "true", **changes: Any) -> dict[str, Any]:
    """A job that leaves a pool; those of a volume size that no other test has match nobody else's."""
    return endpoint.run(changed(training(name, script, **pooled(VolumeSizeInGB=volume)), **changes))


def test_a_pool_is_in_use_then_available_then_reused_then_terminated(endpoint: Endpoint) -> None:
    endpoint.create(training("life-a", HANGS, **pooled(VolumeSizeInGB=100)))
    assert endpoint.pool("life-a") == {"Status": "InUse"}
    endpoint.says("training", "life-a", "begun")
    endpoint.stop("training", "life-a")
    assert endpoint.finished("training", "life-a")["WarmPoolStatus"] == {"Status": "Available"}
    left(endpoint, "life-b", 100)
    reused = endpoint.pool("life-a") or {}
    assert (reused["Status"], reused["ReusedByJob"]) == ("Reused", "life-b")
    assert reused["ResourceRetainedBillableTimeInSeconds"] >= 1, "filled in when it is over"
    assert endpoint.pool("life-b") == {"Status": "Available"}
    endpoint.release("life-b")
    released = endpoint.pool("life-b") or {}
    assert released["Status"] == "Terminated"
    assert "ReusedByJob" not in released
    assert released["ResourceRetainedBillableTimeInSeconds"] >= 1


@pytest.mark.parametrize("field", FIELDS)
def test_a_job_that_differs_in_one_field_starts_cold(endpoint: Endpoint, field: str) -> None:
    name = f"differs-{field.lower()[:30]}"
    volume = 101 + list(FIELDS).index(field)
    left(endpoint, f"{name}-a", volume, VpcConfig=VPC)
    second = changed(training(f"{name}-b"), VpcConfig=VPC, **pooled(0, VolumeSizeInGB=volume))
    endpoint.run(changed(second, **FIELDS[field]))
    assert endpoint.pool(f"{name}-a") == {"Status": "Available"}
    assert endpoint.pool(f"{name}-b") is None
    endpoint.run(changed(second, TrainingJobName=f"{name}-c"))
    assert (endpoint.pool(f"{name}-a") or {})["ReusedByJob"] == f"{name}-c", "it was the field, and nothing else"


@pytest.mark.parametrize("free", FREE)
def test_a_job_that_differs_in_anything_else_reuses_the_pool(endpoint: Endpoint, free: str) -> None:
    volume = 120 + list(FREE).index(free)
    left(endpoint, f"free-{free}-a", volume)
    second = training(f"free-{free}-b", **pooled(0, VolumeSizeInGB=volume))
    endpoint.run(changed(second, **FREE[free]))
    assert (endpoint.pool(f"free-{free}-a") or {})["ReusedByJob"] == f"free-{free}-b"
    if free == "keep-alive":
        endpoint.release("free-keep-alive-b")


def test_subnets_match_in_any_order(endpoint: Endpoint) -> None:
    subnets = ["subnet-1", "subnet-2"]
    left(endpoint, "order-a", 140, VpcConfig=VPC | {"Subnets": subnets})
    request = training("order-b", VpcConfig=VPC | {"Subnets": subnets[::-1]}, **pooled(0, VolumeSizeInGB=140))
    endpoint.run(request)
    assert (endpoint.pool("order-a") or {})["ReusedByJob"] == "order-b"


@pytest.mark.parametrize("seconds", [0, None])
def test_a_job_without_a_keep_alive_uses_a_pool_up(endpoint: Endpoint, seconds: int | None) -> None:
    volume = 142 if seconds is None else 141
    left(endpoint, f"up-{volume}-a", volume)
    endpoint.run(training(f"up-{volume}-b", ResourceConfig={"VolumeSizeInGB": volume} | _alive(seconds)))
    assert endpoint.pool(f"up-{volume}-b") == {"Status": "Terminated"}
    left(endpoint, f"up-{volume}-c", volume)
    assert "ReusedByJob" not in (endpoint.pool(f"up-{volume}-b") or {})
    endpoint.release(f"up-{volume}-c")


def _alive(seconds: int | None) -> dict[str, int]:
    return {} if seconds is None else {"KeepAlivePeriodInSeconds": seconds}


def test_a_busy_pool_is_not_waited_for(endpoint: Endpoint) -> None:
    endpoint.create(training("busy-pool", HANGS, **pooled(VolumeSizeInGB=143)))
    endpoint.says("training", "busy-pool", "begun")
    left(endpoint, "beside", 143)
    endpoint.stop("training", "busy-pool")
    endpoint.finished("training", "busy-pool")
    assert endpoint.pool("busy-pool") == endpoint.pool("beside") == {"Status": "Available"}
    for name in ("busy-pool", "beside"):
        endpoint.release(name)


def test_every_job_keeps_its_pool_for_its_own_keep_alive(endpoint: Endpoint) -> None:
    left(endpoint, "own-a", 144)
    endpoint.run(training("own-b", **pooled(1, VolumeSizeInGB=144)))
    until(lambda: (endpoint.pool("own-b") or {})["Status"] == "Terminated")
    assert endpoint.pool("own-b") == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 1}


@pytest.mark.parametrize(
    ("ending", "volume", "script", "changes"),
    [
        ("failure", 145, "exit 1", {}),
        ("runtime", 146, "sleep 600", {"StoppingCondition": {"MaxRuntimeInSeconds": 1}}),
        ("no-data", 148, "true", {"InputDataConfig": [channel("train", f"s3://{BUCKET}/nowhere/")]}),
    ],
)
def test_a_pool_is_kept_after_an_algorithm_s_end_of_any_kind_and_a_client_s_error(
    endpoint: Endpoint, ending: str, volume: int, script: str, changes: dict[str, Any]
) -> None:
    job = left(endpoint, f"kept-{ending}", volume, script, **changes)
    assert job["TrainingJobStatus"] in ("Failed", "Stopped")
    assert job["WarmPoolStatus"] == {"Status": "Available"}
    endpoint.release(f"kept-{ending}")


def test_no_pool_is_kept_after_another_failure(endpoint: Endpoint) -> None:
    job = left(endpoint, "unkept-lost", 147, "kill -9 $PPID; sleep 600")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["WarmPoolStatus"]["Status"] == "Terminated"


def test_a_job_stopped_before_its_instance_started_leaves_no_pool(endpoint: Endpoint) -> None:
    for number in range(2):
        endpoint.create(training(f"blocks-{number}", HANGS))
        endpoint.says("training", f"blocks-{number}", "begun")
    endpoint.create(training("unstarted", **pooled(VolumeSizeInGB=149)))
    for name in ("unstarted", "blocks-0", "blocks-1"):
        endpoint.stop("training", name)
        endpoint.finished("training", name)
    assert endpoint.pool("unstarted") == {"Status": "Terminated"}


def test_a_script_finds_nothing_of_the_job_before_it(endpoint: Endpoint) -> None:
    left(endpoint, "first-tenant", 150, "touch /opt/ml/model/old /opt/ml/output/data/old")
    endpoint.run(training("second-tenant", "find /opt/ml -type f -name old", **pooled(0, VolumeSizeInGB=150)))
    assert (endpoint.pool("first-tenant") or {})["ReusedByJob"] == "second-tenant"
    assert endpoint.lines("training", "second-tenant") == []


def test_another_keep_alive_counts_from_when_the_pool_became_available(endpoint: Endpoint) -> None:
    left(endpoint, "shortened", 151)
    endpoint.sagemaker.update_training_job(TrainingJobName="shortened", ResourceConfig={"KeepAlivePeriodInSeconds": 1})
    until(lambda: (endpoint.pool("shortened") or {})["Status"] == "Terminated")
    assert endpoint.pool("shortened") == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 1}
    assert endpoint.describe("training", "shortened")["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 1


@pytest.mark.parametrize("state", ["none", "Reused", "Terminated"])
def test_only_a_pool_in_use_or_available_can_be_updated(endpoint: Endpoint, state: str) -> None:
    name, volume = f"update-{state.lower()}", 152 + len(state)
    endpoint.run(training(name, **pooled(0 if state == "none" else 600, VolumeSizeInGB=volume)))
    if state == "Reused":
        endpoint.run(training("update-takes", **pooled(0, VolumeSizeInGB=volume)))
    if state == "Terminated":
        endpoint.release(name)
    code, message = refusal(
        endpoint.sagemaker.update_training_job,
        TrainingJobName=name,
        ResourceConfig={"KeepAlivePeriodInSeconds": 60},
    )
    assert code == "ValidationException"
    assert message.endswith(f"its warm pool must be Available or InUse, and is {state}.")


def test_a_running_job_s_pool_can_be_given_up(endpoint: Endpoint) -> None:
    endpoint.create(training("given-up", HANGS, **pooled(VolumeSizeInGB=165)))
    endpoint.says("training", "given-up", "begun")
    endpoint.release("given-up")
    endpoint.stop("training", "given-up")
    assert endpoint.finished("training", "given-up")["WarmPoolStatus"] == {"Status": "Terminated"}


@pytest.mark.parametrize("status", ["Available", "InUse", "Reused", "Terminated"])
def test_jobs_are_found_by_the_status_of_their_pool(endpoint: Endpoint, status: str) -> None:
    stem, volume = f"found-{status.lower()}", 170 + len(status)
    endpoint.run(training(f"{stem}-none"))
    left(endpoint, f"{stem}-a", volume)
    endpoint.create(training(f"{stem}-b", HANGS, **pooled(0, VolumeSizeInGB=volume)))
    left(endpoint, f"{stem}-c", volume)
    left(endpoint, f"{stem}-d", volume + 20)
    endpoint.release(f"{stem}-d")
    listed = endpoint.sagemaker.list_training_jobs(NameContains=stem, WarmPoolStatusEquals=status)
    (only,) = listed["TrainingJobSummaries"]
    suffix = {"Reused": "a", "InUse": "b", "Available": "c", "Terminated": "d"}[status]
    assert (only["TrainingJobName"], only["WarmPoolStatus"]["Status"]) == (f"{stem}-{suffix}", status)
    endpoint.stop("training", f"{stem}-b")
    endpoint.finished("training", f"{stem}-b")
    endpoint.release(f"{stem}-c")


def test_with_a_warm_pool_quota_of_0_a_job_runs_cold_keeps_nothing_and_nobody_says_so(endpoint: Endpoint) -> None:
    job = endpoint.run(training("no-quota", **pooled(InstanceType=WITHOUT_POOLS)))
    assert job["TrainingJobStatus"] == "Completed"
    assert "WarmPoolStatus" not in job
    again = endpoint.run(training("no-quota-again", **pooled(InstanceType=WITHOUT_POOLS)))
    assert "WarmPoolStatus" not in again


def test_a_pool_over_the_warm_pool_quota_is_not_kept(endpoint: Endpoint) -> None:
    left(endpoint, "within", 10, ResourceConfig={"InstanceType": ONE_POOL})
    over = left(endpoint, "over", 11, ResourceConfig={"InstanceType": ONE_POOL})
    assert "WarmPoolStatus" not in over
    assert endpoint.pool("within") == {"Status": "Available"}
    endpoint.release("within")


def test_a_keep_alive_that_is_raised_later_counts_against_the_quota_too(endpoint: Endpoint) -> None:
    left(endpoint, "raised", 12, ResourceConfig={"InstanceType": ONE_POOL})
    endpoint.create(training("reuses", HANGS, **pooled(0, InstanceType=ONE_POOL, VolumeSizeInGB=12)))
    endpoint.create(training("keeps", HANGS, **pooled(InstanceType=ONE_POOL, VolumeSizeInGB=13)))
    assert [endpoint.pool(name) for name in ("reuses", "keeps")] == [{"Status": "InUse"}] * 2
    longer = {"KeepAlivePeriodInSeconds": 600}
    endpoint.sagemaker.update_training_job(TrainingJobName="reuses", ResourceConfig=longer)
    for name in ("reuses", "keeps"):
        endpoint.says("training", name, "begun")
        endpoint.stop("training", name)
        endpoint.finished("training", name)
    assert [endpoint.pool(name) for name in ("reuses", "keeps")] == [{"Status": "Terminated"}, {"Status": "Available"}]
    endpoint.release("keeps")


def test_a_running_job_counts_against_the_training_quota(endpoint: Endpoint) -> None:
    narrow = {"ResourceConfig": {"InstanceType": NARROW}}
    endpoint.create(training("narrow", HANGS, **narrow))
    assert refusal(endpoint.sagemaker.create_training_job, **training("refused-narrow", **narrow)) == (
        "ResourceLimitExceeded",
        f"The account-level service limit '{NARROW} for training job usage' is 1 Instances, with current utilization "
        "of 1 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an increase for "
        "this quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this "
        "quota.",
    )
    endpoint.stop("training", "narrow")
    endpoint.finished("training", "narrow")
    assert endpoint.run(training("now-narrow", **narrow))["TrainingJobStatus"] == "Completed"


def test_an_available_pool_counts_too_but_not_for_the_job_that_takes_it(endpoint: Endpoint) -> None:
    left(endpoint, "narrow-a", 10, ResourceConfig={"InstanceType": NARROW})
    other = training("narrow-other", ResourceConfig={"InstanceType": NARROW, "VolumeSizeInGB": 11})
    code, message = refusal(endpoint.sagemaker.create_training_job, **other)
    assert code == "ResourceLimitExceeded"
    assert "current utilization of 1 Instances and a request delta of 1" in message
    endpoint.run(training("narrow-b", ResourceConfig={"InstanceType": NARROW}))
    assert (endpoint.pool("narrow-a") or {})["ReusedByJob"] == "narrow-b"
    assert endpoint.run(other)["TrainingJobStatus"] == "Completed"


def test_a_tuning_job_s_candidates_have_no_pools_and_cannot_be_given_any(endpoint: Endpoint) -> None:
    endpoint.run(tuning("poolless", total=1, parallel=1))
    (candidate,) = endpoint.candidates("poolless")
    assert endpoint.pool(candidate["TrainingJobName"]) is None
    keeps = {"TrainingJobDefinition": {"ResourceConfig": {"KeepAlivePeriodInSeconds": 60}}}
    code, message = refusal(endpoint.sagemaker.create_hyper_parameter_tuning_job, **tuning("refused-pool", **keeps))
    assert code == "ValidationException"
    assert "KeepAlivePeriodInSeconds cannot be given for the training jobs of a tuning job" in message


def test_a_script_and_a_container_share_pools(endpoint: Endpoint) -> None:
    left(endpoint, "container-first", 199)
    endpoint.run(scripted("then-script", "silent.py", **program("silent.py"), **pooled(0, VolumeSizeInGB=199)))
    assert (endpoint.pool("container-first") or {})["ReusedByJob"] == "then-script"
