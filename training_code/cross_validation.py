"""Entry point of every candidate: its K folds as training jobs in warm pools, then the mean of their scores.

It fits nothing itself, unless the quota leaves no instance for its folds. SageMaker takes the two lines printed last as
the candidate's metrics.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

import container
from fan_out import FanOut
from storage import download, get_json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# throttling is the fan-out's to wait out, on its own clock
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 2})


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
    s3 = boto3.client("s3", region_name=plan["region"])
    tuned = tuned_hyperparameters(plan, job.hyperparameters)
    with tempfile.TemporaryDirectory() as folder:
        fan_out = FanOut(
            plan,
            job.job,
            tuned,
            sagemaker=boto3.client("sagemaker", region_name=plan["region"], config=_CONFIG),
            s3=s3,
            clock=WallClock(),
            generator=random.Random(job.job),
            train_here=trainer(plan, job.job, tuned, s3, Path(folder)),
            log=lambda text: print(text, flush=True),
        )
        scores = fan_out.run()
    print(f"average model training score:{fmean(score['train_score'] for score in scores)!r};")
    print(f"average model validation score:{fmean(score['validation_score'] for score in scores)!r};")


def tuned_hyperparameters(plan: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    """Those that the tuning job chose, without the static ones and SageMaker's own."""
    space = plan["experiment"]["search"]["hyperparameters"]
    return {name: given[name] for name, entry in space.items() if "value" not in entry and name in given}


def trainer(
    plan: dict[str, Any], candidate: str, tuned: dict[str, str], s3: S3Client, folder: Path
) -> Callable[[int], None]:
    """What trains a fold in this process: its data come from S3, once for all folds, and its score goes there."""

    def train_here(fold: int) -> None:
        # scikit-learn takes seconds to import, and hardly any candidate needs it
        from table import Schema
        from training import train_fold, write_fold_score

        if not folder.joinpath("0").is_dir():
            download(s3, plan["locations"]["parts"], folder)
        parts = {int(path.name): sorted(path.rglob("*.csv")) for path in folder.iterdir()}
        train = [file for part in sorted(parts) if part != fold for file in parts[part]]
        schema = Schema.of_profile(get_json(s3, plan["locations"]["run"] + "profile.json"))
        result = train_fold(plan, schema, tuned, train, parts[fold])
        write_fold_score(s3, plan, candidate, fold, {"job": candidate, **result})

    return train_here


if __name__ == "__main__":
    sys.exit(container.run(main, os.environ))
