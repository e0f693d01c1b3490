"""A candidate's folds as training jobs: created, looked at, stopped, each as fast as SageMaker allows."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from warmfold_jobs.fan_out.backoff import FULL, UNREACHABLE, Backoff, Clock, words

TERMINAL = ("Completed", "Failed", "Stopped")
MATCHED = (
    ("RoleArn",),
    ("ResourceConfig", "InstanceType"),
    ("ResourceConfig", "InstanceCount"),
    ("ResourceConfig", "VolumeSizeInGB"),
    ("ResourceConfig", "VolumeKmsKeyId"),
    ("VpcConfig", "Subnets"),
    ("VpcConfig", "SecurityGroupIds"),
    ("EnableInterContainerTrafficEncryption",),
    ("EnableNetworkIsolation",),
)
"""What a job must have in common with the one that left a warm pool. Source: SageMaker's guide to warm pools."""

KEEP_ALIVE, KEEP_ALIVE_SHARE, LONGEST_KEEP_ALIVE = 300, 0.9, 3600
"""A pool waits so many seconds and this share of a fold: for the slowest of its siblings and the next candidate."""


class FoldRequestError(Exception):
    """SageMaker refuses a fold job for what it asks; the text has SageMaker's words."""


class NoInstanceError(Exception):
    """No instance is free for a fold job just now; the text has SageMaker's words."""


class FoldJobs:
    """The fold jobs of one candidate."""

    def __init__(
        self,
        plan: Mapping[str, Any],
        candidate: str,
        hyperparameters: Mapping[str, str],
        sagemaker: Any,
        clock: Clock,
        generator: random.Random,
        log: Callable[[str], None],
    ) -> None:
        """`sagemaker` is the client; `hyperparameters` are the tuned ones."""
        self._plan, self._candidate, self._hyperparameters = plan, candidate, hyperparameters
        self._sagemaker, self._clock, self._log = sagemaker, clock, log
        self._creating = Backoff(clock, generator)
        self._describing = Backoff(clock, generator)
        self._stopping = Backoff(clock, generator)

    @property
    def can_create(self) -> bool:
        """Whether SageMaker's pace allows a creation now."""
        return not self._creating.waiting

    def name(self, fold: int, attempt: int) -> str:
        """The name of a fold's job; attempts count from 0."""
        return f"{self._candidate}-f{fold}" + (f"-r{attempt}" if attempt else "")

    def create(self, fold: int, attempt: int, keep_alive: int | None) -> bool:
        """Create a fold's job, or find it created; False when SageMaker would not just now.

        `keep_alive` are the seconds that its warm pool waits for the next fold, None for what the plan says.

        Raises
        ------
        NoInstanceError, FoldRequestError
        """
        name = self.name(fold, attempt)
        try:
            self._sagemaker.create_training_job(**self._request(fold, name, keep_alive))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in FULL:
                raise NoInstanceError(words(error)) from error
            if self._creating.passes(error):
                return False
            if code != "ResourceInUse":
                raise FoldRequestError(f"training job {name} was refused: {words(error)}") from error
            self._log(f"fold {fold}: {name} is there already and is adopted")
        except UNREACHABLE as error:
            if not self._creating.passes(error):
                raise
            return False
        else:
            self._log(f"fold {fold}: created {name}")
        self._creating.succeeded()
        return True

    def describe(self, name: str) -> dict[str, Any] | None:
        """A job as SageMaker tells it; None when it would not say just now."""
        return self._describing.attempt(lambda: dict(self._sagemaker.describe_training_job(TrainingJobName=name)))

    def stop(self, name: str) -> None:
        """Stop a job, however often it takes; a refusal that does not pass is logged only, as the job may be over."""
        try:
            self._stopping.insist(lambda: self._sagemaker.stop_training_job(TrainingJobName=name))
        except (ClientError, *UNREACHABLE) as error:
            self._log(f"training job {name} was not stopped: {error}")

    def why_no_pool(self, earlier: Mapping[str, Any]) -> str:
        """Why a fold could not take the warm pool of a job of an earlier candidate."""
        name, pool = earlier["TrainingJobName"], earlier.get("WarmPoolStatus")
        template = self._plan["requests"]["fold"]
        if pool is None:
            kind = template["ResourceConfig"]["InstanceType"]
            return f"no pool was kept after {name}: the quota '{kind} for training warm pool usage' looks like 0"
        differing = [
            f"{path[-1]} is {ours!r}, and was {theirs!r} for {name}"
            for path in MATCHED
            if (ours := _at(template, path)) != (theirs := _at(earlier, path))
        ]
        if differing:
            return "; ".join(differing)
        return f"the pool of {name} is {pool['Status']}, and matches in every field"

    def _request(self, fold: int, name: str, keep_alive: int | None) -> dict[str, Any]:
        template: dict[str, Any] = copy.deepcopy(self._plan["requests"]["fold"])
        for channel in template["InputDataConfig"]:
            source = channel["DataSource"]["S3DataSource"]
            source["S3Uri"] = source["S3Uri"].replace("{fold}", str(fold))
        template["HyperParameters"] = {**template["HyperParameters"], **self._hyperparameters}
        if keep_alive:
            template["ResourceConfig"]["KeepAlivePeriodInSeconds"] = keep_alive
        elif keep_alive == 0:  # AWS's guide knows 0 for UpdateTrainingJob only
            template["ResourceConfig"].pop("KeepAlivePeriodInSeconds", None)
        return {**template, "TrainingJobName": name}


