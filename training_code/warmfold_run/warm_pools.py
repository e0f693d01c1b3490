"""Managed warm pools: what a job must have in common with the one that left a pool. Source: SageMaker's guide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

LONGEST_KEEP_ALIVE_SECONDS = 3600
"""What SageMaker keeps a pool for at most."""


class Difference(NamedTuple):
    """A field of the match list in which a job differs from the one that left a pool, as errors show both."""

    field: str
    asked: str
    there: str


def differences(job: Mapping[str, Any], pool_job: Mapping[str, Any]) -> list[Difference]:
    """Return why a job can't take the pool that another left; nothing where it can. Both are requests or Describe's."""
    asked, there = _match_list(job), _match_list(pool_job)
    return [
        Difference(field, _shown(asked[field]), _shown(there[field])) for field in asked if asked[field] != there[field]
    ]


def _match_list(job: Mapping[str, Any]) -> dict[str, Any]:
    resources, network = job.get("ResourceConfig", {}), job.get("VpcConfig", {})
    return {
        "RoleArn": job.get("RoleArn"),
        "InstanceType": resources.get("InstanceType"),
        "InstanceCount": resources.get("InstanceCount"),
        "VolumeSizeInGB": resources.get("VolumeSizeInGB"),
        "VolumeKmsKeyId": resources.get("VolumeKmsKeyId"),
        "VpcConfig": (sorted(network.get("Subnets", [])), sorted(network.get("SecurityGroupIds", []))),
        "EnableInterContainerTrafficEncryption": job.get("EnableInterContainerTrafficEncryption", False),
        "EnableNetworkIsolation": job.get("EnableNetworkIsolation", False),
    }


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(name for names in value for name in names) or "none"
    return "none" if value is None else str(value)
