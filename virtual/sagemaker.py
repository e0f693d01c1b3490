"""SageMaker's training jobs on a virtual clock: starts, warm pools, quotas, throttling, and the bill."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from virtual.assumptions import Assumptions, Bill, Quota, Start
from virtual.calls import Calls, TokenBucket, client_error
from virtual.clock import VirtualClock
from virtual.fates import Fate, Fates
from virtual.s3 import VirtualS3
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.pools import PoolShape, WarmPools, WarmPoolState
from warmfold.cloud.sagemaker.validation import validated
from warmfold_run import names, places
from warmfold_run.records import FoldScore
from warmfold_run.warm_pools import LONGEST_KEEP_ALIVE_SECONDS

TERMINAL = ("Completed", "Failed", "Stopped")
LONGEST_NAME = 63
_validated: set[str] = set()


@dataclass
class FoldJob:
    """A fold job; `warm` is how it started, `begins` when its script runs, `ends` when it becomes terminal."""

    request: dict[str, Any]
    fate: Fate
    shape: PoolShape
    warm: bool
    start: Start
    created: float
    begins: float
    trained: float = 0.0
    ends: float = 0.0
    status: str = "InProgress"
    was_stopped: bool = False
    pool: WarmPoolState | None = None

    @property
    def keep_alive(self) -> int:
        """Seconds that its instance is kept."""
        return int(self.request["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0))


class VirtualSageMaker:
    """A client of one account; `calls` counts those made through it, and has what they are refused with."""

    def __init__(
        self, clock: VirtualClock, s3: VirtualS3, folder: str, fates: Fates, assume: Assumptions, quota: Quota
    ) -> None:
        """`fates` tells by a job's name what becomes of it, `folder` is the candidates' in the bucket."""
        self._clock, self._s3, self._folder, self._fates = clock, s3, folder, fates
        self._assume, self.quota = assume, quota
        self.calls = Calls(clock)
        self.bill = Bill()
        self.jobs: dict[str, FoldJob] = {}
        self.candidates_running = 0
        """Candidates have instances of the same type."""
        self.most_running = 0
        self._running = 0
        self._pools: WarmPools[None] = WarmPools()
        self._pools_are_kept = True
        self._limits = {
            "CreateTrainingJob": TokenBucket(assume.creates),
            "ListTrainingJobs": TokenBucket(assume.lists),
            "DescribeTrainingJob": TokenBucket(assume.describes),
            "StopTrainingJob": TokenBucket(assume.describes),
        }

    @property
    def in_progress(self) -> list[str]:
        """The jobs that are neither over nor told to stop; no call."""
        return [name for name, job in self.jobs.items() if job.status == "InProgress"]

    @property
    def stopped(self) -> list[str]:
        """The jobs that were told to stop; no call."""
        return [name for name, job in self.jobs.items() if job.was_stopped]

    def create_training_job(self, **request: Any) -> dict[str, Any]:
        """Start a fold job, on a warm instance if one matches now."""
        now, name = self._clock.now(), request["TrainingJobName"]
        self._call("CreateTrainingJob", request)
        if name in self.jobs:
            raise client_error("ResourceInUse", f"Job name {name} is taken.", "CreateTrainingJob")
        shape = PoolShape.of_request(request)
        pool = self._pools.take(shape, name, now)
        if pool is None:
            self._check_quota(shape)
        if pool:
            self.bill.retained += now - pool.since
        fate = self._fates(name)
        start = fate.start or (self._assume.warm if pool else self._assume.cold)
        job = FoldJob(request, fate, shape, pool is not None, start, now, now + start.seconds)
        if job.keep_alive and self.quota.pools > 0:
            job.pool = WarmPoolState()
        self.jobs[name] = job
        self._running += 1
        self.most_running = max(self.most_running, self._running)
        self._plan(name, job)
        return {"TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"}

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """What became of a job."""
        self._call("DescribeTrainingJob", {"TrainingJobName": TrainingJobName})
        job = self._job(TrainingJobName, "DescribeTrainingJob")
        told = {**job.request, "TrainingJobStatus": job.status, "SecondaryStatus": self._secondary(job)}
        if job.fate.reason and job.status == job.fate.status:
            told["FailureReason"] = job.fate.reason
        if job.pool is not None:
            told["WarmPoolStatus"] = job.pool.describe()
        return told

    def stop_training_job(self, TrainingJobName: str) -> None:  # noqa: N803
        """End a job once its script has noticed; one that has not begun notices as it begins."""
        self._call("StopTrainingJob", {"TrainingJobName": TrainingJobName})
        job, now = self._job(TrainingJobName, "StopTrainingJob"), self._clock.now()
        if job.status != "InProgress":
            raise client_error("ValidationException", f"The job is {job.status}.", "StopTrainingJob")
        noticed = max(now + self._assume.stop_seconds, job.begins)
        job.status, job.was_stopped = "Stopping", True
        if noticed < job.trained:
            job.trained, job.ends = float("inf"), min(job.ends, noticed + self._assume.tail)
            self._clock.at(job.ends, lambda: self._end(TrainingJobName, job))

    def list_training_jobs(
        self,
        NameContains: str = "",  # noqa: N803
        StatusEquals: str | None = None,  # noqa: N803
        WarmPoolStatusEquals: str | None = None,  # noqa: N803
        MaxResults: int = 100,  # noqa: N803
    ) -> dict[str, Any]:
        """The newest jobs that match."""
        self._call("ListTrainingJobs", {"MaxResults": MaxResults})
        found = [
            {"TrainingJobName": name, "TrainingJobStatus": job.status}
            | ({"WarmPoolStatus": job.pool.describe()} if job.pool else {})
            for name, job in reversed(self.jobs.items())
            if NameContains in name
            and StatusEquals in (None, job.status)
            and WarmPoolStatusEquals in (None, job.pool.status if job.pool else "")
        ]
        return {"TrainingJobSummaries": found[:MaxResults]}

    def release_pools(self) -> None:
        """Release the pools that wait, and keep none from now on.

        The run keeps one for the final job, which takes it at once, so that its time is over now as well.
        """
        self._pools_are_kept = False
        now = self._clock.now()
        for pool in self._pools.release_all(now):
            self.bill.retained += now - pool.since

    def _call(self, operation: str, request: dict[str, Any]) -> None:
        self.calls.make(operation)
        if not self._limits[operation].take(self._clock.now()):
            raise client_error("ThrottlingException", "Rate exceeded", operation)
        _validate(operation, request)

    def _check_quota(self, shape: PoolShape) -> None:
        used = self._running + self.candidates_running + self._pools.instances(shape.instance_type)
        if used >= self.quota.instances:
            kind = f"The account-level service limit '{shape.instance_type} for training job usage'"
            message = f"{kind} is {self.quota.instances:.0f} Instances, with current utilization of {used} Instances"
            raise client_error("ResourceLimitExceeded", message, "CreateTrainingJob")

    def _job(self, name: str, operation: str) -> FoldJob:
        if name not in self.jobs:
            raise client_error("ValidationException", "Requested resource not found.", operation)
        return self.jobs[name]

    def _plan(self, name: str, job: FoldJob) -> None:
        """Lay down the job's life, unless it is stopped."""
        fate = job.fate
        job.trained = fate.seconds + (job.begins if fate.has_instance else job.created)
        job.ends = job.trained + (self._assume.tail if fate.tail is None else fate.tail)
        if fate.result is not None:
            self._clock.at(job.trained, lambda: self._score(name, job))
        self._clock.at(job.ends, lambda: self._end(name, job))

    def _score(self, name: str, job: FoldJob) -> None:
        parsed = names.parse_fold_job(name)
        if parsed is not None and job.fate.result is not None and job.trained <= self._clock.now():
            candidate, fold, _ = parsed
            score: FoldScore = {"candidate": candidate, "fold": fold, "job": name, **job.fate.result}
            self._s3.place(f"{self._folder}{candidate}/{places.fold_record(fold)}", json.dumps(score).encode())

    def _end(self, name: str, job: FoldJob) -> None:
        now = self._clock.now()
        if job.status in TERMINAL or now < job.ends:
            return
        job.status = "Stopped" if job.was_stopped else job.fate.status
        self._running -= 1
        if job.fate.has_instance:
            self.bill.folds += job.start.billed + now - job.begins
        if job.pool is not None:
            self._keep(name, job, job.pool)

    def _keep(self, name: str, job: FoldJob, state: WarmPoolState) -> None:
        now = self._clock.now()
        if (
            not (job.fate.has_instance and self._pools_are_kept)
            or self._pools.instances(job.shape.instance_type) >= self.quota.pools
        ):
            state.status = "Terminated"
            return
        pool = self._pools.keep(name, job.shape, state, None, now, job.keep_alive, born=now)  # no run lasts 28 days

        def expire() -> None:
            if pool.state.status == "Available":
                self._pools.release(name, pool.expires_at)
                self.bill.retained += pool.expires_at - pool.since

        self._clock.at(pool.expires_at, expire)

    def _secondary(self, job: FoldJob) -> str:
        now = self._clock.now()
        if job.status == job.fate.status and job.fate.secondary:
            return job.fate.secondary
        if job.status != "InProgress":
            return job.status
        return "Starting" if now < job.begins else "Training" if now < job.trained else "Uploading"


def _validate(operation: str, request: dict[str, Any]) -> None:
    """Hold a request against botocore's model, unless one that differs in name and keep-alive only was held already."""
    alike = {name: value for name, value in request.items() if name not in ("TrainingJobName", "ResourceConfig")}
    resources = {**request.get("ResourceConfig", {})}
    keep_alive = resources.pop("KeepAlivePeriodInSeconds", 0)
    key = json.dumps([operation, alike, resources])
    if keep_alive > LONGEST_KEEP_ALIVE_SECONDS:  # SageMaker's model has no maximum, its guide has
        message = f"KeepAlivePeriodInSeconds is {keep_alive}, and at most {LONGEST_KEEP_ALIVE_SECONDS}"
        raise client_error("ValidationException", message, operation)
    if key not in _validated or len(request.get("TrainingJobName", "")) > LONGEST_NAME:
        try:
            validated(operation, request)
        except ServiceError as error:
            raise client_error(error.code, error.message, operation) from error
        _validated.add(key)