def keep_alive(
    experiment: Mapping[str, Any], candidate: str, is_last_fold: bool, fold_seconds: float | None
) -> int | None:
    """How many seconds a fold job's pool is to be kept, None for what the plan says.

    After the last candidates no fold comes, so theirs are not kept, save the one that the final job takes over: that of
    the last fold of the last candidate. `fold_seconds` is what a fold takes, as far as it is known.
    """
    search = experiment["search"]
    number, last = candidate_number(candidate), search["max_candidates"]
    takes_over = number == last and is_last_fold
    if number is not None and number > last - search["max_parallel_candidates"] and not takes_over:
        return 0
    if experiment["compute"]["keep_alive_seconds"] != "auto" or fold_seconds is None:
        return None
    return min(LONGEST_KEEP_ALIVE, round(KEEP_ALIVE + KEEP_ALIVE_SHARE * fold_seconds))


def candidate_number(candidate: str) -> int | None:
    """Which candidate of its tuning job it is, from 1, by SageMaker's name for it, `<tuning job>-NNN-<8 hex>`."""
    match = re.fullmatch(r".+-(\d{3,})-[0-9a-f]{8}", candidate)
    return int(match[1]) if match else None


def is_capacity(job: Mapping[str, Any]) -> bool:
    """Whether AWS had no instance for the job, which says nothing of the fold."""
    return job["TrainingJobStatus"] == "Failed" and str(job.get("FailureReason", "")).startswith("CapacityError")


def was_stopped(job: Mapping[str, Any]) -> bool:
    """Whether somebody stopped the job; one that ran too long was not."""
    return job["TrainingJobStatus"] == "Stopped" and job.get("SecondaryStatus") != "MaxRuntimeExceeded"


def why_it_ended(job: Mapping[str, Any]) -> str:
    """What a job's end was, in words."""
    if job.get("FailureReason"):
        return f"{job['TrainingJobStatus']}: {job['FailureReason']}"
    if job.get("SecondaryStatus") == "MaxRuntimeExceeded":
        limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
        return f"ran longer than its MaxRuntimeInSeconds, {limit}"
    if job["TrainingJobStatus"] == "Completed":
        return "Completed without writing its score"
    return str(job["TrainingJobStatus"])


def _at(request: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = request
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value or None
