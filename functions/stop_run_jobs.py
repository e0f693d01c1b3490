"""State "Stop Run Jobs" of the clean-up: one look at what a run has left, one push to stop it."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.parser import BaseModel

from pipeline.aws.environment import Environment
from pipeline.aws.handler import Surroundings, handler
from pipeline.aws.plan_file import check_acts_for_its_run
from pipeline.aws.telemetry import count, logger
from pipeline.errors import AnotherRunError
from pipeline.running.clean_up import stop_run_jobs
from warmfold_run import names


class StopRunJobsEvent(BaseModel):
    """What the state machine sends."""

    execution_arn: str


@handler(StopRunJobsEvent, Environment)
def lambda_handler(event: StopRunJobsEvent, around: Surroundings[Environment]) -> dict[str, Any]:
    """Stop what can be stopped now, and say what was found; of another execution's run that is nothing."""
    run = names.run_id(event.execution_arn)
    try:
        check_acts_for_its_run(around.storage, event.execution_arn)
    except AnotherRunError as error:
        logger.error("nothing of this execution", extra={"run": run, "why": str(error)})
        return {"running": 0, "available": 0, "clean": True, "run": run}
    found = stop_run_jobs(around.jobs, around.environment.name_prefix, run, around.has_time)
    logger.info("looked at what the run has left", extra=found)
    count("CleanUpLooks")
    return found
