"""Entry point of every candidate: its K folds, trained here or as jobs in warm pools, then the mean of their scores.

SageMaker takes the two lines printed last as the candidate's metrics.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from warmfold_jobs import container
from warmfold_jobs.fan_out.backoff import Backoff, Clock
from warmfold_jobs.fan_out.fold import Outcome
from warmfold_jobs.fan_out.here import ProcessTrainer, Trainer, available_memory, cores, lanes
from warmfold_jobs.fan_out.jobs import FoldJobs
from warmfold_jobs.fan_out.loop import FanOut
from warmfold_jobs.fan_out.records import RunRecords
from warmfold_jobs.storage import download, get_json

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
    tuned = tuned_hyperparameters(plan, job.hyperparameters)
    outcome = cross_validate(
        plan,
        job.job,
        tuned,
        sagemaker=boto3.client("sagemaker", region_name=plan["region"], config=_CONFIG),
        s3=boto3.client("s3", region_name=plan["region"]),
        clock=WallClock(),
        generator=random.Random(job.job),
        trainer=trainer(plan, tuned, cores(os.environ)),
        log=lambda text: print(text, flush=True),
    )
    print(f"average model training score:{outcome.train_score!r};")
    print(f"average model validation score:{outcome.validation_score!r};")


def cross_validate(
    plan: dict[str, Any],
    candidate: str,
    hyperparameters: dict[str, str],
    *,
    sagemaker: Any,
    s3: Any,
    clock: Clock,
    generator: random.Random,
    trainer: Trainer,
    log: Callable[[str], None],
) -> Outcome:
    """Return the mean scores of a candidate's folds; `hyperparameters` are the tuned ones.

    Raises FoldFailedError or FoldRequestError when a fold is lost.
    """
    return FanOut(
        plan,
        candidate,
        jobs=FoldJobs(plan, candidate, hyperparameters, sagemaker, clock, generator, log),
        records=RunRecords(plan, candidate, s3, clock, generator),
        trainer=trainer,
        clock=clock,
        quota=Backoff(clock, generator, *_QUOTA_INTERVALS),
        log=log,
    ).run()


def tuned_hyperparameters(plan: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    """Those that the tuning job chose, without the static ones and SageMaker's own."""
    space = plan["experiment"]["search"]["hyperparameters"]
    return {name: given[name] for name, entry in space.items() if "value" not in entry and name in given}


def trainer(plan: dict[str, Any], tuned: dict[str, str], cores: int) -> ProcessTrainer:
    """What trains this candidate's folds in processes of this machine, as many at a time as cores and memory allow."""
    at_a_time = lanes(cores, plan["data"]["size"], available_memory())
    return ProcessTrainer(partial(prepare, plan), partial(train, plan, tuned), at_a_time, cores)


def prepare(plan: dict[str, Any], folder: Path) -> None:
    """Bring the parts and the profile into a folder, and import what training needs."""
    from warmfold_jobs.training.fit import import_libraries

    import_libraries(plan)
    s3 = boto3.client("s3", region_name=plan["region"])
    download(s3, plan["locations"]["parts"], folder / "parts")
    profile = get_json(s3, plan["locations"]["run"] + "profile.json")
    (folder / "profile.json").write_text(json.dumps(profile), "utf-8")


def train(plan: dict[str, Any], tuned: dict[str, str], fold: int, folder: Path) -> dict[str, Any]:
    """Train a fold on what `prepare` brought, in the order of the names, as a fold job does."""
    from warmfold_jobs.data.table import read_profile
    from warmfold_jobs.training.fit import train_fold

    files = sorted((folder / "parts").rglob("*.csv"))
    validation = [file for file in files if file.relative_to(folder / "parts").parts[0] == str(fold)]
    rest = [file for file in files if file not in validation]
    return train_fold(plan, read_profile(folder / "profile.json"), tuned, rest, validation)
