"""The model that is made of the registered package, and the batch transform of the rows to score."""

from __future__ import annotations

from pipeline.planning.limits import INVOCATION_SECONDS
from pipeline.planning.requests.common import Context
from warmfold_run import names
from warmfold_run.plan import Request

MAX_PAYLOAD_MB = 6  # a chunk of rows is at most 5 MB


def model_request(context: Context) -> Request:
    """CreateModel without its Containers, the registered package, which its state adds."""
    return {
        "ModelName": names.model(context.prefix, context.run),
        "ExecutionRoleArn": context.model_role,
        # it unpickles its archive, and needs nobody: SageMaker hands it the rows and takes its answers
        "EnableNetworkIsolation": True,
        **context.network,
        "Tags": context.tags,
    }


def transform_request(context: Context) -> Request:
    """CreateTransformJob of every chunk of rows to score; each chunk is one request, header and all."""
    instance_type = context.instance_types["transform"]
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": context.locations["score"]}}
    return {
        "TransformJobName": names.transform_job(context.prefix, context.run),
        "ModelName": names.model(context.prefix, context.run),
        "MaxPayloadInMB": MAX_PAYLOAD_MB,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": INVOCATION_SECONDS, "InvocationsMaxRetries": 1},
        "BatchStrategy": "SingleRecord",
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "None"},
        "TransformOutput": {
            "S3OutputPath": context.locations["predictions"],
            "Accept": "text/csv",
            **context.output_key,
        },
        "TransformResources": {
            "InstanceType": instance_type,
            "InstanceCount": 1,
            **context.volume_key(instance_type),
        },
        "Tags": context.tags,
    }
