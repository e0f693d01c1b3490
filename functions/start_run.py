"""Starts a run for every dataset that arrives, and tells of uploads that nearly are one."""

from __future__ import annotations

from aws_lambda_powertools.utilities.parser import BaseModel
from pydantic import Field

from pipeline.aws.clients import sns_client, stepfunctions_client
from pipeline.aws.environment import StartEnvironment
from pipeline.aws.handler import Surroundings, handler
from pipeline.aws.telemetry import count, logger
from pipeline.aws.topic import Topic
from pipeline.running.near_miss import near_miss_message, tell_near_miss
from pipeline.running.starting import start_run


class Bucket(BaseModel):
    """Where the object is."""

    name: str


class Object(BaseModel):
    """The object's version that arrived; a bucket without versioning gives it no id."""

    key: str
    version_id: str | None = Field(alias="version-id", default=None)
    etag: str | None = None
    sequencer: str | None = None


class DataArrived(BaseModel):
    """What has arrived, and where."""

    bucket: Bucket
    data: Object = Field(alias="object")


class StartRunEvent(BaseModel):
    """EventBridge's S3 Object Created, as far as it matters."""

    detail: DataArrived


@handler(StartRunEvent, StartEnvironment)
def lambda_handler(event: StartRunEvent, around: Surroundings[StartEnvironment]) -> dict[str, str]:
    """Start the run that a dataset's arrival asks for; an upload that nearly was one is told of instead."""
    data = event.detail.data
    missed = near_miss_message(event.detail.bucket.name, data.key)
    if missed is not None:
        logger.error("near miss", extra={"key": data.key, "told": missed})
        tell_near_miss(Topic(sns_client(), around.environment.notification_topic_arn), missed)
        count("NearMisses")
        return {"ignored": missed}
    result = start_run(
        stepfunctions_client(),
        around.environment.state_machine_arn,
        bucket=event.detail.bucket.name,
        key=data.key,
        version=data.version_id,
        content=f"{data.etag}/{data.sequencer}",
    )
    logger.info("object arrived", extra={"key": data.key, **result})
    count("RunsStarted", int("execution_arn" in result))
    return result
