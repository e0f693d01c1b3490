"""A run's warm pools: which to keep, and the end of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.aws.jobs import RUNNING, Jobs
from warmfold_run import names

MOST_COMPARED = 20
"""Pools whose keep-alive is worth asking for: Describe is shared by the account, and old pools end first."""
_NOT_KNOWN = datetime.min.replace(tzinfo=UTC)


def release_warm_pools(
    jobs: Jobs, prefix: str, run: str, keep: int, has_time: Callable[[], bool] = lambda: True
) -> dict[str, Any]:
    """Release a run's Available pools but the `keep` that last longest, and stop what still runs.

    For a run whose tuning job is over: a fold that runs now has lost its candidate, and would leave a pool. Returns how
    many were `released`, the names of the jobs whose pools were `kept`, how many jobs were `running`, and `clean`: that
    there was nothing to stop, to release or to wait for. Stops early when `has_time` says so.
    """
    running = running_jobs(jobs, prefix, run)
    stop_jobs(jobs, running, has_time)
    kept, surplus = divide(available_pools(jobs, prefix, run), keep, lambda name: _keep_alive(jobs, name))
    released = sum(jobs.release_pool(name) for name in surplus if has_time())
    waiting = pools_in_use(jobs, prefix, run)
    clean = not (running or surplus or waiting)
    return {"released": released, "kept": kept, "running": len(running), "clean": clean}


def running_jobs(jobs: Jobs, prefix: str, run: str) -> list[dict[str, Any]]:
    """Return the summaries of a run's training jobs that are not terminal."""
    start = names.training_jobs(prefix, run)
    return [job for status in RUNNING for job in jobs.training_jobs(start, StatusEquals=status)]


def stop_jobs(jobs: Jobs, running: Iterable[dict[str, Any]], has_time: Callable[[], bool]) -> None:
    """Stop those that nobody has stopped yet."""
    for job in running:
        if job["TrainingJobStatus"] == "InProgress" and has_time():
            jobs.stop("training", job["TrainingJobName"])


def pools_in_use(jobs: Jobs, prefix: str, run: str) -> list[dict[str, Any]]:
    """Return the summaries of a run's training jobs whose pool is InUse: it can still become Available."""
    return jobs.training_jobs(names.training_jobs(prefix, run), WarmPoolStatusEquals="InUse")


def available_pools(jobs: Jobs, prefix: str, run: str) -> list[dict[str, Any]]:
    """Return the summaries of a run's training jobs that left a pool which is Available."""
    return jobs.training_jobs(names.training_jobs(prefix, run), WarmPoolStatusEquals="Available")


def divide(pools: Iterable[dict[str, Any]], keep: int, keep_alive: Callable[[str], int]) -> tuple[list[str], list[str]]:
    """Return the names of the jobs whose pools to keep, those that last longest, and to release.

    `keep_alive` gives the seconds that a job's pool was asked to last, which no list has; it is asked of the
    MOST_COMPARED newest pools only.
    """
    ordered = sorted(pools, key=lambda job: job.get("TrainingEndTime") or _NOT_KNOWN, reverse=True)
    if 0 < keep < len(ordered):
        newest = ordered[:MOST_COMPARED]
        lasting = {job["TrainingJobName"]: timedelta(seconds=keep_alive(job["TrainingJobName"])) for job in newest}
        newest.sort(
            key=lambda job: (job.get("TrainingEndTime") or _NOT_KNOWN) + lasting[job["TrainingJobName"]], reverse=True
        )
        ordered[:MOST_COMPARED] = newest
    jobs = [job["TrainingJobName"] for job in ordered]
    return jobs[:keep], jobs[keep:]


def _keep_alive(jobs: Jobs, training_job: str) -> int:
    job = jobs.describe("training", training_job) or {}
    return int(job.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds", 0))
