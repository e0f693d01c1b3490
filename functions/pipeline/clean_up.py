"""What a run that did not succeed has left: one look, and one push to stop it."""

from __future__ import annotations

from typing import Any

from pipeline import names
from pipeline.sagemaker_jobs import RUNNING, Jobs, Kind
from pipeline.warm_pools import available_pools


def stop_run_jobs(jobs: Jobs, prefix: str, run: str) -> dict[str, Any]:
    """Stop a run's jobs as far as that can be done now, release its pools, and count what was found.

    `running` jobs are those not terminal, `available` the warm pools; `clean` says that there were neither. Folds are
    left alone while the tuning job is not terminal: its candidates would only create new ones in their place.
    """
    singles: list[tuple[Kind, str]] = [
        ("processing", names.processing_job(prefix, run)),
        ("tuning", names.tuning_job(prefix, run)),
        ("transform", names.transform_job(prefix, run)),
    ]
    statuses = {kind: _push(jobs, kind, name) for kind, name in singles}
    training = [job for status in RUNNING for job in jobs.training_jobs(f"{prefix}-{run}-", StatusEquals=status)]
    if statuses["tuning"] not in RUNNING:
        for job in training:
            if job["TrainingJobStatus"] == "InProgress":
                jobs.stop("training", job["TrainingJobName"])
    pools = available_pools(jobs, prefix, run)
    for pool in pools:
        jobs.release_pool(pool["TrainingJobName"])
    running = len(training) + sum(status in RUNNING for status in statuses.values())
    return {"running": running, "available": len(pools), "clean": not running and not pools, "run": run}


def _push(jobs: Jobs, kind: Kind, name: str) -> str | None:
    """Return the status that a job had, having asked it to stop when it was InProgress."""
    status = jobs.status(kind, name)
    if status == "InProgress":
        jobs.stop(kind, name)
    return status
