"""Goes on with a run when its model, which waited for approval, has been approved."""

from __future__ import annotations

import os

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.data_classes import EventBridgeEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws.clients import s3_client, sagemaker_client, stepfunctions_client
from pipeline.aws.environment import StartEnvironment
from pipeline.aws.storage import Storage
from pipeline.aws.telemetry import count
from pipeline.results.registration import Registry
from pipeline.running.starting import resume_run

logger = Logger()
tracer = Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_source(data_class=EventBridgeEvent)
def lambda_handler(event: EventBridgeEvent, context: LambdaContext) -> dict[str, str]:  # noqa: ARG001
    """Start the execution that a SageMaker Model Package State Change event asks for."""
    environment = StartEnvironment.read(os.environ)
    result = resume_run(
        stepfunctions_client(),
        environment.state_machine_arn,
        Registry(sagemaker_client()),
        Storage(s3_client(), environment.data_bucket),
        event.detail["ModelPackageArn"],
    )
    logger.info("model approved", extra={"model_package": event.detail["ModelPackageArn"], **result})
    count("RunsResumed", int("execution_arn" in result))
    return result
