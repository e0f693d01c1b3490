"""States "Write Report" of both machines: summary.json, report.html and the notification."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.aws.clients import sns_client, stepfunctions_client
from pipeline.aws.environment import ReportEnvironment
from pipeline.aws.handler import Surroundings, handler
from pipeline.aws.plan_file import check_acts_for_its_run
from pipeline.aws.telemetry import count, logger
from pipeline.aws.topic import Topic
from pipeline.errors import AnotherRunError
from pipeline.reporting.facts import FactFinder
from pipeline.reporting.notification import notify
from pipeline.reporting.summary import Ending
from pipeline.reporting.write import report_run
from warmfold_run import names


@handler(Ending, ReportEnvironment)
def lambda_handler(event: Ending, around: Surroundings[ReportEnvironment]) -> dict[str, str]:
    """Say how a run ended, whatever there is of it; an execution that is no part of it leaves its report alone."""
    try:
        check_acts_for_its_run(around.storage, event.execution_arn)
    except AnotherRunError as error:
        run = names.run_id(event.execution_arn)
        logger.error("no report of this execution", extra={"run": run, "why": str(error)})
        return {"run": run, "ignored": str(error)}
    finder = FactFinder(around.jobs, around.registry, around.storage, stepfunctions_client())
    reported = report_run(around.storage, finder, event, lambda: datetime.now(UTC))
    logger.info("report written", extra={"run": reported.summary["run"], "outcome": reported.summary["outcome"]})
    notify(Topic(sns_client(), around.environment.notification_topic_arn), reported.summary)
    count("ReportsWritten")
    count("WarmPoolsLeft", len(reported.summary["pools_left"]))
    return {"run": reported.summary["run"], "summary_uri": reported.summary_uri, "report_uri": reported.report_uri}
