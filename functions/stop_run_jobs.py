"""State "Stop Run Jobs" of the clean-up: one look at what a run has left, one push to stop it."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws.clients import sagemaker_client
from pipeline.aws.environment import Environment
from pipeline.aws.jobs import Jobs
from pipeline.aws.telemetry import count
from pipeline.aws.time_left import time_left
from pipeline.running.clean_up import stop_run_jobs
from warmfold_run import names

logger = Logger()
tracer = Tracer()


class StopRunJobsEvent(BaseModel):
    """What the state machine sends."""

    execution_arn: str


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_parser(model=StopRunJobsEvent)
def lambda_handler(event: StopRunJobsEvent, context: LambdaContext) -> dict[str, Any]:
    """Stop what can be stopped now, and say what was found."""
    environment = Environment.read(os.environ)
    run = names.run_id(event.execution_arn)
    found = stop_run_jobs(Jobs(sagemaker_client()), environment.name_prefix, run, time_left(context))
    logger.info("looked at what the run has left", extra=found)
    count("CleanUpLooks")
    return found
