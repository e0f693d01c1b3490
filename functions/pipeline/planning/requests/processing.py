"""Split Dataset's processing job."""

from __future__ import annotations

from typing import Any

from pipeline.planning.limits import splitting_gigabytes, splitting_seconds
from pipeline.planning.requests.common import Context
from warmfold_run import names, places
from warmfold_run.plan import Request

_BASE = "/opt/ml/processing"
_CHECK = (
    'import hashlib, sys; file, planned = sys.argv[1:]; found = hashlib.sha256(open(file, "rb").read()).hexdigest(); '
    'sys.exit(found != planned and f"{file} is not the code that was planned: sha256 {found}, not {planned}")'
)
"""A program of Python, for not every machine of the local cloud has a `sha256sum`."""


def processing_request(context: Context) -> Request:
    """CreateProcessingJob of Split Dataset."""
    archive = f"{_BASE}/input/code/{places.CODE_ARCHIVE}"
    check, unpack = 'python3 -c "$0" "$1" "$2"', f'mkdir -p {_BASE}/code && tar -xzf "$1" -C {_BASE}/code'
    command = f"{check} && {unpack} && exec python3 {_BASE}/code/processing.py"
    instance_type = context.instance_types["processing"]
    return {
        "ProcessingJobName": names.processing_job(context.prefix, context.run),
        "RoleArn": context.split_role,
        "AppSpecification": {
            "ImageUri": context.image,
            "ContainerEntrypoint": ["/bin/sh", "-c", command, _CHECK, archive, context.code["sha256"]],
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
            _input("code", context.code["uri"]),
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
