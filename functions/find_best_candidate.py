"""State "Find Best Candidate": the best candidate that has all its fold scores."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws.clients import s3_client, sagemaker_client
from pipeline.aws.environment import Environment
from pipeline.aws.jobs import Jobs
from pipeline.aws.plan_file import read_plan
from pipeline.aws.storage import Storage
from pipeline.aws.telemetry import count
from pipeline.results.best_candidate import find_best_candidate

logger = Logger()
tracer = Tracer()


class FindBestCandidateEvent(BaseModel):
    """What the state machine sends."""

    plan_uri: str
    tuning_job: str


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_parser(model=FindBestCandidateEvent)
def lambda_handler(event: FindBestCandidateEvent, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Return the best candidate, its fold scores checked against its objective."""
    environment = Environment.read(os.environ)
    storage = Storage(s3_client(), environment.data_bucket)
    plan = read_plan(storage, event.plan_uri)
    best = find_best_candidate(Jobs(sagemaker_client()), storage, plan, event.tuning_job)
    logger.info("best candidate found", extra={"run": plan["run"], "candidate": best.candidate, "score": best.score})
    count("BestCandidatesFound")
    return best.model_dump()
