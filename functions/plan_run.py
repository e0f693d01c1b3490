"""State "Plan Run": checks data and experiment, writes plan.json."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.parser import BaseModel

from pipeline.aws.environment import PlanEnvironment
from pipeline.aws.handler import Surroundings, handler
from pipeline.aws.telemetry import count, logger
from pipeline.planning.planner import Planner
from pipeline.running.approval import go_on
from warmfold_run import names
from warmfold_run.plan import Planned


class PlanRunEvent(BaseModel):
    """What the state machine sends."""

    execution_arn: str
    input: dict[str, Any]


@handler(PlanRunEvent, PlanEnvironment)
def lambda_handler(event: PlanRunEvent, around: Surroundings[PlanEnvironment]) -> Planned:
    """Plan a run or let it go on after an approval, or refuse that in words that name thing, place and remedy."""
    if names.first_execution(event.execution_arn) != event.execution_arn:
        planned = go_on(around.registry, around.storage, event.execution_arn)
    else:
        planner = Planner(
            around.storage, around.environment, lambda: datetime.now(UTC), lambda group: around.registry.champion(group)
        )
        planned = planner.plan_run(event.execution_arn, event.input)
    logger.info("run planned", extra={"run": planned["run"], "plan_uri": planned["plan_uri"]})
    count("RunsPlanned")
    return planned
