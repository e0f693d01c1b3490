"""States "Release Idle Pools" and "Release Last Pool": nothing idle stays billed."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.parser import BaseModel

from pipeline.aws.environment import Environment
from pipeline.aws.handler import Surroundings, handler
from pipeline.aws.telemetry import count, logger
from pipeline.running.warm_pools import release_warm_pools


class ReleaseWarmPoolsEvent(BaseModel):
    """What the state machine sends."""

    prefix: str
    run: str
    keep: int


@handler(ReleaseWarmPoolsEvent, Environment)
def lambda_handler(event: ReleaseWarmPoolsEvent, around: Surroundings[Environment]) -> dict[str, Any]:
    """Release a run's warm pools, all but the `keep` that last longest."""
    released = release_warm_pools(around.jobs, event.prefix, event.run, event.keep, around.has_time)
    logger.info("warm pools released", extra={"run": event.run, **released})
    count("WarmPoolsReleased", released["released"])
    return released
