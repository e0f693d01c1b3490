"""The record of one training job, and what Describe, List and EventBridge show of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from warmfold.cloud.sagemaker.admission import StopSignal
from warmfold.cloud.sagemaker.instances import Instance
from warmfold.cloud.sagemaker.pools import PoolShape, WarmPoolState

TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
REASON_CHARACTERS = 1024
"""As long as AWS lets a FailureReason be."""
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


@dataclass
class TrainingJob:
    """One training job; read and changed under the core's lock only, except `stop`."""

    name: str
    arn: str
    request: dict[str, Any]
    created_at: datetime
    holds_core: bool = True
    tuning_job_arn: str | None = None
    pool_key: str | None = None
    keeps_pool: bool = False
    status: str = "InProgress"
    secondary_status: str = "Starting"
    transitions: list[dict[str, Any]] = field(default_factory=list)
    failure_reason: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    modified_at: datetime | None = None
    model_uri: str | None = None
    metrics: list[dict[str, Any]] = field(default_factory=list)
    warm_pool: WarmPoolState | None = None
    instance: Instance | None = None
    """The warm instance it was given at its creation; None: it starts cold, or has ended."""
    stop: StopSignal = field(default_factory=StopSignal)

    @property
    def shape(self) -> PoolShape:
        """What pool it matches."""
        return PoolShape.of_request(self.request)

    @property
    def is_finished(self) -> bool:
        """Whether its status is terminal."""
        return self.status in TERMINAL

    def move(self, status: str, secondary: str, message: str, now: datetime) -> None:
        """Change the statuses, closing the transition before."""
        if self.transitions and "EndTime" not in self.transitions[-1]:
            self.transitions[-1]["EndTime"] = now
        transition = {"Status": secondary, "StartTime": now, "StatusMessage": message}
        self.status, self.secondary_status, self.modified_at = status, secondary, now
        if self.is_finished:
            transition["EndTime"] = now
            self.ended_at = now
        self.transitions.append(transition)

    def describe(self) -> dict[str, Any]:
        """The DescribeTrainingJob response."""
        shown: dict[str, Any] = {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.secondary_status,
            "CreationTime": self.created_at,
            "LastModifiedTime": self.modified_at or self.created_at,
            "SecondaryStatusTransitions": [dict(transition) for transition in self.transitions],
        }
        shown |= {name: self.request[name] for name in SHOWN_OF_REQUEST if name in self.request}
        shown |= {name: bool(self.request.get(name, False)) for name in FLAGS}
        optional: dict[str, Any] = {
            "TuningJobArn": self.tuning_job_arn,
            "FailureReason": self.failure_reason,
            "TrainingStartTime": self.started_at,
            "TrainingEndTime": self.ended_at,
            "ModelArtifacts": {"S3ModelArtifacts": self.model_uri} if self.model_uri else None,
            "FinalMetricDataList": [dict(metric) for metric in self.metrics] or None,
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


def in_milliseconds(value: Any) -> Any:
    """The value with every datetime in it as epoch milliseconds, as events show them."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        return {key: in_milliseconds(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [in_milliseconds(item) for item in value]
    return value
