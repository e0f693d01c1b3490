"""States "Release Idle Pools" and "Release Last Pool": nothing idle stays billed."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws.clients import sagemaker_client
from pipeline.aws.jobs import Jobs
from pipeline.aws.telemetry import count
from pipeline.aws.time_left import time_left
from pipeline.running.warm_pools import release_warm_pools

logger = Logger()
tracer = Tracer()


class ReleaseWarmPoolsEvent(BaseModel):
    """What the state machine sends."""

    prefix: str
    run: str
    keep: int


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_parser(model=ReleaseWarmPoolsEvent)
def lambda_handler(event: ReleaseWarmPoolsEvent, context: LambdaContext) -> dict[str, Any]:
    """Release a run's warm pools, all but the `keep` that last longest."""
    jobs = Jobs(sagemaker_client())
    released = release_warm_pools(jobs, event.prefix, event.run, event.keep, time_left(context))
    logger.info("warm pools released", extra={"run": event.run, **released})
    count("WarmPoolsReleased", released["released"])
    return released
