"""SageMaker's training jobs on a virtual clock: starts, warm pools, quotas, throttling, and the bill."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.fan_out.calls import CallCounts, TokenBucket, client_error
from benchmarks.fan_out.clock import VirtualClock
from benchmarks.fan_out.constants import Assumptions, Start
from benchmarks.fan_out.s3 import VirtualS3
from benchmarks.fan_out.workload import Workload, candidate_and_fold
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.pools import PoolShape, WarmPools, WarmPoolState
from warmfold.cloud.sagemaker.validation import validated

TERMINAL = ("Completed", "Failed", "Stopped")
LONGEST_KEEP_ALIVE, LONGEST_NAME = 3600, 63
_validated: set[str] = set()


@dataclass(frozen=True)
class Failure:
    """How a job fails: `seconds` after its creation when it gets no instance, else after its script began."""

    reason: str
    seconds: float = 0.0

    @property
    def is_capacity(self) -> bool:
        """Whether there was no instance for it."""
        return self.reason.startswith("CapacityError")


@dataclass
class FoldJob:
    """A fold job; `warm` is how it started, `begins` when its script runs, `ends` when it becomes terminal."""

    request: dict[str, Any]
    shape: PoolShape
    warm: bool
    start: Start
    begins: float
    trained: float = 0.0
    ends: float = 0.0
    status: str = "InProgress"
    ending: str = "Completed"
    reason: str | None = None
    pool: WarmPoolState | None = None

    @property
    def keep_alive(self) -> int:
        """Seconds that its instance is kept."""
        return int(self.request["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0))


@dataclass
class Bill:
    """Instance-seconds."""

    candidates: float = 0.0
    folds: float = 0.0
    retained: float = 0.0

    @property
    def total(self) -> float:
        """All of them."""
        return self.candidates + self.folds + self.retained


@dataclass
class Quota:
    """Instances that there may be: at work or retained, and retained."""

    instances: float = float("inf")
    pools: float = float("inf")


def never(job: str) -> Failure | None:  # noqa: ARG001 - the shape of `failures`
    """No job fails."""
    return None


@dataclass
class VirtualSageMaker:
    """A client of one account. `failures` tells by a job's name whether and how it fails."""

    clock: VirtualClock
    assume: Assumptions
    workload: Workload
    s3: VirtualS3
    candidates_folder: str
    quota: Quota = field(default_factory=Quota)
    failures: Callable[[str], Failure | None] = never

    def __post_init__(self) -> None:
        self.calls = CallCounts()
        self.bill = Bill()
        self.jobs: dict[str, FoldJob] = {}
        self.candidates_running = 0
        """Candidates have instances of the same type."""
        self.most_running = 0
        self._running = 0
        self._pools: WarmPools[None] = WarmPools()
        self._pools_are_kept = True
        limits = self.assume
        self._limits = {
            "CreateTrainingJob": TokenBucket(limits.creates),
            "ListTrainingJobs": TokenBucket(limits.lists),
            "DescribeTrainingJob": TokenBucket(limits.describes),
            "StopTrainingJob": TokenBucket(limits.describes),
        }

    def create_training_job(self, **request: Any) -> dict[str, Any]:
        """Start a fold job, on a warm instance if one matches now."""
        now, name = self.clock.now(), request["TrainingJobName"]
        self._call("CreateTrainingJob", request)
        if name in self.jobs:
            raise client_error("ResourceInUse", f"Job name {name} is taken.", "CreateTrainingJob")
        shape = PoolShape.of_request(request)
        pool = self._pools.take(shape, name, now)
        if pool is None:
            self._check_quota(shape)
        if pool:
            self.bill.retained += now - pool.since
        start = self.assume.warm if pool else self.assume.cold
        job = FoldJob(request, shape, pool is not None, start, now + start.seconds)
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
        if job.reason is not None and job.status == "Failed":
            told["FailureReason"] = job.reason
        if job.pool is not None:
            told["WarmPoolStatus"] = job.pool.describe()
        return told

    def stop_training_job(self, TrainingJobName: str) -> None:  # noqa: N803
        """End a job once its script has noticed; one that has not begun notices as it begins."""
        self._call("StopTrainingJob", {"TrainingJobName": TrainingJobName})
        job, now = self._job(TrainingJobName, "StopTrainingJob"), self.clock.now()
        if job.status != "InProgress":
            raise client_error("ValidationException", f"The job is {job.status}.", "StopTrainingJob")
        noticed = max(now + self.assume.stop_seconds, job.begins)
        job.status, job.ending = "Stopping", "Stopped"
        if noticed < job.trained:
            job.trained, job.ends = float("inf"), min(job.ends, noticed + self.assume.tail)
            self.clock.at(job.ends, lambda: self._end(TrainingJobName, job))

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
        now = self.clock.now()
        for pool in self._pools.release_all(now):
            self.bill.retained += now - pool.since

    def _call(self, operation: str, request: dict[str, Any]) -> None:
        self.calls.add(operation, self.clock.now())
        if not self._limits[operation].take(self.clock.now()):
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
        failure = self.failures(name)
        candidate, number, fold = candidate_and_fold(name)
        job.trained = job.begins + self.workload.seconds[number][fold]
        job.ends = job.trained + self.assume.tail
        if failure is not None:
            job.ending, job.reason, job.trained = "Failed", failure.reason, float("inf")
            job.ends = failure.seconds + (self.clock.now() if failure.is_capacity else job.begins)
        else:
            self.clock.at(job.trained, lambda: self._score(job, candidate, number, fold))
        self.clock.at(job.ends, lambda: self._end(name, job))

    def _score(self, job: FoldJob, candidate: str, number: int, fold: int) -> None:
        if job.trained <= self.clock.now():
            result = {"candidate": candidate, "fold": fold, **self.workload.result(number, fold)}
            key = f"{self.candidates_folder}{candidate}/fold-{fold}.json"
            self.s3.place(key, json.dumps(result).encode())

    def _end(self, name: str, job: FoldJob) -> None:
        now = self.clock.now()
        if job.status in TERMINAL or now < job.ends:
            return
        job.status = job.ending
        self._running -= 1
        had_instance = not (job.reason or "").startswith("CapacityError")
        if had_instance:
            self.bill.folds += job.start.billed + now - job.begins
        if job.pool is not None:
            self._keep(name, job, job.pool, had_instance)

    def _keep(self, name: str, job: FoldJob, state: WarmPoolState, had_instance: bool) -> None:
        now = self.clock.now()
        if (
            not (had_instance and self._pools_are_kept)
            or self._pools.instances(job.shape.instance_type) >= self.quota.pools
        ):
            state.status = "Terminated"
            return
        pool = self._pools.keep(name, job.shape, state, None, now, job.keep_alive, born=now)  # no run lasts 28 days

        def expire() -> None:
            if pool.state.status == "Available":
                self._pools.release(name, pool.expires_at)
                self.bill.retained += pool.expires_at - pool.since

        self.clock.at(pool.expires_at, expire)

    def _secondary(self, job: FoldJob) -> str:
        now = self.clock.now()
        if job.status != "InProgress":
            return job.status
        return "Starting" if now < job.begins else "Training" if now < job.trained else "Uploading"


def _validate(operation: str, request: dict[str, Any]) -> None:
    """Hold a request against botocore's model, unless one that differs in name and keep-alive only was held already."""
    alike = {name: value for name, value in request.items() if name not in ("TrainingJobName", "ResourceConfig")}
    resources = {**request.get("ResourceConfig", {})}
    keep_alive = resources.pop("KeepAlivePeriodInSeconds", 0)
    key = json.dumps([operation, alike, resources])
    if keep_alive > LONGEST_KEEP_ALIVE:  # SageMaker's model has no maximum, its guide has
        message = f"KeepAlivePeriodInSeconds is {keep_alive}, and at most {LONGEST_KEEP_ALIVE}"
        raise client_error("ValidationException", message, operation)
    if key not in _validated or len(request.get("TrainingJobName", "")) > LONGEST_NAME:
        try:
            validated(operation, request)
        except ServiceError as error:
            raise client_error(error.code, error.message, operation) from error
        _validated.add(key)
