"""The record of one tuning job, and what Describe, List and EventBridge show of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from warmfold.cloud.sagemaker.core import in_milliseconds
from warmfold.cloud.sagemaker.jobs import TERMINAL
from warmfold.cloud.sagemaker.sampler import Sampler
from warmfold.cloud.sagemaker.training_job import TrainingJob, with_key
from warmfold.cloud.sagemaker.tuning_completion import not_improving

OBJECTIVE_HYPERPARAMETER = "_tuning_objective_metric"
IDENTICAL = "IdenticalDataAndAlgorithm"
"""The WarmStartType whose parents' best may be the best of all."""


@dataclass
class Candidate:
    """One training job of a tuning job; `asked` is its number with the sampler, `job` is None until it is created."""

    asked: int
    tuned: dict[str, str]
    job: TrainingJob | None = None
    counted: bool = False
    """Whether its end was told to the sampler."""
    score: float | None = None
    """The objective metric's last value; None before the end, and when it failed or printed none."""


@dataclass
class TuningJob:
    """One tuning job; read and changed under the core's lock only."""

    name: str
    arn: str
    request: dict[str, Any]
    created_at: datetime
    total: int
    sampler: Sampler
    status: str = "InProgress"
    candidates: list[Candidate] = field(default_factory=list)
    failure_reason: str | None = None
    ended_at: datetime | None = None
    modified_at: datetime | None = None
    parents: list["TuningJob"] = field(default_factory=list)
    """The tuning jobs of its WarmStartConfig, which have ended."""
    printed: dict[str, list[float]] = field(default_factory=dict)
    """Training job to the objective values it has printed; kept where early stopping is Auto."""
    scores: list[float] = field(default_factory=list)
    """The objective values of the candidates that have one, higher being better, in the order of their ends."""
    stopped_early: set[str] = field(default_factory=set)
    """The training jobs that early stopping ended."""

    @property
    def config(self) -> dict[str, Any]:
        """HyperParameterTuningJobConfig."""
        config: dict[str, Any] = self.request["HyperParameterTuningJobConfig"]
        return config

    @property
    def stops_early(self) -> bool:
        """Whether candidates that fall behind are stopped."""
        return bool(self.config.get("TrainingJobEarlyStoppingType", "Off") == "Auto")

    @property
    def objective(self) -> dict[str, str]:
        """Type and MetricName."""
        objective: dict[str, str] = self.config["HyperParameterTuningJobObjective"]
        return objective

    @property
    def target(self) -> float | None:
        """The TargetObjectiveMetricValue, turned as the scores are."""
        criteria = self.config.get("TuningJobCompletionCriteria", {})
        return self.for_sampler(criteria.get("TargetObjectiveMetricValue"))

    @property
    def is_finished(self) -> bool:
        """Whether its status is terminal."""
        return self.status in TERMINAL

    def begin_to_stop(self, now: datetime) -> None:
        """Be Stopping."""
        self.status, self.modified_at = "Stopping", now

    @property
    def in_flight(self) -> list[Candidate]:
        """The candidates that are not over."""
        return [candidate for candidate in self.candidates if not candidate.counted]

    def score_of(self, job: TrainingJob) -> float | None:
        """The objective's last value of a job that completed or was stopped early; None without one."""
        if job.status != "Completed" and not (job.status == "Stopped" and job.name in self.stopped_early):
            return None
        values = [item["Value"] for item in job.metrics if item["MetricName"] == self.objective["MetricName"]]
        return values[-1] if values else None

    def for_sampler(self, score: float | None) -> float | None:
        """The score as something to be maximized."""
        return None if score is None else score if self.objective["Type"] == "Maximize" else -score

    def best(self) -> Candidate | None:
        """The candidate with the best score, the earlier one of equals."""
        scored = [candidate for candidate in self.candidates if candidate.score is not None]
        return max(scored, key=lambda candidate: self.for_sampler(candidate.score) or 0.0, default=None)

    def describe(self) -> dict[str, Any]:
        """The DescribeHyperParameterTuningJob response."""
        best = self.best()
        optional = {
            "HyperParameterTuningEndTime": self.ended_at,
            "FailureReason": self.failure_reason,
            "BestTrainingJob": self.summary_of(best) if best is not None else None,
        }
        if "WarmStartConfig" in self.request:
            optional["WarmStartConfig"] = self.request["WarmStartConfig"]
            if self.request["WarmStartConfig"]["WarmStartType"] == IDENTICAL:
                optional["OverallBestTrainingJob"] = self._overall_best()
        if "BestObjectiveNotImproving" in self.config.get("TuningJobCompletionCriteria", {}):
            optional["TuningJobCompletionDetails"] = {
                "NumberOfTrainingJobsObjectiveNotImproving": not_improving(self.scores)
            }
        seconds = sum(_runtime(candidate.job) for candidate in self.candidates if candidate.job is not None)
        return {
            "HyperParameterTuningJobName": self.name,
            "HyperParameterTuningJobArn": self.arn,
            "HyperParameterTuningJobConfig": self.config,
            "TrainingJobDefinition": self._definition(),
            "HyperParameterTuningJobStatus": self.status,
            "CreationTime": self.created_at,
            "LastModifiedTime": self.modified_at or self.created_at,
            **self._counters(),
            **{name: value for name, value in optional.items() if value is not None},
            "ConsumedResources": {"RuntimeInSeconds": seconds},
        }

    def _definition(self) -> dict[str, Any]:
        """The TrainingJobDefinition with what AWS adds to it: what the SDK's attach, tested on AWS, looks for."""
        definition: dict[str, Any] = self.request["TrainingJobDefinition"]
        static = definition.get("StaticHyperParameters", {})
        given: dict[str, Any] = definition.get("HyperParameterTuningResourceConfig", {})
        resources = {"ResourceConfig": dict(given)} if given else {}
        return (
            resources
            | definition
            | {
                "StaticHyperParameters": {**static, OBJECTIVE_HYPERPARAMETER: self.objective["MetricName"]},
                "OutputDataConfig": with_key(definition["OutputDataConfig"]),
            }
        )

    def _overall_best(self) -> dict[str, Any] | None:
        """The best candidate of the job and its parents, the older one of equals."""
        found = [(job, best) for job in [*self.parents, self] if (best := job.best()) is not None]
        if not found:
            return None
        job, best = max(found, key=lambda pair: self.for_sampler(pair[1].score) or 0.0)
        return job.summary_of(best) | {"TuningJobName": job.name}

    def summary(self) -> dict[str, Any]:
        """Its entry in HyperParameterTuningJobSummaries."""
        whole = self.describe()
        names = (
            "HyperParameterTuningJobName",
            "HyperParameterTuningJobArn",
            "HyperParameterTuningJobStatus",
            "CreationTime",
            "HyperParameterTuningEndTime",
            "LastModifiedTime",
            "TrainingJobStatusCounters",
            "ObjectiveStatusCounters",
        )
        shown = {name: whole[name] for name in names if name in whole}
        return shown | {"Strategy": self.config["Strategy"], "ResourceLimits": self.config["ResourceLimits"]}

    def summary_of(self, candidate: Candidate) -> dict[str, Any]:
        """A candidate's HyperParameterTrainingJobSummary; it must have its training job."""
        job = candidate.job
        if job is None:
            raise LookupError(f"candidate {candidate.asked} of {self.name} has no training job yet")
        optional: dict[str, Any] = {
            "TrainingStartTime": job.started_at,
            "TrainingEndTime": job.ended_at,
            "FailureReason": job.failure_reason,
        }
        if candidate.score is not None:
            optional["FinalHyperParameterTuningJobObjectiveMetric"] = {**self.objective, "Value": candidate.score}
        return {
            "TrainingJobName": job.name,
            "TrainingJobArn": job.arn,
            "CreationTime": job.created_at,
            "TrainingJobStatus": job.status,
            "TunedHyperParameters": dict(candidate.tuned),
            "ObjectiveStatus": _objective_status(candidate),
            **{name: value for name, value in optional.items() if value is not None},
        }

    def event_detail(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """The detail of its state-change event: times in epoch milliseconds."""
        whole = self.describe()
        for name in ("BestTrainingJob", "OverallBestTrainingJob", "ConsumedResources"):
            whole.pop(name, None)
        detail: dict[str, Any] = in_milliseconds(whole)
        return detail | {"Tags": dict(tags)}

    def _counters(self) -> dict[str, dict[str, int]]:
        jobs = {"Completed": 0, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0}
        objectives = {"Succeeded": 0, "Pending": 0, "Failed": 0}
        for candidate in self.candidates:
            if candidate.job is not None:
                status = "NonRetryableError" if candidate.job.status == "Failed" else candidate.job.status
                jobs["InProgress" if status == "Stopping" else status] += 1
                objectives[_objective_status(candidate)] += 1
        return {"TrainingJobStatusCounters": jobs, "ObjectiveStatusCounters": objectives}


def _objective_status(candidate: Candidate) -> str:
    if not candidate.counted:
        return "Pending"
    return "Failed" if candidate.score is None else "Succeeded"


def _runtime(job: TrainingJob) -> int:
    if job.started_at is None or job.ended_at is None:
        return 0
    return math.ceil((job.ended_at - job.started_at).total_seconds())
