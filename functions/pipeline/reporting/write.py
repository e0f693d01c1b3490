"""The two files that tell how a run ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from pipeline.aws.storage import Storage
from pipeline.reporting.facts import FactFinder
from pipeline.reporting.page import render_report
from pipeline.reporting.summary import Ending, summarize


class Reported(NamedTuple):
    """A run's summary, and where it and the page are."""

    summary: dict[str, Any]
    summary_uri: str
    report_uri: str


def report_run(storage: Storage, finder: FactFinder, ending: Ending, now: Callable[[], datetime]) -> Reported:
    """Write report.html and summary.json of a run that has ended, whatever there is of it."""
    facts = finder.find(ending.execution_arn)
    folder = f"runs/{facts.run}/"
    summary = summarize(facts, ending, storage.uri(f"{folder}report.html"), now())
    page = render_report(summary, facts.profile)
    # whoever finds the summary finds the page
    report_uri = storage.write(f"{folder}report.html", page.encode(), "text/html; charset=utf-8")
    return Reported(summary, storage.write_json(f"{folder}summary.json", summary), report_uri)
