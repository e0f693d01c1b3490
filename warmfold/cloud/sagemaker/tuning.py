"""Tuning jobs: candidates proposed by the sampler and run by the training service, so many at a time."""

import logging
import math
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.early_stopping import falls_behind
from warmfold.cloud.sagemaker.errors import ServiceError, limit_exceeded, validation_error
from warmfold.cloud.sagemaker.jobs import JobGroup, JobKind, reason_of
from warmfold.cloud.sagemaker.listing import page_of
from warmfold.cloud.sagemaker.metrics import check_definitions
from warmfold.cloud.sagemaker.sampler import Sampler
from warmfold.cloud.sagemaker.tags import tag_list
from warmfold.cloud.sagemaker.training import TrainingJobs, check_training
from warmfold.cloud.sagemaker.training_job import TrainingJob
from warmfold.cloud.sagemaker.tuning_completion import is_complete
from warmfold.cloud.sagemaker.tuning_job import OBJECTIVE_HYPERPARAMETER, Candidate, TuningJob
from warmfold.cloud.sagemaker.tuning_warm_start import parents_of, teach
from warmfold.cloud.sagemaker.validation import validated

logger = logging.getLogger(__name__)

TUNING = JobKind(
    "HyperParameterTuning",
    noun="hyper parameter tuning job",
    title="HyperParameter Tuning Job",
    taken="HyperParameterTuning job names must be unique within an AWS account and region, or are currently in use.",
    missing=lambda name: ServiceError("ResourceNotFound", f"Amazon SageMaker can't find a tuning job with name {name}"),
)
FAILURES_ALLOWED = 5
"""A tuning job fails after this many candidates without a score when none has one."""
COPIED = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
)


