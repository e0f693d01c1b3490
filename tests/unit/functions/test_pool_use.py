"""What a run's pools did is worked out from the jobs' descriptions alone, and only what is certain is claimed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pipeline.reporting.pool_use import PoolUse, pool_use
from tests.unit.functions.fake_sagemaker import START


def job(
    name: str, created: int, ended: int | None, pool: dict[str, Any] | None = None, *, keep: int = 600, **more: Any
) -> dict[str, Any]:
    """A fold job's description; times are seconds after START."""
    resources = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
    resources |= {"KeepAlivePeriodInSeconds": keep} | more.pop("resources", {})
    described = {
        "TrainingJobName": name,
        "TrainingJobStatus": "Completed",
        "RoleArn": "fold",
        "ResourceConfig": resources,
        "CreationTime": START + timedelta(seconds=created),
        "TrainingStartTime": START + timedelta(seconds=created + 1),
    }
    if ended is not None:
        described["TrainingEndTime"] = START + timedelta(seconds=ended)
    return described | ({"WarmPoolStatus": pool} if pool else {}) | more


def reused_by(name: str) -> dict[str, Any]:
    return {"Status": "Reused", "ReusedByJob": name, "ResourceRetainedBillableTimeInSeconds": 9}


AVAILABLE = {"Status": "Available"}


def missed(use: PoolUse) -> list[str]:
    return [miss.job for miss in use.missed]


def test_a_fold_that_took_the_pool_of_another_missed_nothing() -> None:
    use = pool_use([job("a", 0, 100, reused_by("b")), job("b", 120, 200, AVAILABLE)])
    assert use == PoolUse(cold_starts=1, expected_cold_starts=1, missed=[], quota=None)


def test_a_cold_start_while_a_pool_was_available_is_missed() -> None:
    use = pool_use([job("a", 0, 100, AVAILABLE), job("b", 120, 200, AVAILABLE)])
    assert missed(use) == ["b"]
    assert (use.cold_starts, use.expected_cold_starts) == (2, 1)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"RoleArn": "other"}, "RoleArn is other, and was fold in the pool's job"),
        ({"resources": {"InstanceType": "ml.m5.large"}}, "InstanceType is ml.m5.large"),
        ({"resources": {"InstanceCount": 2}}, "InstanceCount is 2"),
        ({"resources": {"VolumeSizeInGB": 50}}, "VolumeSizeInGB is 50, and was 30"),
        ({"resources": {"VolumeKmsKeyId": "key"}}, "VolumeKmsKeyId is key, and was none"),
        ({"VpcConfig": {"Subnets": ["s"], "SecurityGroupIds": ["g"]}}, "VpcConfig is s, g, and was none"),
        ({"EnableInterContainerTrafficEncryption": True}, "EnableInterContainerTrafficEncryption is True"),
        ({"EnableNetworkIsolation": True}, "EnableNetworkIsolation is True, and was False"),
        ({"EnableNetworkIsolation": False}, "every field of the match list is equal"),
    ],
)
def test_the_cause_is_the_field_that_differs(changed: dict[str, Any], words: str) -> None:
    (miss,) = pool_use([job("a", 0, 100, AVAILABLE), job("b", 120, 200, **changed)]).missed
    assert words in miss.cause
    assert miss.cause.count(" is ") == 1


def test_the_order_of_subnets_and_groups_is_no_difference() -> None:
    one = {"Subnets": ["a", "b"], "SecurityGroupIds": ["x", "y"]}
    other = {"Subnets": ["b", "a"], "SecurityGroupIds": ["y", "x"]}
    jobs = [job("a", 0, 100, AVAILABLE, VpcConfig=one), job("b", 120, 200, VpcConfig=other)]
    assert "every field of the match list is equal" in pool_use(jobs).missed[0].cause


def test_a_pool_could_have_saved_one_cold_start_only() -> None:
    jobs = [job("a", 0, 100, AVAILABLE), *(job(name, 120, 200, AVAILABLE) for name in "bc")]
    assert missed(pool_use(jobs)) == ["b"]


def test_of_two_pools_the_one_that_fits_is_taken_for_the_comparison() -> None:
    other = job("a", 0, 100, AVAILABLE, RoleArn="other")
    (miss,) = pool_use([other, job("b", 0, 100, AVAILABLE), job("c", 120, 200, AVAILABLE)]).missed
    assert "every field of the match list is equal" in miss.cause


@pytest.mark.parametrize(
    "first",
    [
        job("a", 0, 100, AVAILABLE, keep=15),
        job("a", 0, 118, AVAILABLE),
        job("a", 0, 100, {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 15}),
        job("a", 0, 100, reused_by("c")),
        job("a", 0, None, {"Status": "InUse"}, TrainingJobStatus="InProgress"),
        job("a", 0, 100, keep=0),
        job("a", 0, 100, TrainingJobStatus="Failed", FailureReason="InternalServerError"),
    ],
    ids=["expired", "not Available yet", "released before", "reused before", "busy", "none asked for", "not kept"],
)
def test_where_no_pool_was_there_none_is_missed(first: dict[str, Any]) -> None:
    kept = job("x", 1000, 1100, AVAILABLE)
    use = pool_use([first, job("b", 120, 200, AVAILABLE, keep=0), job("c", 119, 200, keep=0), kept])
    assert missed(use) == []
    assert use.quota is None


def test_a_pool_that_the_final_job_took_ended_then() -> None:
    final = job("final", 110, 300)
    jobs = [job("a", 0, 100, reused_by("final")), job("b", 120, 200, AVAILABLE)]
    assert missed(pool_use(jobs, [final])) == []
    later = final | {"CreationTime": START + timedelta(seconds=130)}
    assert missed(pool_use(jobs, [later])) == ["b"]


def test_a_fold_that_failed_of_its_own_left_a_pool() -> None:
    failed = job("a", 0, 100, AVAILABLE, TrainingJobStatus="Failed", FailureReason="AlgorithmError: exit code 1")
    assert missed(pool_use([failed, job("b", 120, 200, AVAILABLE)])) == ["b"]


def test_no_pool_ever_kept_although_asked_for_is_a_quota_of_0() -> None:
    use = pool_use([job(name, start, start + 100) for name, start in (("a", 0), ("b", 0), ("c", 120), ("d", 120))])
    assert use.quota == "ml.m5.xlarge for training warm pool usage"
    assert (use.cold_starts, use.expected_cold_starts, use.missed) == (4, 2, [])


def test_a_quota_is_not_suspected_before_a_pool_was_missed() -> None:
    assert pool_use([job("a", 0, 100), job("b", 0, 100)]).quota is None
    assert pool_use([job("a", 0, 100, keep=0), job("b", 120, 220, keep=0)]).quota is None


def test_as_many_cold_starts_are_expected_as_fold_jobs_ran_at_a_time() -> None:
    jobs = [job("a", 0, 100, AVAILABLE), job("b", 50, 150, AVAILABLE), job("c", 100, 200, AVAILABLE)]
    assert pool_use(jobs).expected_cold_starts == 2


def test_a_fold_that_was_stopped_before_it_started_is_no_start() -> None:
    stopped = job("b", 120, 125, AVAILABLE, TrainingJobStatus="Stopped")
    del stopped["TrainingStartTime"]
    use = pool_use([job("a", 0, 100, AVAILABLE), stopped])
    assert use == PoolUse(cold_starts=1, expected_cold_starts=1, missed=[], quota=None)


def test_without_fold_jobs_there_is_nothing_to_say() -> None:
    assert pool_use([]) == PoolUse(cold_starts=0, expected_cold_starts=0, missed=[], quota=None)
