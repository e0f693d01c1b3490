"""How far a run is, read from Step Functions, SageMaker and the folds' scores in S3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from warmfold.stack import Stack
from warmfold_run import names, places

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import TrainingJobSummaryTypeDef

TERMINAL = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
RUNNING = ("InProgress", "Stopping")
BESIDE_TUNING = ("Train Candidates", "Score Default Hyperparameters", "Defaults Not Scored")
"""States around and beside Tune Hyperparameters, which stands for them all: it takes longest."""


@dataclass(frozen=True)
class Progress:
    """One look at a run. `states` are those entered, in order, but BESIDE_TUNING; scores are the tuning objective's.

    `folds_scored` counts folds wherever they were trained, `fold_jobs_running` and `warm_starts` those that are jobs.
    """

    execution_arn: str
    status: str
    run: str
    states: list[str] = field(default_factory=list)
    current_state: str | None = None
    candidates_total: int = 0
    candidates_done: int = 0
    candidates_failed: int = 0
    best_score: float | None = None
    candidates_given_up: int = 0
    folds_scored: int = 0
    fold_jobs_running: int = 0
    warm_starts: int = 0
    pools_available: int = 0
    error: str | None = None
    cause: str | None = None
    output: dict[str, Any] | None = None

    @property
    def finished(self) -> bool:
        """Whether the execution has its verdict."""
        return self.status in TERMINAL

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON."""
        return asdict(self)


def read_progress(stack: Stack, execution_arn: str) -> Progress:
    """Look once at a run.

    Parameters
    ----------
    stack
        The deployed stack.
    execution_arn
        The run's execution.
    """
    execution = stack.stepfunctions.describe_execution(executionArn=execution_arn)
    states, plan = _history(stack, execution_arn)  # read after the status: of an ended run it is complete
    facts: dict[str, Any] = {"states": states, "current_state": states[-1] if states else None}
    if plan is not None:
        tuning_job = plan["tuning"]["HyperParameterTuningJobName"]
        facts |= _tuning(stack, tuning_job) if "Tune Hyperparameters" in states else {}
        facts |= _training_jobs(stack, tuning_job) | _records(stack, names.run_id(execution_arn))
    return Progress(
        execution_arn=execution_arn,
        status=execution["status"],
        run=names.run_id(execution_arn),
        error=execution.get("error"),
        cause=readable(execution.get("cause")),
        output=json.loads(execution["output"]) if execution.get("output") else None,
        **facts,
    )


def _history(stack: Stack, execution_arn: str) -> tuple[list[str], dict[str, Any] | None]:
    states: list[str] = []
    plan: dict[str, Any] | None = None
    for page in stack.stepfunctions.get_paginator("get_execution_history").paginate(
        executionArn=execution_arn, PaginationConfig={"PageSize": 1000}
    ):
        for event in page["events"]:
            entered = event.get("stateEnteredEventDetails")
            if entered and entered["name"] not in BESIDE_TUNING:
                states.append(entered["name"])
            exited = event.get("stateExitedEventDetails")
            if exited and exited["name"] == "Plan Run" and exited.get("output"):
                plan = json.loads(exited["output"])
    return states, plan


def _tuning(stack: Stack, tuning_job: str) -> dict[str, Any]:
    try:
        job = stack.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuning_job)
    except stack.sagemaker.exceptions.ResourceNotFound:
        return {}
    except stack.sagemaker.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("ResourceNotFound", "ValidationException"):
            return {}
        raise
    counters = job["TrainingJobStatusCounters"]
    errors = counters.get("NonRetryableError", 0) + counters.get("RetryableError", 0)
    failed = errors + counters.get("Stopped", 0)
    best = job.get("BestTrainingJob", {}).get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")
    return {
        "candidates_total": job["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"],
        "candidates_done": counters.get("Completed", 0) + failed,
        "candidates_failed": failed,
        "best_score": best,
    }


def _training_jobs(stack: Stack, tuning_job: str) -> dict[str, Any]:
    jobs: list[TrainingJobSummaryTypeDef] = []
    for page in stack.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains=tuning_job, PaginationConfig={"PageSize": 100}
    ):
        jobs += [j for j in page["TrainingJobSummaries"] if j["TrainingJobName"].startswith(tuning_job + "-")]
    pools = [j.get("WarmPoolStatus", {}) for j in jobs]
    folds = [j for j in jobs if names.parse_fold_job(j["TrainingJobName"])]
    return {
        "fold_jobs_running": sum(j["TrainingJobStatus"] in RUNNING for j in folds),
        "warm_starts": sum(names.parse_fold_job(p.get("ReusedByJob", "")) is not None for p in pools),
        "pools_available": sum(p.get("Status") == "Available" for p in pools),
    }


def _records(stack: Stack, run: str) -> dict[str, Any]:
    pages = stack.s3.get_paginator("list_objects_v2").paginate(
        Bucket=stack.bucket, Prefix=places.candidates_folder(run)
    )
    files = [item["Key"].rpartition("/")[2] for page in pages for item in page.get("Contents", [])]
    return {
        "folds_scored": sum(places.fold_of(file) is not None for file in files),
        "candidates_given_up": files.count(places.ABANDONED),
    }


@dataclass(frozen=True)
class Leftovers:
    """What of a run still costs: names of jobs that are not terminal, and of those whose warm pool is Available."""

    jobs: list[str]
    pools: list[str]

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return bool(self.jobs or self.pools)


def read_leftovers(stack: Stack, execution_arn: str) -> Leftovers:
    """Look once, in SageMaker's lists alone, at what a run has left."""
    run = names.run_id(execution_arn)

    def jobs_of(operation: str, kind: str, **filters: str) -> Iterator[str]:
        paginator: Any = stack.sagemaker.get_paginator(operation)  # type: ignore[call-overload]
        for page in paginator.paginate(NameContains=run, PaginationConfig={"PageSize": 100}, **filters):
            found = (job[f"{kind}Name"] for job in page[f"{kind}Summaries"])
            yield from (name for name in found if names.is_of_run(name, run))  # NameContains finds it anywhere

    lists = (
        ("list_hyper_parameter_tuning_jobs", "HyperParameterTuningJob"),
        ("list_training_jobs", "TrainingJob"),
        ("list_processing_jobs", "ProcessingJob"),
        ("list_transform_jobs", "TransformJob"),
    )
    jobs = [name for args in lists for status in RUNNING for name in jobs_of(*args, StatusEquals=status)]
    return Leftovers(jobs, list(jobs_of("list_training_jobs", "TrainingJob", WarmPoolStatusEquals="Available")))


def readable(cause: str | None) -> str | None:
    """A Lambda's cause is JSON around the sentence that matters, a job's is its whole description."""
    if not cause:
        return cause
    try:
        parsed = json.loads(cause)
    except ValueError:
        return cause
    if not isinstance(parsed, dict):
        return cause
    for key in ("errorMessage", "ExitMessage", "FailureReason"):
        if parsed.get(key):
            return str(parsed[key])
    return cause
