"""A small account on the virtual clock, and scripts that run in it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.fan_out.clock import VirtualClock
from benchmarks.fan_out.constants import Assumptions
from benchmarks.fan_out.plans import plan
from benchmarks.fan_out.s3 import VirtualS3
from benchmarks.fan_out.sagemaker import Failure, Quota, VirtualSageMaker, never
from benchmarks.fan_out.sides import SIDES
from benchmarks.fan_out.workload import Case, Workload

FOLDER = "runs/r/candidates/"
CANDIDATE = "wf-bench-001-0a1b2c3d"


def workload(*seconds: Sequence[float]) -> Workload:
    """Candidates with such fold seconds, and scores that say which fold it is."""
    return Workload(seconds, [[0.5 + fold / 100 for fold in range(len(row))] for row in seconds])


class Account:
    """Folds of 30, 40 and 50 seconds."""

    def __init__(
        self,
        quota: Quota | None = None,
        failures: Callable[[str], Failure | None] = never,
        assume: Assumptions | None = None,
        seconds: Sequence[float] = (30.0, 40.0, 50.0),
    ) -> None:
        self.clock = VirtualClock()
        self.s3 = VirtualS3(self.clock)
        folds = workload(seconds)
        self.sagemaker = VirtualSageMaker(
            self.clock, assume or Assumptions(), folds, self.s3, FOLDER, quota or Quota(), failures
        )
        self._template = plan(Case(3, 1, 40.0), SIDES["default"])["requests"]["fold"]

    def create(self, fold: int, keep_alive: int = 600, attempt: int = 0, **changes: Any) -> str:
        """Create a fold's job, with some of the request's fields changed; its name."""
        name = f"{CANDIDATE}-f{fold}" + (f"-r{attempt}" if attempt else "")
        request = copy.deepcopy(self._template) | changes
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = keep_alive
        self.sagemaker.create_training_job(TrainingJobName=name, **request)
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def scored(self) -> list[str]:
        """The names of the scores that are in S3."""
        page = self.s3.list_objects_v2(Bucket="b", Prefix=f"{FOLDER}{CANDIDATE}/")
        return [item["Key"].rpartition("/")[2] for item in page.get("Contents", [])]

    def sleep_until(self, time: float) -> None:
        self.clock.sleep(time - self.clock.now())

    def run(self, *scripts: Callable[[], None]) -> None:
        self.clock.run(scripts)
