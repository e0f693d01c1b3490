"""States "Write Report" of both machines: summary.json, report.html and the notification."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.parser import event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.clients import s3_client, sagemaker_client, sns_client, stepfunctions_client
from pipeline.environment import ReportEnvironment
from pipeline.notification import notify
from pipeline.registration import Registry
from pipeline.reporting import report_run
from pipeline.run_facts import FactFinder
from pipeline.sagemaker_jobs import Jobs
from pipeline.storage import Storage
from pipeline.summary import Ending
from pipeline.telemetry import count

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
