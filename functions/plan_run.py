"""State "Plan Run": checks data and experiment, writes plan.json."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws.clients import s3_client
from pipeline.aws.environment import PlanEnvironment
from pipeline.aws.storage import Storage
from pipeline.aws.telemetry import count
from pipeline.planning.planner import Planner

logger = Logger()
tracer = Tracer()


class PlanRunEvent(BaseModel):
    """What the state machine sends."""

    execution_arn: str
    input: dict[str, Any]


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_parser(model=PlanRunEvent)
def lambda_handler(event: PlanRunEvent, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Plan a run, or refuse it in words that name the thing, the place and the remedy."""
    environment = PlanEnvironment.read(os.environ)
    planner = Planner(Storage(s3_client(), environment.data_bucket), environment, lambda: datetime.now(UTC))
    planned = planner.plan_run(event.execution_arn, event.input)
    logger.info("run planned", extra={"run": planned["run"], "plan_uri": planned["plan_uri"]})
    count("RunsPlanned")
    return planned
