"""The record of one training job, and what Describe, List and EventBridge show of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from warmfold.cloud.sagemaker.admission import StopSignal
from warmfold.cloud.sagemaker.core import in_milliseconds
from warmfold.cloud.sagemaker.instances import Instance
from warmfold.cloud.sagemaker.jobs import TERMINAL
from warmfold.cloud.sagemaker.pools import PoolShape, WarmPoolState
from warmfold.cloud.shelf import Shelf, Shelved

SHOWN_OF_REQUEST = (
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "StoppingCondition",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "DebugHookConfig",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
    "RemoteDebugConfig",
    "InfraCheckConfig",
)
FLAGS = ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining")
EVENT_FIELDS = (
    "TrainingJobName",
    "TrainingJobArn",
    "TrainingJobStatus",
    "SecondaryStatus",
    "FailureReason",
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "ModelArtifacts",
    "CreationTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "SecondaryStatusTransitions",
)


def with_key(output: Mapping[str, Any]) -> dict[str, Any]:
    """An OutputDataConfig as AWS shows it: with a key, be it an empty one."""
    return {"KmsKeyId": "", **output}


@dataclass(slots=True)
class Details:
    """The large parts of a job's record, which only Describe and the job itself look at."""

    request: dict[str, Any]
    transitions: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class TrainingJob:
    """One training job; read and changed under the core's lock only, except `stop`."""

    name: str
    arn: str
    details: Details | Shelved
    """Shelved: it has ended, and what was read of them is a copy."""
    created_at: datetime
    holds_core: bool = True
    tuning_job_arn: str | None = None
    pool_key: str | None = None
    keeps_pool: bool = False
    status: str = "InProgress"
    secondary_status: str = "Starting"
    failure_reason: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    modified_at: datetime | None = None
    model_uri: str | None = None
    warm_pool: WarmPoolState | None = None
    instance: Instance | None = None
    """The warm instance it was given at its creation; None: it starts cold, or has ended."""
    instance_since: float = 0.0
    """The clock's seconds when the first job on its instance was created."""
    stop: StopSignal = field(default_factory=StopSignal)

    @property
    def request(self) -> dict[str, Any]:
        """The CreateTrainingJob request; not to be changed."""
        return self._read().request

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The FinalMetricDataList."""
        return self._read().metrics

    @property
    def shape(self) -> PoolShape:
        """What pool it matches."""
        return PoolShape.of_request(self.request)

    @property
    def is_finished(self) -> bool:
        """Whether its status is terminal."""
        return self.status in TERMINAL

    def as_of(self, moment: datetime) -> "TrainingJob":
        """What a list that knows nothing later than `moment` has of the job, which was there by then."""
        if self.ended_at is None or self.ended_at <= moment:
            return self
        return replace(
            self,
            status="Stopping" if self.status == "Stopped" else "InProgress",
            secondary_status="Stopping" if self.status == "Stopped" else "Training",
            ended_at=None,
            modified_at=max(self.started_at or self.created_at, self.created_at),
            warm_pool=WarmPoolState() if self.warm_pool else None,
        )

    def move(self, status: str, secondary: str, message: str, now: datetime) -> None:
        """Change the statuses, closing the transition before; the job must not have ended."""
        transitions = self._read().transitions
        if transitions and "EndTime" not in transitions[-1]:
            transitions[-1]["EndTime"] = now
        transition = {"Status": secondary, "StartTime": now, "StatusMessage": message}
        self.status, self.secondary_status, self.modified_at = status, secondary, now
        if self.is_finished:
            transition["EndTime"] = now
            self.ended_at = now
        transitions.append(transition)

    def begin_to_stop(self, now: datetime) -> None:
        """Be Stopping; the job must not have ended."""
        self.move("Stopping", "Stopping", "Stopping the training job", now)

    def take_metrics(self, metrics: list[dict[str, Any]]) -> None:
        """Note the values that metrics ended with; the job must not have ended."""
        self._read().metrics = metrics

    def set_keep_alive(self, seconds: int) -> None:
        """Give the job, which may have ended, another KeepAlivePeriodInSeconds; raises OSError."""
        details = self._read()
        resources = details.request["ResourceConfig"] | {"KeepAlivePeriodInSeconds": seconds}
        details.request = details.request | {"ResourceConfig": resources}
        if isinstance(self.details, Shelved):
            self.details = self.details.shelf.put(details)

    def shelve(self, shelf: Shelf) -> None:
        """Take the details of a job that has ended out of memory; raises OSError and leaves them there."""
        self.details = shelf.put(self._read())

    def _read(self) -> Details:
        if isinstance(self.details, Shelved):
            details: Details = self.details.read()
            return details
        return self.details

    def describe(self) -> dict[str, Any]:
        """The DescribeTrainingJob response."""
        details = self._read()
        request = details.request
        shown: dict[str, Any] = {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.secondary_status,
            "CreationTime": self.created_at,
            "LastModifiedTime": self.modified_at or self.created_at,
            "SecondaryStatusTransitions": [dict(transition) for transition in details.transitions],
        }
        shown |= {name: request[name] for name in SHOWN_OF_REQUEST if name in request}
        shown["OutputDataConfig"] = with_key(request["OutputDataConfig"])
        shown |= {name: bool(request.get(name, False)) for name in FLAGS}
        optional: dict[str, Any] = {
            "TuningJobArn": self.tuning_job_arn,
            "FailureReason": self.failure_reason,
            "TrainingStartTime": self.started_at,
            "TrainingEndTime": self.ended_at,
            "ModelArtifacts": {"S3ModelArtifacts": self.model_uri} if self.model_uri else None,
            "FinalMetricDataList": [dict(metric) for metric in details.metrics] or None,
            "WarmPoolStatus": self.warm_pool.describe() if self.warm_pool else None,
        }
        if self.started_at and self.ended_at:
            seconds = math.ceil((self.ended_at - self.started_at).total_seconds())
            optional |= {"TrainingTimeInSeconds": max(1, seconds), "BillableTimeInSeconds": max(1, seconds)}
        return shown | {name: value for name, value in optional.items() if value is not None}

    def summary(self) -> dict[str, Any]:
        """Its entry in TrainingJobSummaries."""
        optional = {
            "TrainingEndTime": self.ended_at,
            "WarmPoolStatus": self.warm_pool.describe() if self.warm_pool else None,
        }
        return {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "CreationTime": self.created_at,
            "LastModifiedTime": self.modified_at or self.created_at,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.secondary_status,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def event_detail(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """The detail of its state-change event: times in epoch milliseconds."""
        whole = self.describe()
        detail = {name: whole[name] for name in EVENT_FIELDS if name in whole}
        return {**in_milliseconds(detail), "Tags": dict(tags)}
