"""Managed warm pools: which job may use which kept instance, and what Describe says about it. No processes here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Kept = TypeVar("Kept")

MAX_LIFE_SECONDS = 28 * 86_400.0
"""How long one instance may go from job to job; AWS then ends its pool."""


@dataclass(frozen=True)
class PoolShape:
    """What must be equal for a job to match a pool."""

    role_arn: str
    instance_type: str
    instance_count: int
    volume_size: int
    volume_key: str | None
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    encrypted_traffic: bool
    network_isolation: bool

    @classmethod
    def of_request(cls, request: Mapping[str, Any]) -> "PoolShape":
        """The shape a CreateTrainingJob request asks for."""
        resources = request["ResourceConfig"]
        vpc = request.get("VpcConfig") or {}
        return cls(
            role_arn=request["RoleArn"],
            instance_type=resources["InstanceType"],
            instance_count=resources["InstanceCount"],
            volume_size=resources["VolumeSizeInGB"],
            volume_key=resources.get("VolumeKmsKeyId"),
            subnets=tuple(sorted(vpc.get("Subnets", ()))),
            security_groups=tuple(sorted(vpc.get("SecurityGroupIds", ()))),
            encrypted_traffic=bool(request.get("EnableInterContainerTrafficEncryption", False)),
            network_isolation=bool(request.get("EnableNetworkIsolation", False)),
        )


@dataclass
class WarmPoolState:
    """The WarmPoolStatus of one job."""

    status: str = "InUse"
    retained_seconds: int | None = None
    reused_by: str | None = None

    def describe(self) -> dict[str, Any]:
        """As Describe and List show it."""
        shown: dict[str, Any] = {"Status": self.status}
        if self.retained_seconds is not None:
            shown["ResourceRetainedBillableTimeInSeconds"] = self.retained_seconds
        if self.reused_by is not None:
            shown["ReusedByJob"] = self.reused_by
        return shown


@dataclass
class Pool(Generic[Kept]):
    """An instance kept after its job ended; `since` (it is Available), `born` (its first job's creation) in seconds."""

    job_name: str
    shape: PoolShape
    state: WarmPoolState
    kept: Kept
    since: float
    born: float
    keep_alive: float
    released_until: float | None = None
    """When a pool that was released is gone; until then it is shown as it was."""

    @property
    def expires_at(self) -> float:
        """When its keep-alive is over, or its life, or its release is through."""
        if self.released_until is not None:
            return self.released_until
        return min(self.since + self.keep_alive, self.born + MAX_LIFE_SECONDS)

    def is_free(self, now: float) -> bool:
        """Whether a job may have it."""
        return self.released_until is None and self.since <= now < self.expires_at


@dataclass
class WarmPools(Generic[Kept]):
    """The pools, the longest waiting first. Callers serialize access."""

    _pools: dict[str, Pool[Kept]] = field(default_factory=dict)

    def keep(
        self,
        job_name: str,
        shape: PoolShape,
        state: WarmPoolState,
        kept: Kept,
        now: float,
        keep_alive: float,
        born: float,
        late: float = 0.0,
    ) -> Pool[Kept]:
        """Make what a job leaves behind Available for `keep_alive` seconds, or until 28 days after it was `born`.

        It is InUse still until `late` seconds from now.
        """
        pool = Pool(job_name, shape, state, kept, now + late, born, keep_alive)
        self._pools[job_name] = pool
        self.refresh(now)
        return pool

    def refresh(self, now: float) -> None:
        """Show as Available what has become so."""
        for pool in self._pools.values():
            if pool.since <= now:
                pool.state.status = "Available"

    def take(self, shape: PoolShape, job_name: str, now: float) -> Pool[Kept] | None:
        """The Available pool that matches, now reused by `job_name`; none matches: None, a cold start."""
        for pool in self._pools.values():
            if pool.shape == shape and pool.is_free(now):
                self._end(pool, "Reused", now)
                pool.state.reused_by = job_name
                return pool
        return None

    def matches(self, shape: PoolShape, now: float) -> bool:
        """Whether `take` would find a pool."""
        return any(pool.shape == shape and pool.is_free(now) for pool in self._pools.values())

    def extend(self, job_name: str, keep_alive: float) -> None:
        """Give an Available pool another keep-alive, counted from when it became Available."""
        self._pools[job_name].keep_alive = keep_alive

    def release(self, job_name: str, now: float, late: float = 0.0) -> None:
        """Have the Available pool that the job left be over `late` seconds from now; no job gets it any more."""
        self._pools[job_name].released_until = now + late

    def holds(self, job_name: str) -> bool:
        """Whether there is a pool that the job left."""
        return job_name in self._pools

    def is_released(self, job_name: str) -> bool:
        """Whether the job's pool is being released."""
        return job_name in self._pools and self._pools[job_name].released_until is not None

    def expire(self, now: float) -> list[Pool[Kept]]:
        """Terminate the pools whose time is over and hand them back."""
        over = [pool for pool in self._pools.values() if now >= pool.expires_at]
        for pool in over:
            self._end(pool, "Terminated", min(now, pool.expires_at))
        return over

    def next_expiry(self) -> float | None:
        """When the first of the pools will be over; None without pools."""
        return min((pool.expires_at for pool in self._pools.values()), default=None)

    def release_all(self, now: float) -> list[Pool[Kept]]:
        """Terminate every pool and hand them back."""
        everything = list(self._pools.values())
        for pool in everything:
            self._end(pool, "Terminated", now)
        return everything

    def instances(self, instance_type: str) -> int:
        """How many instances of the type are in pools."""
        return sum(p.shape.instance_count for p in self._pools.values() if p.shape.instance_type == instance_type)

    def _end(self, pool: Pool[Kept], status: str, now: float) -> None:
        del self._pools[pool.job_name]
        pool.state.status = status
        pool.state.retained_seconds = max(0, math.ceil(now - pool.since))
