"""State "Register Model": the quality gate, then the model package."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.parser import BaseModel

from pipeline.aws.environment import Environment
from pipeline.aws.handler import Surroundings, handler
from pipeline.aws.plan_file import read_plan
from pipeline.aws.telemetry import count, logger
from pipeline.results.best_candidate import Best
from pipeline.results.registration import register_model


class RegisterModelEvent(BaseModel):
    """What the state machine sends."""

    execution_arn: str
    best: Best
    final_job: str


@handler(RegisterModelEvent, Environment)
def lambda_handler(event: RegisterModelEvent, around: Surroundings[Environment]) -> dict[str, Any]:
    """Register the final model with the gate's verdict."""
    plan = read_plan(around.storage, event.execution_arn)
    registration = register_model(around.jobs, around.registry, around.storage, plan, event.best, event.final_job)
    logger.info("model registered", extra={"run": plan["run"], **registration.model_dump()})
    count(f"Models{registration.status}")
    return registration.model_dump()
