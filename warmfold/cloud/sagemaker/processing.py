"""Processing jobs: the operations. What happens while a job runs is in processing_run.py."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.errors import limit_exceeded, validation_error
from warmfold.cloud.sagemaker.processing_run import instances_of, run_processing
from warmfold.cloud.sagemaker.work_jobs import Job, WorkJobs, work_kind

PROCESSING = work_kind(
    "Processing",
    shown_of_request=(
        "ProcessingInputs",
        "ProcessingOutputConfig",
        "ProcessingResources",
        "StoppingCondition",
        "AppSpecification",
        "Environment",
        "NetworkConfig",
        "RoleArn",
    ),
    describes_modification=True,
)
ROOT = PurePosixPath("/opt/ml/processing")


class ProcessingJobs(WorkJobs):
    """All processing jobs."""

    def __init__(self, core: Core) -> None:
        super().__init__(core, PROCESSING)

    def create(self, request: dict[str, Any]) -> Job:
        """Start the job of a (validated) request; raises ServiceError for what cannot run here."""
        _check(request)
        return self.start(
            request, lambda job: run_processing(self._core, job), prepare=lambda: self._check_quota(request)
        )

    def _check_quota(self, request: Mapping[str, Any]) -> None:
        kind, count = _type_of(request), instances_of(request)
        running = [job.request for job in self._jobs.values() if not job.is_finished]
        used = sum(instances_of(other) for other in running if _type_of(other) == kind)
        quota = self._core.settings.processing_quota
        if used + count > quota:
            raise limit_exceeded(f"{kind} for processing job usage", quota, used, count, "Instances")


def _type_of(request: Mapping[str, Any]) -> str:
    kind: str = request["ProcessingResources"]["ClusterConfig"]["InstanceType"]
    return kind


def _check(request: Mapping[str, Any]) -> None:
    """What SageMaker checks beyond its model, and what the local cloud cannot do."""
    if not request["AppSpecification"].get("ContainerEntrypoint"):
        raise validation_error(
            "AppSpecification.ContainerEntrypoint is missing: the local cloud runs commands, not the image's own."
        )
    outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    names = [entry["InputName"] for entry in request.get("ProcessingInputs", ())]
    names += [entry["OutputName"] for entry in outputs]
    if len(names) != len(set(names)):
        raise validation_error(f"Input and output names must be unique: {', '.join(names)}.")
    for entry in request.get("ProcessingInputs", ()):
        _check_input(entry, instances_of(request))
    for entry in outputs:
        _check_output(entry)


def _check_input(entry: Mapping[str, Any], instances: int) -> None:
    what = f"Processing input {entry['InputName']}"
    if "S3Input" not in entry or entry.get("AppManaged"):
        raise validation_error(f"{what} must be an S3Input that is not AppManaged: the local cloud reads S3 only.")
    source = entry["S3Input"]
    if source.get("S3InputMode", "File") != "File" or source.get("S3CompressionType", "None") != "None":
        raise validation_error(f"{what}: the local cloud knows S3InputMode File and S3CompressionType None only.")
    if instances > 1 and source.get("S3DataDistributionType") == "ShardedByS3Key":
        raise validation_error(
            f"{what}: ShardedByS3Key is not built in the local cloud for several instances; use FullyReplicated."
        )
    _check_path(what, source.get("LocalPath"))


def _check_output(entry: Mapping[str, Any]) -> None:
    what = f"Processing output {entry['OutputName']}"
    if "S3Output" not in entry or entry.get("AppManaged"):
        raise validation_error(f"{what} must be an S3Output that is not AppManaged: the local cloud writes S3 only.")
    if entry["S3Output"]["S3UploadMode"] != "EndOfJob":
        raise validation_error(f"{what}: the local cloud knows S3UploadMode EndOfJob only.")
    _check_path(what, entry["S3Output"].get("LocalPath"))


def _check_path(what: str, path: str | None) -> None:
    if path is None or ".." in PurePosixPath(path).parts or not PurePosixPath(path).is_relative_to(ROOT):
        raise validation_error(f"{what}: LocalPath must lie below {ROOT}, and is {path}.")
