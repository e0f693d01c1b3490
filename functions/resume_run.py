"""Goes on with a run when its model, which waited for approval, has been approved."""

from __future__ import annotations

from aws_lambda_powertools.utilities.parser import BaseModel
from pydantic import Field

from pipeline.aws.clients import stepfunctions_client
from pipeline.aws.environment import ResumeEnvironment
from pipeline.aws.handler import Surroundings, handler
from pipeline.aws.telemetry import count, logger
from pipeline.running.approval import resume_run


class ModelPackage(BaseModel):
    """The model package that was approved."""

    arn: str = Field(alias="ModelPackageArn")


class ResumeRunEvent(BaseModel):
    """EventBridge's SageMaker Model Package State Change, as far as it matters."""

    detail: ModelPackage


@handler(ResumeRunEvent, ResumeEnvironment)
def lambda_handler(event: ResumeRunEvent, around: Surroundings[ResumeEnvironment]) -> dict[str, str]:
    """Start the execution that goes on with the run whose model was approved."""
    machine, model_package = around.environment.state_machine_arn, event.detail.arn
    result = resume_run(stepfunctions_client(), machine, around.registry, around.storage, model_package)
    logger.info("model approved", extra={"model_package": model_package, **result})
    count("RunsResumed", int("execution_arn" in result))
    return result
