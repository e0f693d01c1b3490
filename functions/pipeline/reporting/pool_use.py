"""Whether fold jobs found the warm pools that were there for them, and what it cost where they did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from warmfold_run.warm_pools import differences

EDGE_SECONDS = 5
"""A pool becomes Available some seconds after its job's TrainingEndTime, and times are whole seconds."""
ASSUMED_WARM_START = 10.0
"""Seconds of a warm start in a run that had none."""
_POOL_LEAVING = ("Completed", "Stopped")
_KEPT_AFTER_FAILURE = "AlgorithmError"
_EQUAL = "every field of the match list is equal; SageMaker does not say why it was not taken"


@dataclass(frozen=True)
class Pool:
    """A warm pool's time, Available from `start` to `end` after `job`; `kept` says that there was one for sure."""

    job: dict[str, Any]
    start: datetime
    end: datetime
    kept: bool


@dataclass(frozen=True)
class Miss:
    """A fold job that started cold although a pool was Available, and why; `kept` is that of the pool."""

    job: str
    cause: str
    kept: bool


@dataclass(frozen=True)
class PoolUse:
    """How a run's fold jobs started.

    `expected_cold_starts` is the most fold jobs there were at a time: each needs an instance of its own once.
    `missed` are the cold starts that a pool should have saved, `quota` the quota that looks like 0, if one does.
    """

    cold_starts: int
    expected_cold_starts: int
    missed: list[Miss]
    quota: str | None


def pool_use(jobs: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]] = ()) -> PoolUse:
    """Return what can be known afterwards from the descriptions of a run's fold jobs.

    `others` are descriptions of jobs that are no folds and may have taken a fold's pool.
    """
    takers = {_pool_status(job)["ReusedByJob"] for job in jobs if _pool_status(job).get("ReusedByJob")}
    cold = [job for job in jobs if job["TrainingJobName"] not in takers and "TrainingStartTime" in job]
    created = {job["TrainingJobName"]: job["CreationTime"] for job in (*jobs, *others)}
    pools = [pool for job in jobs if (pool := _pool_of(job, created)) is not None]
    missed = list(_misses(cold, pools))
    quota = None
    if missed and not any(pool.kept for pool in pools):
        kind = jobs[0]["ResourceConfig"]["InstanceType"]
        quota, missed = f"{kind} for training warm pool usage", []
    missed = [miss for miss in missed if miss.kept]
    return PoolUse(len(cold), _most_at_a_time(jobs), missed, quota)


def _pool_of(job: dict[str, Any], created: dict[str, datetime]) -> Pool | None:
    """Return the pool that a job left or should have left; None when it asked for none or could leave none."""
    keep_alive = job.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds", 0)
    leaves = job["TrainingJobStatus"] in _POOL_LEAVING or job.get("FailureReason", "").startswith(_KEPT_AFTER_FAILURE)
    if not keep_alive or not leaves or "TrainingEndTime" not in job or "TrainingStartTime" not in job:
        return None
    status, start = _pool_status(job), job["TrainingEndTime"]
    retained = status.get("ResourceRetainedBillableTimeInSeconds", 0)
    end = start + timedelta(seconds=keep_alive)
    if status.get("ReusedByJob") in created:
        return Pool(job, start, created[status["ReusedByJob"]], kept=True)
    if status.get("Status") in ("Reused", "Terminated") and retained:
        return Pool(job, start, min(end, start + timedelta(seconds=retained)), kept=True)
    return Pool(job, start, end, kept=status.get("Status") in ("Available", "Reused"))


def _misses(cold: Iterable[dict[str, Any]], pools: Iterable[Pool]) -> Iterator[Miss]:
    """Yield the cold starts that a pool could have saved; a pool could have saved one."""
    free = list(pools)
    edge = timedelta(seconds=EDGE_SECONDS)
    for job in sorted(cold, key=lambda job: job["CreationTime"]):
        there = [pool for pool in free if pool.start + edge <= job["CreationTime"] < pool.end]
        if there:
            pool = min(there, key=lambda pool: (not pool.kept, len(differences(job, pool.job))))
            free.remove(pool)
            yield Miss(job["TrainingJobName"], "; ".join(_in_words(job, pool.job)) or _EQUAL, pool.kept)


def _in_words(job: dict[str, Any], pool_job: dict[str, Any]) -> list[str]:
    found = differences(job, pool_job)
    return [f"{one.field} is {one.asked}, and was {one.there} in the pool's job" for one in found]


def _most_at_a_time(jobs: Iterable[dict[str, Any]]) -> int:
    # a job that is created when another ends takes its place, so ends come first
    changes = [(job["CreationTime"], 1) for job in jobs if "TrainingStartTime" in job]
    changes += [(job["TrainingEndTime"], -1) for job in jobs if "TrainingStartTime" in job and "TrainingEndTime" in job]
    running = most = 0
    for _, change in sorted(changes):
        running += change
        most = max(most, running)
    return most


def _pool_status(job: dict[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = job.get("WarmPoolStatus", {})
    return status
