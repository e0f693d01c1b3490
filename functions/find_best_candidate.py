"""State "Find Best Candidate": the best candidate that has all its fold scores."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.parser import BaseModel

from pipeline.aws.environment import Environment
from pipeline.aws.handler import Surroundings, handler
from pipeline.aws.plan_file import read_plan
from pipeline.aws.telemetry import count, logger
from pipeline.results.best_candidate import find_best_candidate


class FindBestCandidateEvent(BaseModel):
    """What the state machine sends."""

    execution_arn: str
    tuning_job: str


@handler(FindBestCandidateEvent, Environment)
def lambda_handler(event: FindBestCandidateEvent, around: Surroundings[Environment]) -> dict[str, Any]:
    """Return the best candidate, its fold scores checked against its objective."""
    plan = read_plan(around.storage, event.execution_arn)
    best = find_best_candidate(around.jobs, around.storage, plan, event.tuning_job)
    logger.info("best candidate found", extra={"run": plan["run"], "candidate": best.candidate, "score": best.score})
    count("BestCandidatesFound")
    return best.model_dump()
