"""SageMaker's jobs, as the functions use them: listed by exact prefix, looked at, stopped, their pools released."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import ClientError

from pipeline.aws.refusals import MISSING_CODE, code_of, is_missing, refused

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Kind = Literal["processing", "tuning", "training", "transform"]
RUNNING = ("InProgress", "Stopping")
# What stopping a finished job, or releasing a pool that is gone, is answered with.
_RACE_CODES = ("ValidationException", MISSING_CODE)
_STATUS = {
    "processing": "ProcessingJobStatus",
    "tuning": "HyperParameterTuningJobStatus",
    "training": "TrainingJobStatus",
    "transform": "TransformJobStatus",
}


class Jobs:
    """The jobs of an account and region."""

    def __init__(self, sagemaker: SageMakerClient) -> None:
        self._sagemaker = sagemaker

    def describe(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """Return a job's description, or None when there is no such job."""
        try:
            return self._describe(kind, name)
        except ClientError as error:
            if is_missing(error):
                return None
            raise refused(f"{kind} job {name} could not be described", error) from error

    def status(self, kind: Kind, name: str) -> str | None:
        """Return a job's status, or None when there is no such job."""
        found = self.describe(kind, name)
        return None if found is None else str(found[_STATUS[kind]])

    def training_jobs(self, prefix: str, **filters: str) -> list[dict[str, Any]]:
        """Return the summaries of the training jobs whose names start with `prefix`.

        `filters` are ListTrainingJobs' own, such as `StatusEquals`. Its NameContains finds the text anywhere in a name.
        """
        pages = self._sagemaker.get_paginator("list_training_jobs").paginate(
            NameContains=prefix, PaginationConfig={"PageSize": 100}, **cast(Any, filters)
        )
        found = self._items(pages, "TrainingJobSummaries", f"training jobs {prefix}*")
        return [job for job in found if job["TrainingJobName"].startswith(prefix)]

    def candidates(self, tuning_job: str, *, by_score: bool = False) -> Iterator[dict[str, Any]]:
        """Yield the summaries of a tuning job's candidates, in order of creation or best score first.

        By score, those without one are left out. A tuning job that does not exist has none.
        """
        order = (
            {"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending"}
            if by_score
            else {"SortBy": "CreationTime", "SortOrder": "Ascending"}
        )
        pages = self._sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=tuning_job, PaginationConfig={"PageSize": 100}, **cast(Any, order)
        )
        return self._items(pages, "TrainingJobSummaries", f"candidates of tuning job {tuning_job}")

    def stop(self, kind: Kind, name: str) -> None:
        """Ask a job to stop; one that has ended meanwhile is fine."""
        try:
            self._stop(kind, name)
        except ClientError as error:
            if code_of(error) not in _RACE_CODES or self.status(kind, name) == "InProgress":
                raise refused(f"{kind} job {name} could not be stopped", error) from error

    def release_pool(self, training_job: str) -> bool:
        """End the warm pool that a training job left; False when it was reused, had ended, or is being released."""
        try:
            self._sagemaker.update_training_job(
                TrainingJobName=training_job, ResourceConfig={"KeepAlivePeriodInSeconds": 0}
            )
        except ClientError as error:
            if code_of(error) not in _RACE_CODES:
                raise refused(f"the warm pool of training job {training_job} could not be released", error) from error
            return False
        return True

    def _describe(self, kind: Kind, name: str) -> dict[str, Any]:
        found: Any
        if kind == "processing":
            found = self._sagemaker.describe_processing_job(ProcessingJobName=name)
        elif kind == "tuning":
            found = self._sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        elif kind == "training":
            found = self._sagemaker.describe_training_job(TrainingJobName=name)
        else:
            found = self._sagemaker.describe_transform_job(TransformJobName=name)
        return dict(found)

    def _stop(self, kind: Kind, name: str) -> None:
        if kind == "processing":
            self._sagemaker.stop_processing_job(ProcessingJobName=name)
        elif kind == "tuning":
            self._sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        elif kind == "training":
            self._sagemaker.stop_training_job(TrainingJobName=name)
        else:
            self._sagemaker.stop_transform_job(TransformJobName=name)

    def _items(self, pages: Any, field: str, what: str) -> Iterator[dict[str, Any]]:
        try:
            for page in pages:
                yield from page[field]
        except ClientError as error:
            if not is_missing(error):
                raise refused(f"{what} could not be listed", error) from error
