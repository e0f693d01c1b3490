"""States "Release Idle Pools" and "Release Last Pool": nothing idle stays billed."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.clients import sagemaker_client
from pipeline.sagemaker_jobs import Jobs
from pipeline.warm_pools import release_warm_pools

logger = Logger()
tracer = Tracer()
metrics = Metrics()


class ReleaseWarmPoolsEvent(BaseModel):
    """What the state machine sends."""

    prefix: str
    run: str
    keep: int


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@event_parser(model=ReleaseWarmPoolsEvent)
def lambda_handler(event: ReleaseWarmPoolsEvent, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Release a run's warm pools, all but the `keep` that last longest."""
    released = release_warm_pools(Jobs(sagemaker_client()), event.prefix, event.run, event.keep)
    logger.info("warm pools released", extra={"run": event.run, **released})
    metrics.add_metric(name="WarmPoolsReleased", unit=MetricUnit.Count, value=released["released"])
    return released