class TuningJobs(JobGroup[TuningJob]):
    """All tuning jobs. `new_token` takes a number of bytes and returns that many at random, in hexadecimal."""

    def __init__(self, core: Core, training: TrainingJobs, new_token: Callable[[int], str] = secrets.token_hex) -> None:
        super().__init__(core, TUNING)
        self._training = training
        self._new_token = new_token
        self._ended = False
        training.on_finish(self._candidate_finished)
        training.on_metric(self._candidate_printed)

    def operations(self) -> Mapping[str, Callable[[dict[str, Any], object], dict[str, Any]]]:
        """Operation name to its handler."""
        candidates = "ListTrainingJobsForHyperParameterTuningJob"
        return {**super().operations(), candidates: lambda request, _: self.list_candidates(request)}

    def create(self, request: dict[str, Any]) -> TuningJob:
        """Check the (validated) request, start the job, return its record; raises ServiceError."""
        _check(request)
        name, config = request["HyperParameterTuningJobName"], request["HyperParameterTuningJobConfig"]
        seed = config.get("RandomSeed", int(self._new_token(4), 16)) % 2**32
        sampler = Sampler(config["ParameterRanges"], config["Strategy"], seed)
        arn = self._core.arn(TUNING.arn, name)
        total = _total(config, sampler)
        self._check_quotas(total, config["ResourceLimits"]["MaxParallelTrainingJobs"])
        job = TuningJob(name, arn, request, self._core.now(), total, sampler)
        check_training(validated("CreateTrainingJob", _candidate_request(job, f"{name}-001-00000000", {}, {})))

        resources = definition_resources(request["TrainingJobDefinition"])
        parallel = config["ResourceLimits"]["MaxParallelTrainingJobs"]

        def prepare() -> None:
            job.parents = parents_of(request, self._jobs)
            teach(job, job.parents)
            self._training.reserve(arn, resources["InstanceType"], parallel * resources["InstanceCount"])

        self._register(job, prepare)
        self._core.start_thread(lambda: self._drive(job), f"tuning-{name}")
        return job

    def list_candidates(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The ListTrainingJobsForHyperParameterTuningJob response; sorting by score leaves out those without one."""
        by = request.get("SortBy", "Name")
        with self._core.lock:
            job = self.get(request["HyperParameterTuningJobName"])
            candidates = {item.job.name: item for item in job.candidates if item.job is not None}
            return page_of(
                (
                    item.job
                    for item in candidates.values()
                    if item.job is not None and (by != "FinalObjectiveMetricValue" or item.score is not None)
                ),
                {**request, "SortBy": by},
                result="TrainingJobSummaries",
                summarize=lambda child: job.summary_of(candidates[child.name]),
                descending=False,
                sort_keys={"FinalObjectiveMetricValue": lambda child: candidates[child.name].score},
            )

    def shutdown(self) -> None:
        """Create no more candidates."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _check_quotas(self, total: int, parallel: int) -> None:
        settings = self._core.settings
        for what, quota, wanted in (
            ("parallel training jobs", settings.tuning_parallel_quota, parallel),
            ("training jobs", settings.tuning_jobs_quota, total),
        ):
            if wanted > quota:
                raise limit_exceeded(f"Number of {what} per hyperparameter tuning job", quota, 0, wanted, "Jobs")

    def _end(self, job: TuningJob) -> None:
        """Nothing more: its thread sees that it is Stopping, creates no more candidates and stops those that run."""

    def _candidate_finished(self, job: TrainingJob) -> None:
        if job.tuning_job_arn is not None:
            with self._changed:
                self._changed.notify_all()

    def _candidate_printed(self, job: TrainingJob, metric: str, value: float) -> None:
        """Note an objective value of a candidate, and stop it when it falls behind and early stopping is Auto."""
        if job.tuning_job_arn is None:
            return
        with self._core.lock:
            tuning = next((item for item in self._jobs.values() if item.arn == job.tuning_job_arn), None)
            score = tuning.for_sampler(value) if tuning is not None and tuning.stops_early else None
            if tuning is None or score is None or metric != tuning.objective["MetricName"]:
                return
            mine = tuning.printed.setdefault(job.name, [])
            mine.append(score)
            others = [values for name, values in tuning.printed.items() if name != job.name]
            if job.status != "InProgress" or not falls_behind(mine, others):
                return
            tuning.stopped_early.add(job.name)
        self._training.stop(job.name)

    def _drive(self, job: TuningJob) -> None:
        """Take the job to a terminal status, whatever happens; runs in a thread of its own."""
        status, reason = self._attempt(job, lambda: self._search(job))
        ended, why_not = self._attempt(job, lambda: self._end_candidates(job))
        if ended == "Failed" and status != "Failed":
            status, reason = ended, why_not
        with self._core.lock:
            job.status, job.failure_reason = status, reason
            job.ended_at = job.modified_at = self._core.now()
            detail = self._noted(job)
        self._tell(job, detail)

    def _attempt(self, job: TuningJob, step: Callable[[], tuple[str, str | None]]) -> tuple[str, str | None]:
        """The status and FailureReason that a step gives, or that its exception amounts to."""
        try:
            return step()
        except ServiceError as error:
            return "Failed", error.message
        except Exception as error:
            logger.exception("tuning job %s failed inside the local cloud", job.name)
            return "Failed", reason_of(error)

    def _search(self, job: TuningJob) -> tuple[str, str | None]:
        """Create candidates until the job is over; returns its terminal status and FailureReason."""
        while True:
            with self._changed:
                self._take_scores(job)
                end = self._end_of(job)
                if end is not None:
                    return end
                candidate = self._next(job)
                if candidate is None:
                    self._changed.wait(min(self._seconds_left(job), threading.TIMEOUT_MAX))
                    continue
                number = len(job.candidates)
            try:
                self._start(job, candidate, number)
            except Exception:
                with self._core.lock:
                    job.candidates.remove(candidate)
                raise

    def _take_scores(self, job: TuningJob) -> bool:
        """Tell the sampler what ended since the last look; true while candidates run."""
        for candidate in job.in_flight:
            if candidate.job is not None and candidate.job.is_finished:
                candidate.counted = True
                candidate.score = job.score_of(candidate.job)
                if (value := job.for_sampler(candidate.score)) is not None:
                    job.scores.append(value)
                job.sampler.tell(candidate.asked, job.for_sampler(candidate.score))
        return bool(job.in_flight)

    def _end_of(self, job: TuningJob) -> tuple[str, str | None] | None:
        if job.status == "Stopping" or self._ended:
            return "Stopped", None
        if self._seconds_left(job) <= 0 or is_complete(job.config, job.scores, job.target):
            return "Completed", None
        over = [candidate for candidate in job.candidates if candidate.counted]
        finished = len(over) == job.total
        if job.best() is not None:
            return ("Completed", None) if finished else None
        failures = sum(candidate.job is not None and candidate.job.status == "Failed" for candidate in over)
        if failures >= FAILURES_ALLOWED:
            return "Failed", (
                f"No training job succeeded after {FAILURES_ALLOWED} attempts. For additional details, please take a "
                "look at the training job failures by listing training jobs for the hyperparameter tuning job."
            )
        if failures == len(over) and finished:
            return "Failed", (
                "All training jobs failed. Please take a look at the training jobs failures to get additional details."
            )
        if len(over) >= FAILURES_ALLOWED or finished:
            return "Failed", (
                f"No objective metrics found after running {len(over)} training jobs. Please ensure that the custom "
                "algorithm is emitting the objective metric as defined by the regular expression provided."
            )
        return None

    def _seconds_left(self, job: TuningJob) -> float:
        """Of its MaxRuntimeInSeconds; without one, infinity."""
        limit: float = job.config["ResourceLimits"].get("MaxRuntimeInSeconds", math.inf)
        return max(0.0, job.created_at.timestamp() + limit - self._core.clock())

    def _refresh(self) -> None:
        """Have the jobs look whose time may be over."""
        self._changed.notify_all()

    def _next(self, job: TuningJob) -> Candidate | None:
        """The candidate to create now, if any; its instance was set aside when the tuning job was made."""
        limit = job.config["ResourceLimits"]["MaxParallelTrainingJobs"]
        if len(job.in_flight) >= limit or len(job.candidates) >= job.total:
            return None
        candidate = Candidate(*job.sampler.ask())
        job.candidates.append(candidate)
        return candidate

    def _start(self, job: TuningJob, candidate: Candidate, number: int) -> None:
        name = f"{job.name}-{number:03d}-{self._new_token(4)}"
        with self._core.lock:
            tags = dict(self._core.tags[job.arn])
        request = validated("CreateTrainingJob", _candidate_request(job, name, candidate.tuned, tags))
        created = self._training.create(request, holds_core=False, pool_key=job.arn, tuning_job_arn=job.arn)
        with self._core.lock:
            candidate.job = created

    def _end_candidates(self, job: TuningJob) -> tuple[str, str | None]:
        """Stop the candidates, wait until they are over, and end their instances."""
        with self._core.lock:
            running = [candidate.job for candidate in job.in_flight if candidate.job is not None]
        for child in running:
            if not child.is_finished:
                try:
                    self._training.stop(child.name)
                except ServiceError as error:
                    logger.info("candidate %s ended before it was stopped: %s", child.name, error)
                except Exception:
                    logger.exception("candidate %s could not be stopped", child.name)
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or not self._take_scores(job))
        finally:
            self._training.release_key(job.arn)
        return "Stopped", None


