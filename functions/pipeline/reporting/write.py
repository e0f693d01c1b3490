"""The two files that tell how a run ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from pipeline.aws.storage import Storage
from pipeline.reporting.facts import FactFinder
from pipeline.reporting.page import render_report
from pipeline.reporting.summary import Ending, summarize
from warmfold_run import places
from warmfold_run.summary import Summary


class Reported(NamedTuple):
    """A run's summary, and where it and the page are."""

    summary: Summary
    summary_uri: str
    report_uri: str


def report_run(storage: Storage, finder: FactFinder, ending: Ending, now: Callable[[], datetime]) -> Reported:
    """Write report.html and summary.json of a run that has ended, whatever there is of it."""
    facts = finder.find(ending.execution_arn)
    report, summary_key = (places.run_key(facts.run, name) for name in (places.REPORT, places.SUMMARY))
    summary = summarize(facts, ending, storage.uri(report), now())
    page = render_report(summary, facts.profile, facts.diagnostics)
    # whoever finds the summary finds the page
    report_uri = storage.write(report, page.encode(), "text/html; charset=utf-8")
    return Reported(summary, storage.write_json(summary_key, summary), report_uri)
