"""Why a job can't take a pool that another left."""

from __future__ import annotations

from typing import Any

import pytest

from warmfold_run.warm_pools import differences

JOB: dict[str, Any] = {
    "RoleArn": "arn:aws:iam::000000000000:role/fold",
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "VpcConfig": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
}


def test_what_says_the_same_in_another_order_differs_in_nothing() -> None:
    other = JOB | {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-2", "subnet-1"]}}
    assert differences(JOB, other | {"EnableNetworkIsolation": False, "TrainingJobName": "x"}) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"RoleArn": "other"}, ("RoleArn", JOB["RoleArn"], "other")),
        ({"ResourceConfig": JOB["ResourceConfig"] | {"VolumeKmsKeyId": "k"}}, ("VolumeKmsKeyId", "none", "k")),
        ({"VpcConfig": {}}, ("VpcConfig", "subnet-1, subnet-2, sg-1", "none")),
        ({"EnableNetworkIsolation": True}, ("EnableNetworkIsolation", "False", "True")),
    ],
)
def test_a_field_that_differs_is_named_with_both_values(change: dict[str, Any], said: tuple[str, str, str]) -> None:
    assert differences(JOB, JOB | change) == [said]
