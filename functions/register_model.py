"""State "Register Model": the quality gate, then the model package."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws.clients import s3_client, sagemaker_client
from pipeline.aws.environment import Environment
from pipeline.aws.jobs import Jobs
from pipeline.aws.plan_file import read_plan
from pipeline.aws.storage import Storage
from pipeline.aws.telemetry import count
from pipeline.results.best_candidate import Best
from pipeline.results.registration import Registry, register_model

logger = Logger()
tracer = Tracer()


class RegisterModelEvent(BaseModel):
    """What the state machine sends."""

    plan_uri: str
    best: Best
    final_job: str


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_parser(model=RegisterModelEvent)
def lambda_handler(event: RegisterModelEvent, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Register the final model with the gate's verdict."""
    environment = Environment.read(os.environ)
    storage = Storage(s3_client(), environment.data_bucket)
    plan = read_plan(storage, event.plan_uri)
    client = sagemaker_client()
    registration = register_model(Jobs(client), Registry(client), storage, plan, event.best, event.final_job)
    logger.info("model registered", extra={"run": plan["run"], **registration.model_dump()})
    count(f"Models{registration.status}")
    return registration.model_dump()
