"""Starts a run for every dataset that arrives."""

from __future__ import annotations

import os

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.data_classes import S3EventBridgeNotificationEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws.clients import stepfunctions_client
from pipeline.aws.environment import StartEnvironment
from pipeline.aws.telemetry import count
from pipeline.running.starting import start_run

logger = Logger()
tracer = Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_source(data_class=S3EventBridgeNotificationEvent)
def lambda_handler(event: S3EventBridgeNotificationEvent, context: LambdaContext) -> dict[str, str]:  # noqa: ARG001
    """Start the run that an S3 Object Created event asks for."""
    environment = StartEnvironment.read(os.environ)
    s3_object = event.detail.object
    result = start_run(
        stepfunctions_client(),
        environment.state_machine_arn,
        bucket=event.detail.bucket.name,
        key=s3_object.key,
        version=s3_object.get("version-id"),
        content=f"{s3_object.get('etag')}/{s3_object.get('sequencer')}",
    )
    logger.info("dataset arrived", extra={"key": s3_object.key, **result})
    count("RunsStarted", int("execution_arn" in result))
    return result
