"""State "Prepare Transform": the requests for the model and for the batch transform."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws.clients import s3_client
from pipeline.aws.environment import Environment
from pipeline.aws.plan_file import read_plan
from pipeline.aws.storage import Storage
from pipeline.aws.telemetry import count
from pipeline.planning.transform import model_request, transform_request

logger = Logger()
tracer = Tracer()


class PrepareTransformEvent(BaseModel):
    """What the state machine sends."""

    plan_uri: str
    model_package_arn: str


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_parser(model=PrepareTransformEvent)
def lambda_handler(event: PrepareTransformEvent, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Return the CreateModel and the CreateTransformJob request."""
    environment = Environment.read(os.environ)
    storage = Storage(s3_client(), environment.data_bucket)
    plan = read_plan(storage, event.plan_uri)
    logger.info("transform prepared", extra={"run": plan["run"]})
    count("TransformsPrepared")
    return {"model": model_request(plan, event.model_package_arn), "transform": transform_request(plan)}
