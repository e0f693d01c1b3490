"""Entry point of every candidate: its K folds, trained here or as jobs in warm pools, then the mean of their scores.

This joins what is apart: the loop (`loop.py`) with its places (`own_machine.py`, `fold_jobs.py`), records, clients and
clock. SageMaker takes the two lines printed last as the candidate's metrics.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from warmfold_jobs import container
from warmfold_jobs.fan_out.backoff import Backoff, Clock
from warmfold_jobs.fan_out.fold_jobs import FoldJobs
from warmfold_jobs.fan_out.job_calls import JobCalls
from warmfold_jobs.fan_out.loop import FanOut, Outcome
from warmfold_jobs.fan_out.own_machine import FoldProcesses, available_memory, cores, lanes
from warmfold_jobs.fan_out.place import Place
from warmfold_jobs.fan_out.record_store import RunRecords
from warmfold_jobs.storage import download, get_json
from warmfold_run import encoding, places
from warmfold_run.plan import Plan, data_bytes
from warmfold_run.records import FoldResult

# throttling is the fan-out's to wait out, on its own clock
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 2})
_QUOTA_INTERVALS = 2.0, 20.0


class WallClock:
    """Time as it passes."""

    def now(self) -> float:
        """Seconds since some fixed time."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(max(0.0, seconds))


def main(job: container.Container) -> None:
    """Cross-validate the candidate that the container holds."""
    plan = job.plan()
    tuned = encoding.tuned(plan["experiment"]["search"]["hyperparameters"], job.hyperparameters)
    clock = WallClock()
    outcome = cross_validate(
        plan,
        job.job,
        tuned,
        sagemaker=boto3.client("sagemaker", region_name=plan["region"], config=_CONFIG),
        s3=boto3.client("s3", region_name=plan["region"]),
        clock=clock,
        generator=random.Random(job.job),
        here=own_machine(plan, tuned, cores(os.environ), clock),
        log=lambda text: print(text, flush=True),
    )
    print(f"average model training score:{outcome.train_score!r};")
    print(f"average model validation score:{outcome.validation_score!r};")


def cross_validate(
    plan: Plan,
    candidate: str,
    hyperparameters: Mapping[str, str],
    *,
    sagemaker: Any,
    s3: Any,
    clock: Clock,
    generator: random.Random,
    here: Place,
    log: Callable[[str], None],
) -> Outcome:
    """Return the mean scores of a candidate's folds; `hyperparameters` are the tuned ones, `here` its own machine.

    Raises FoldFailedError or FoldRequestError when a fold is lost.
    """
    calls = JobCalls(plan, hyperparameters, sagemaker, clock, generator, log)
    records = RunRecords(plan, candidate, s3, clock, generator)
    quota = Backoff(clock, generator, *_QUOTA_INTERVALS)
    jobs = FoldJobs(plan, candidate, calls=calls, records=records, clock=clock, quota=quota, log=log)
    return FanOut(plan, candidate, here=here, elsewhere=jobs, records=records, clock=clock, log=log).run()


def own_machine(plan: Plan, tuned: Mapping[str, str], cores: int, clock: Clock) -> FoldProcesses:
    """The place that is this machine, with as many folds at a time as cores and memory allow."""
    at_a_time = lanes(cores, data_bytes(plan), available_memory())
    return FoldProcesses(partial(prepare, plan), partial(train, plan, tuned), lanes=at_a_time, cores=cores, clock=clock)


def prepare(plan: Plan, folder: Path) -> None:
    """Bring the parts and the profile into a folder, and import what training needs."""
    from warmfold_jobs.training.fit import import_libraries

    import_libraries(plan)
    s3 = boto3.client("s3", region_name=plan["region"])
    download(s3, plan["locations"]["parts"], folder / places.PARTS)
    profile = get_json(s3, plan["locations"]["run"] + places.PROFILE)
    (folder / places.PROFILE).write_text(json.dumps(profile), "utf-8")


def train(plan: Plan, tuned: Mapping[str, str], fold: int, folder: Path) -> FoldResult:
    """Train a fold on what `prepare` brought, as a fold job does."""
    from warmfold_jobs.data.parts import fold_rows
    from warmfold_jobs.data.table import read_profile
    from warmfold_jobs.training.fit import train_fold

    rest, validation = fold_rows(folder / places.PARTS, folder / places.PROFILE, fold)
    schema = read_profile(folder / places.PROFILE)
    return train_fold(plan, schema, dict(tuned), rest, validation)
