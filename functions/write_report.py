"""States "Write Report" of both machines: summary.json, report.html and the notification."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.parser import event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws.clients import s3_client, sagemaker_client, sns_client, stepfunctions_client
from pipeline.aws.environment import ReportEnvironment
from pipeline.aws.jobs import Jobs
from pipeline.aws.storage import Storage
from pipeline.aws.telemetry import count
from pipeline.reporting.facts import FactFinder
from pipeline.reporting.notification import notify
from pipeline.reporting.summary import Ending
from pipeline.reporting.write import report_run
from pipeline.results.registration import Registry

logger = Logger()
tracer = Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_parser(model=Ending)
def lambda_handler(event: Ending, context: LambdaContext) -> dict[str, str]:  # noqa: ARG001
    """Say how a run ended, whatever there is of it."""
    environment = ReportEnvironment.read(os.environ)
    storage = Storage(s3_client(), environment.data_bucket)
    sagemaker = sagemaker_client()
    finder = FactFinder(Jobs(sagemaker), Registry(sagemaker), storage, stepfunctions_client())
    reported = report_run(storage, finder, event, lambda: datetime.now(UTC))
    logger.info("report written", extra={"run": reported.summary["run"], "outcome": reported.summary["outcome"]})
    notify(sns_client(), environment.notification_topic_arn, reported.summary)
    count("ReportsWritten")
    count("WarmPoolsLeft", len(reported.summary["pools_left"]))
    return {"run": reported.summary["run"], "summary_uri": reported.summary_uri, "report_uri": reported.report_uri}
