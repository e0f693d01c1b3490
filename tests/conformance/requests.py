"""The requests that the conformance suite sends, each complete; a test says what it changes."""

from __future__ import annotations

import copy
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID

from tests.patience import PATIENCE, SLOWNESS

BUCKET = "conformance"
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/jobs"
OTHER_ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/others"
CODE = f"s3://{BUCKET}/code/sourcedir.tar.gz"
ARCHIVE = f"s3://{BUCKET}/model/model.tar.gz"
IMAGE = "image"
TAGS = [{"Key": "own", "Value": "tag"}]
INSTANCE = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
NARROW = "ml.c4.xlarge"
"""The type with a quota of one instance."""
WITHOUT_POOLS = "ml.c5.xlarge"
"""The type with a warm pool quota of 0."""
ONE_POOL = "ml.c5.2xlarge"
"""The type with a warm pool quota of 1."""
THROTTLED = "DeleteTags"
"""The operation that answers two requests a second."""
GRACE = 2.0 * SLOWNESS
"""Seconds from SIGTERM to SIGKILL, in which a container that listens must have ended."""
AT_ONCE = {"pool_available_after_seconds": 0.0, "pool_release_seconds": 0.0, "list_lag_seconds": 0.0}
SETTINGS = {
    "preload": False,
    "cores": 2,
    "stop_grace_seconds": GRACE,
    "instance_quotas": {NARROW: 1},
    "warm_pool_quotas": {WITHOUT_POOLS: 0, ONE_POOL: 1},
    "api_rates": {THROTTLED: 2},
    "step_functions_refuses": {"createTrainingJob": ["TensorBoardOutputConfig"]},
    **AT_ONCE,
}
"""Of the local SageMaker; what comes late is tried in `test_late.py`, by a clock."""
QUICKLY = {"Delay": 0.05, "MaxAttempts": int(PATIENCE / 0.05)}
"""Of a waiter of botocore's."""

Request = dict[str, Any]


def arn(kind: str, name: str) -> str:
    """The ARN of a resource such as `training-job`."""
    return f"arn:aws:sagemaker:us-east-1:{DEFAULT_ACCOUNT_ID}:{kind}/{name}"


def changed(request: Request, **changes: Any) -> Request:
    """The request with members replaced, those of structures one by one; None takes a member away."""
    result = copy.deepcopy(request)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(result.get(name), dict) and name != "HyperParameters":
            result[name] = changed(result[name], **value)
        else:
            result[name] = value
    return result


def program(name: str, **hyperparameters: str) -> dict[str, Any]:
    """The HyperParameters of a job that is one of the scripts."""
    own = {"sagemaker_program": name, "sagemaker_submit_directory": CODE}
    return {"HyperParameters": own | hyperparameters}


def channel(name: str, uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    """A channel of a training job."""
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}}


def training(name: str, script: str = "true", **changes: Any) -> Request:
    """A CreateTrainingJob request whose container is a shell script."""
    return changed(
        {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "validation:score", "Regex": "validation score:([^;]+);"}],
                "ContainerEntrypoint": ["/bin/sh", "-c", script],
            },
            "HyperParameters": {},
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/runs/"},
            "ResourceConfig": INSTANCE,
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "Tags": TAGS,
        },
        **changes,
    )


def scripted(name: str, script: str, **changes: Any) -> Request:
    """A CreateTrainingJob request in script mode, for one of the scripts in the archive."""
    request = training(name, **program(script))
    del request["AlgorithmSpecification"]["ContainerEntrypoint"]
    return changed(request, **changes)


def pooled(seconds: int = 600, **changes: Any) -> dict[str, Any]:
    """A ResourceConfig that keeps its instance."""
    return {"ResourceConfig": INSTANCE | {"KeepAlivePeriodInSeconds": seconds} | changes}


def tuning(name: str, script: str = "score.py", total: int = 4, parallel: int = 2, **changes: Any) -> Request:
    """A CreateHyperParameterTuningJob request over one range, x from 0 to 1; the best is at 0.25."""
    definition = scripted(name, script, **program(script, centre="0.25"))
    for member in ("TrainingJobName", "Tags"):
        del definition[member]
    definition["StaticHyperParameters"] = definition.pop("HyperParameters")
    return changed(
        {
            "HyperParameterTuningJobName": name,
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:score"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": total, "MaxParallelTrainingJobs": parallel},
                "ParameterRanges": {"ContinuousParameterRanges": [ranged("x", "0", "1")]},
                "TrainingJobEarlyStoppingType": "Off",
                "RandomSeed": 5,
            },
            "TrainingJobDefinition": definition,
            "Tags": TAGS,
        },
        **changes,
    )


def ranged(name: str, low: str, high: str, scaling: str = "Linear") -> dict[str, str]:
    """A continuous or integer range."""
    return {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scaling}


def processing(name: str, script: str = "true", **changes: Any) -> Request:
    """A CreateProcessingJob request with one output, out/<name>/."""
    return changed(
        {
            "ProcessingJobName": name,
            "RoleArn": ROLE,
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["/bin/sh", "-c", script]},
            "ProcessingResources": {"ClusterConfig": INSTANCE},
            "ProcessingOutputConfig": {"Outputs": [output_of("out", f"s3://{BUCKET}/out/{name}/")]},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "Tags": TAGS,
        },
        **changes,
    )


def input_of(name: str, uri: str, kind: str = "S3Prefix", **changes: Any) -> dict[str, Any]:
    """An input of a processing job."""
    path = f"/opt/ml/processing/input/{name}"
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": kind, "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source | changes}


def output_of(name: str, uri: str, **changes: Any) -> dict[str, Any]:
    """An output of a processing job."""
    target = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "S3Output": target | changes}


def model(name: str, script: str | None = "echo.py", **changes: Any) -> Request:
    """A CreateModel request for one of the scripts in the model's archive."""
    environment = {"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code", "OWN": "model's"}
    environment |= {"SAGEMAKER_PROGRAM": script} if script else {}
    container = {"Image": IMAGE, "ModelDataUrl": ARCHIVE, "Environment": environment}
    return changed({"ModelName": name, "ExecutionRoleArn": ROLE, "PrimaryContainer": container}, **changes)


def transform(name: str, model_name: str, **changes: Any) -> Request:
    """A CreateTransformJob request for what is below in/<name>/."""
    prefix = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/in/{name}/"}
    return changed(
        {
            "TransformJobName": name,
            "ModelName": model_name,
            "TransformInput": {"DataSource": {"S3DataSource": prefix}, "ContentType": "text/csv"},
            "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out/{name}/", "Accept": "text/csv"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            "Tags": TAGS,
        },
        **changes,
    )


def by_line(assemble: str = "None") -> dict[str, Any]:
    """What to change in a transform job so that its inputs are split by line."""
    return {"TransformInput": {"SplitType": "Line"}, "TransformOutput": {"AssembleWith": assemble}}


def specification(script: str = "inference.py") -> dict[str, Any]:
    """An InferenceSpecification for one of the scripts in the model's archive."""
    environment = {"SAGEMAKER_PROGRAM": script, "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    return {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": ARCHIVE, "Environment": environment | {"OWN": "package's"}}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