def _candidate_request(job: TuningJob, name: str, tuned: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, Any]:
    """The CreateTrainingJob request of one candidate."""
    definition = job.request["TrainingJobDefinition"]
    request = {key: definition[key] for key in COPIED if key in definition}
    return request | {
        "TrainingJobName": name,
        "HyperParameters": {
            **definition.get("StaticHyperParameters", {}),
            **tuned,
            OBJECTIVE_HYPERPARAMETER: job.objective["MetricName"],
        },
        "ResourceConfig": definition_resources(definition),
        "Tags": tag_list(tags),
    }


def definition_resources(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The ResourceConfig of a TrainingJobDefinition, under whichever of its two names."""
    resources: dict[str, Any] = definition.get("ResourceConfig") or definition["HyperParameterTuningResourceConfig"]
    return resources


def _total(config: Mapping[str, Any], sampler: Sampler) -> int:
    given: int | None = config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    if sampler.size is not None:
        if given not in (None, sampler.size):
            raise validation_error(
                f"The grid has {sampler.size} combinations and MaxNumberOfTrainingJobs is {given}: "
                "give the number of combinations, or leave it out."
            )
        return sampler.size
    if given is None:
        raise validation_error("ResourceLimits.MaxNumberOfTrainingJobs is missing.")
    if sampler.combinations is not None and sampler.combinations < given:
        raise validation_error(
            "You don't have enough combinations of hyperparameter ranges. The total number of combinations of "
            f"hyperparameter ranges, [{float(sampler.combinations)}] must be equal or greater than the value of "
            f"MaxNumberOfJobs, [{given}]."
        )
    return given


def _check(request: Mapping[str, Any]) -> None:
    """What SageMaker checks beyond its model, and what the local cloud cannot do."""
    config = request["HyperParameterTuningJobConfig"]
    for name in ("HyperParameterTuningJobObjective", "ParameterRanges"):
        if name not in config:
            raise validation_error(f"HyperParameterTuningJobConfig.{name} is missing.")
    if "TrainingJobDefinition" not in request:
        raise validation_error("TrainingJobDefinition is missing: it says what each training job runs.")
    _check_definition(request["TrainingJobDefinition"], config)


def _check_definition(definition: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    for name in ("TuningObjective", "HyperParameterRanges"):
        if name in definition:
            raise validation_error(
                f"TrainingJobDefinition.{name} is for TrainingJobDefinitions only: "
                "give it in HyperParameterTuningJobConfig."
            )
    resources = definition.get("ResourceConfig") or definition.get("HyperParameterTuningResourceConfig")
    if resources is None:
        raise validation_error("TrainingJobDefinition.ResourceConfig is missing.")
    for name in ("InstanceConfigs", "AllocationStrategy", "KeepAlivePeriodInSeconds"):
        if name in resources:
            raise validation_error(f"{name} cannot be given for the training jobs of a tuning job here: leave it out.")
    metric = config["HyperParameterTuningJobObjective"]["MetricName"]
    definitions = definition["AlgorithmSpecification"].get("MetricDefinitions", ())
    check_definitions(definitions)
    metrics = [item["Name"] for item in definitions]
    if metric not in metrics:
        raise validation_error(
            f"The objective metric for the hyperparameter tuning job, {metric}, is not among the MetricDefinitions of "
            f"its TrainingJobDefinition: {', '.join(metrics) or 'there are none'}."
        )
    static = definition.get("StaticHyperParameters", {})
    ranges = config["ParameterRanges"].values()
    doubles = sorted({item["Name"] for items in ranges for item in items} & set(static))
    if doubles:
        raise validation_error(f"StaticHyperParameters and ParameterRanges both give {', '.join(doubles)}.")
