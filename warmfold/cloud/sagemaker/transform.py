"""Transform jobs: the operations. What happens while a job runs is in transform_run.py."""

from collections.abc import Mapping
from typing import Any

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.data_processing import DataProcessing
from warmfold.cloud.sagemaker.errors import validation_error
from warmfold.cloud.sagemaker.models import Model, Models
from warmfold.cloud.sagemaker.transform_run import PROGRAM, run_transform
from warmfold.cloud.sagemaker.work_jobs import Job, WorkJobs, work_kind

TRANSFORM = work_kind(
    "Transform",
    shown_of_request=(
        "ModelName",
        "MaxConcurrentTransforms",
        "ModelClientConfig",
        "MaxPayloadInMB",
        "BatchStrategy",
        "Environment",
        "TransformInput",
        "TransformOutput",
        "TransformResources",
        "DataProcessing",
    ),
    describes_modification=False,
)
MAX_PAYLOAD_MB = 100


class TransformJobs(WorkJobs):
    """All transform jobs."""

    def __init__(self, core: Core, models: Models) -> None:
        super().__init__(core, TRANSFORM)
        self._models = models

    def create(self, request: dict[str, Any]) -> Job:
        """Start the job of a (validated) request; raises ServiceError for a missing model or what cannot run here."""
        model = self._models.get(request["ModelName"])
        _check(request, model)
        return self.start(request, lambda job: run_transform(self._core, job, model))


def _check(request: Mapping[str, Any], model: Model) -> None:
    """What SageMaker checks beyond its model, and what the local cloud cannot do."""
    source, output = request["TransformInput"], request["TransformOutput"]
    _only("TransformResources.InstanceCount", request["TransformResources"]["InstanceCount"], 1)
    _only(
        "TransformInput.DataSource.S3DataSource.S3DataType",
        source["DataSource"]["S3DataSource"]["S3DataType"],
        "S3Prefix",
        "ManifestFile",
    )
    _only("TransformInput.CompressionType", source.get("CompressionType", "None"), "None")
    _only("TransformInput.SplitType", source.get("SplitType", "None"), "None", "Line")
    _only("TransformOutput.AssembleWith", output.get("AssembleWith", "None"), "None", "Line")
    if not output["S3OutputPath"].startswith("s3://"):
        raise validation_error(f"TransformOutput.S3OutputPath must be an S3 URI, and is {output['S3OutputPath']!r}.")
    DataProcessing.of(request)
    if "DataCaptureConfig" in request:
        raise validation_error("DataCaptureConfig: the local cloud captures no data; leave it out.")
    payload, concurrent = request.get("MaxPayloadInMB", 6), request.get("MaxConcurrentTransforms") or 1
    if payload * concurrent > MAX_PAYLOAD_MB:
        raise validation_error(
            f"MaxPayloadInMB times MaxConcurrentTransforms must not exceed {MAX_PAYLOAD_MB}, and is "
            f"{payload} times {concurrent}."
        )
    if PROGRAM not in {**model.container.environment, **request.get("Environment", {})}:
        raise validation_error(
            f"The environment of model {model.name} has no {PROGRAM}: the local cloud serves scripts, not images; "
            "name the script there, and its folder in SAGEMAKER_SUBMIT_DIRECTORY."
        )


def _only(path: str, value: object, *allowed: object) -> None:
    if value not in allowed:
        raise validation_error(f"{path} is {value}; the local cloud knows {' and '.join(map(str, allowed))} only.")
