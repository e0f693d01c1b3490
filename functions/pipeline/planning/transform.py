"""The batch transform: a model from the registered package, and the rows to score."""

from __future__ import annotations

from typing import Any

from pipeline.planning.requests import output_key, volume_key
from pipeline.results.registration import INVOCATION_SECONDS
from warmfold_run import names
from warmfold_run.plan import Plan

MAX_PAYLOAD_MB = 6  # a chunk of rows is at most 5 MB


def model_request(plan: Plan, model_package_arn: str) -> dict[str, Any]:
    """CreateModel of the registered model package, with the role and in the network that trained it."""
    final = plan["requests"]["final"]
    return {
        "ModelName": names.model(plan["prefix"], plan["run"]),
        "Containers": [{"ModelPackageName": model_package_arn}],
        "ExecutionRoleArn": final["RoleArn"],
        **({"VpcConfig": final["VpcConfig"]} if "VpcConfig" in final else {}),
        "Tags": names.job_tags(plan["prefix"], plan["run"]),
    }


def transform_request(plan: Plan) -> dict[str, Any]:
    """CreateTransformJob of every chunk of rows to score; each chunk is one request, header and all."""
    key, instance_type = (
        plan["requests"]["final"]["OutputDataConfig"].get("KmsKeyId"),
        plan["instance_types"]["transform"],
    )
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": plan["locations"]["score"]}}
    return {
        "TransformJobName": names.transform_job(plan["prefix"], plan["run"]),
        "ModelName": names.model(plan["prefix"], plan["run"]),
        "MaxPayloadInMB": MAX_PAYLOAD_MB,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": INVOCATION_SECONDS, "InvocationsMaxRetries": 1},
        "BatchStrategy": "SingleRecord",
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "None"},
        "TransformOutput": {
            "S3OutputPath": plan["locations"]["predictions"],
            "Accept": "text/csv",
            **output_key(key),
        },
        "TransformResources": {"InstanceType": instance_type, "InstanceCount": 1, **volume_key(key, instance_type)},
        "Tags": names.job_tags(plan["prefix"], plan["run"]),
    }
