"""Warm pools by AWS's matching rules, on a clock of the test's own."""

import copy
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID

from warmfold.cloud.sagemaker.pools import PoolShape, WarmPools, WarmPoolState

REQUEST: dict[str, Any] = {
    "RoleArn": f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/fold",
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "VpcConfig": {"Subnets": ["subnet-a", "subnet-b"], "SecurityGroupIds": ["sg-a"]},
    "EnableNetworkIsolation": False,
}


def shape(**changes: Any) -> PoolShape:
    request = copy.deepcopy(REQUEST)
    for key, value in changes.items():
        resource = key in ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
        (request["ResourceConfig"] if resource else request)[key] = value
    return PoolShape.of_request(request)


@pytest.fixture
def pools() -> WarmPools[str]:
    return WarmPools()


def keep(
    pools: WarmPools[str], name: str = "old", now: float = 100.0, keep_alive: float = 60.0, born: float = 0.0
) -> WarmPoolState:
    state = WarmPoolState()
    pools.keep(name, shape(), state, f"instance of {name}", now, keep_alive, born)
    return state


@pytest.mark.parametrize(
    "change",
    [
        {"RoleArn": "another"},
        {"InstanceType": "ml.m5.large"},
        {"InstanceCount": 2},
        {"VolumeSizeInGB": 11},
        {"VolumeKmsKeyId": "key"},
        {"VpcConfig": {"Subnets": ["subnet-a"], "SecurityGroupIds": ["sg-a"]}},
        {"EnableInterContainerTrafficEncryption": True},
        {"EnableNetworkIsolation": True},
    ],
)
def test_a_job_that_differs_in_one_of_these_does_not_match(pools: WarmPools[str], change: dict[str, Any]) -> None:
    state = keep(pools)
    assert pools.take(shape(**change), "new", 101.0) is None
    assert state.describe() == {"Status": "Available"}


@pytest.mark.parametrize(
    "change",
    [
        {"Environment": {"A": "b"}},
        {"HyperParameters": {"depth": "3"}},
        {"AlgorithmSpecification": {"TrainingImage": "another"}},
        {"EnableInterContainerTrafficEncryption": False},
        {"VpcConfig": {"Subnets": ["subnet-b", "subnet-a"], "SecurityGroupIds": ["sg-a"]}},
    ],
)
def test_a_job_that_differs_in_anything_else_matches(pools: WarmPools[str], change: dict[str, Any]) -> None:
    keep(pools)
    assert pools.take(shape(**change), "new", 101.0) is not None


def test_a_reused_pool_names_the_job_and_the_retained_seconds_and_is_gone(pools: WarmPools[str]) -> None:
    state = keep(pools)
    taken = pools.take(shape(), "new", 107.5)
    assert taken is not None
    assert taken.kept == "instance of old"
    assert state.describe() == {
        "Status": "Reused",
        "ResourceRetainedBillableTimeInSeconds": 8,
        "ReusedByJob": "new",
    }
    assert pools.take(shape(), "newer", 107.5) is None


def test_the_pool_that_waited_longest_is_reused_first(pools: WarmPools[str]) -> None:
    keep(pools, "first")
    keep(pools, "second", now=101.0)
    taken = pools.take(shape(), "new", 102.0)
    assert taken is not None
    assert taken.job_name == "first"


def test_a_pool_expires_when_its_keep_alive_is_over(pools: WarmPools[str]) -> None:
    state = keep(pools)
    assert pools.expire(159.9) == []
    assert pools.take(shape(), "late", 160.0) is None
    assert [pool.kept for pool in pools.expire(500.0)] == ["instance of old"]
    assert state.describe() == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 60}


def test_a_keep_alive_can_be_extended(pools: WarmPools[str]) -> None:
    keep(pools)
    pools.extend("old", 120.0)
    assert pools.expire(219.0) == []
    assert len(pools.expire(220.0)) == 1


def test_28_days_after_its_first_job_an_instance_is_kept_no_longer(pools: WarmPools[str]) -> None:
    end = 28 * 86_400.0
    state = keep(pools, now=end - 10, keep_alive=60)
    assert pools.next_expiry() == end
    pools.extend("old", 3600)
    taken = pools.take(shape(), "heir", end - 1)
    assert taken is not None
    assert taken.born == 0, "whoever reuses it does not make it younger"
    assert state.reused_by == "heir"
    keep(pools, "heir", now=end, born=taken.born)
    assert pools.take(shape(), "late", end) is None
    assert [pool.job_name for pool in pools.expire(end)] == ["heir"]


def test_a_released_pool_is_terminated_and_counts_no_more(pools: WarmPools[str]) -> None:
    state = keep(pools)
    assert pools.instances("ml.m5.xlarge") == 1
    assert pools.instances("ml.m5.large") == 0
    pools.release("old", 130.0)
    assert [pool.kept for pool in pools.expire(130.0)] == ["instance of old"]
    assert state.describe() == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 30}
    assert pools.instances("ml.m5.xlarge") == 0


def test_a_pool_whose_release_takes_its_time_counts_and_is_nobody_s(pools: WarmPools[str]) -> None:
    state = keep(pools)
    pools.release("old", 130.0, late=10.0)
    assert pools.expire(139.0) == []
    assert (state.describe(), pools.instances("ml.m5.xlarge")) == ({"Status": "Available"}, 1)
    assert pools.take(shape(), "new", 135.0) is None
    assert len(pools.expire(140.0)) == 1
