"""State "Prepare Final Training": the request for one fit on all the training rows."""

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
from pipeline.planning.final_training import final_training_request
from pipeline.results.best_candidate import Best

logger = Logger()
tracer = Tracer()


class PrepareFinalTrainingEvent(BaseModel):
    """What the state machine sends."""

    plan_uri: str
    best: Best


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_parser(model=PrepareFinalTrainingEvent)
def lambda_handler(event: PrepareFinalTrainingEvent, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Return the final job's CreateTrainingJob request."""
    environment = Environment.read(os.environ)
    storage = Storage(s3_client(), environment.data_bucket)
    request = final_training_request(read_plan(storage, event.plan_uri), event.best)
    logger.info("final training prepared", extra={"job": request["TrainingJobName"]})
    count("FinalTrainingsPrepared")
    return request
