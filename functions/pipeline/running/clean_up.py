"""What a run that did not succeed has left: counted once, and told to stop as far as that can be done now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.aws.jobs import RUNNING, Jobs, Kind
from pipeline.running.warm_pools import available_pools, pools_in_use, running_jobs, stop_jobs
from warmfold_run import names


def stop_run_jobs(jobs: Jobs, prefix: str, run: str, has_time: Callable[[], bool] = lambda: True) -> dict[str, Any]:
    """Stop a run's jobs as far as that can be done now, release its pools, and count what was found.

    `running` jobs are those not terminal, `available` the warm pools; `clean` says that there were neither, nor a pool
    InUse. Folds are left alone while the tuning job is not terminal: its candidates would only create new ones in their
    place. Stops early when `has_time` says so; the next look goes on.
    """
    singles: list[tuple[Kind, str]] = [
        ("processing", names.processing_job(prefix, run)),
        ("tuning", names.tuning_job(prefix, run)),
        ("transform", names.transform_job(prefix, run)),
    ]
    statuses = {kind: _push(jobs, kind, name) for kind, name in singles}
    training = running_jobs(jobs, prefix, run)
    if statuses["tuning"] not in RUNNING:
        stop_jobs(jobs, training, has_time)
    pools = available_pools(jobs, prefix, run)
    for pool in pools:
        if has_time():
            jobs.release_pool(pool["TrainingJobName"])
    running = len(training) + sum(status in RUNNING for status in statuses.values())
    clean = not (running or pools or pools_in_use(jobs, prefix, run))
    return {"running": running, "available": len(pools), "clean": clean, "run": run}


def _push(jobs: Jobs, kind: Kind, name: str) -> str | None:
    """Return the status that a job had, having asked it to stop when it was InProgress."""
    status = jobs.status(kind, name)
    if status == "InProgress":
        jobs.stop(kind, name)
    return status
