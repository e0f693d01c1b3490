"""A run's warm pools: which to keep, and the end of the others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pipeline.sagemaker_jobs import Jobs

_NOT_KNOWN = datetime.min.replace(tzinfo=UTC)


def release_warm_pools(jobs: Jobs, prefix: str, run: str, keep: int) -> dict[str, Any]:
    """Release a run's Available pools but the `keep` that last longest.

    Returns how many were `released` and the names of the jobs whose pools were `kept`.
    """
    kept, surplus = divide(available_pools(jobs, prefix, run), keep)
    return {"released": sum(jobs.release_pool(name) for name in surplus), "kept": kept}


def available_pools(jobs: Jobs, prefix: str, run: str) -> list[dict[str, Any]]:
    """Return the summaries of a run's training jobs that left a pool which is Available."""
    return jobs.training_jobs(f"{prefix}-{run}-", WarmPoolStatusEquals="Available")


def divide(pools: Iterable[dict[str, Any]], keep: int) -> tuple[list[str], list[str]]:
    """Return the names of the jobs whose pools to keep and to release.

    All of a run's folds ask for one keep-alive, so the pool of the job that ended last is kept longest.
    """
    latest_first = sorted(pools, key=lambda job: job.get("TrainingEndTime") or _NOT_KNOWN, reverse=True)
    names = [job["TrainingJobName"] for job in latest_first]
    return names[:keep], names[keep:]
