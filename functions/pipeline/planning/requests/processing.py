"""Split Dataset's processing job."""

from __future__ import annotations

from typing import Any

from pipeline.planning.limits import splitting_gigabytes, splitting_seconds
from pipeline.planning.requests.common import Context
from warmfold_run import names, places
from warmfold_run.plan import Request

_BASE = "/opt/ml/processing"


def processing_request(context: Context) -> Request:
    """CreateProcessingJob of Split Dataset."""
    unpack = f"mkdir -p {_BASE}/code && tar -xzf {_BASE}/input/code/{places.CODE_ARCHIVE} -C {_BASE}/code"
    instance_type = context.instance_types["processing"]
    return {
        "ProcessingJobName": names.processing_job(context.prefix, context.run),
        "RoleArn": context.fold_role,
        "AppSpecification": {
            "ImageUri": context.image,
            "ContainerEntrypoint": ["/bin/sh", "-c", f"{unpack} && exec python3 {_BASE}/code/processing.py"],
        },
        "Environment": {
            **context.environment,
            "AWS_REGION": context.region,
            "WARMFOLD_INPUT": f"{_BASE}/input",
            "WARMFOLD_OUTPUT": f"{_BASE}/output",
            "WARMFOLD_MESSAGE": "/opt/ml/output/message",
            "WARMFOLD_HOSTS": "/opt/ml/config/resourceconfig.json",
        },
        "ProcessingInputs": [
            _input("code", context.code_uri),
            _input("config", context.plan_uri),
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "run",
                    "S3Output": {
                        "S3Uri": context.locations["run"],
                        "LocalPath": f"{_BASE}/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
            **context.output_key,
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": instance_type,
                "InstanceCount": context.experiment["compute"]["split_instances"],
                "VolumeSizeInGB": splitting_gigabytes(context.data_bytes),
                **context.volume_key(instance_type),
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": splitting_seconds(context.data_bytes)},
        **({"NetworkConfig": context.network} if context.network else {}),
        "Tags": context.tags,
    }


def _input(name: str, uri: str) -> dict[str, Any]:
    where = {"S3Uri": uri, "LocalPath": f"{_BASE}/input/{name}"}
    return {"InputName": name, "S3Input": {**where, "S3DataType": "S3Prefix", "S3InputMode": "File"}}
