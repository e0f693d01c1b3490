"""report.html: one page about one run, with nothing outside of it."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.reporting import charts, formats
from pipeline.reporting.evidence import evidence
from pipeline.reporting.pool_use import ASSUMED_WARM_START
from warmfold_run.diagnostics import Diagnostics
from warmfold_run.records import Profile
from warmfold_run.summary import CandidateCounts, MissedPool, Summary
from warmfold_run.understanding import printable, sentences, told

MOST_CLASSES = 20
MOST_COLUMNS = 20
MOST_REASONS = 5
MOST_REMARKS = 6
"""Remarks that are open; more of them are a click away."""
_HEADLINES = {
    "succeeded": "Model registered",
    "rejected": "Model rejected by the quality gate",
    "awaiting approval": "Model awaits approval",
    "failed": "The run failed",
    "aborted": "The run was aborted",
    "timed out": "The run ran out of time",
}


def render_report(summary: Summary, profile: Profile | None, diagnostics: Diagnostics | None) -> str:
    """Return the page of a run's summary; `profile` is the data's, `diagnostics` the final model's, where there are.

    All text in it is escaped.
    """
    best, metric, results = summary["best"], summary["metric"], summary["candidate_results"]
    number = best["number"] if best else None
    reasons = list(summary["placement"]["reasons"].items())
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            summary=summary,
            headline=_HEADLINES[summary["outcome"]],
            best_number=number,
            tuned=sorted({name for result in results for name in result["hyperparameters"]}),
            profile=_profile(profile) if profile else None,
            said=sentences(summary["understanding"]) if summary["understanding"] else [],
            most_remarks=MOST_REMARKS,
            score_chart=charts.score_chart(results, number, metric or ""),
            fold_chart=charts.fold_chart(results, number, metric or ""),
            estimate_chart=charts.estimate_chart(best, summary["holdout"], summary["baselines"], metric or "")
            if best
            else None,
            starts_chart=charts.starts_chart(summary["cold_starts"], summary["warm_starts"]),
            fold_chart_rows=charts.MOST_ROWS,
            candidate_note=_candidate_note(summary["candidates"]),
            choices=[_choice(choice, count) for choice, count in summary["placement"]["choices"].items()],
            reasons=reasons[:MOST_REASONS],
            more_reasons=max(0, len(reasons) - MOST_REASONS),
            assumed_warm_start=ASSUMED_WARM_START,
            missed=_missed(summary["pools"]["missed"]),
            evidence=evidence(summary, diagnostics),
        )
    )


def _candidate_note(counts: CandidateCounts) -> str:
    """Return what became of the candidates that are more than completed."""
    said = {"given up": counts["abandoned"], "failed": counts["failed"], "stopped": counts["stopped"]}
    return ", ".join(f"{count} {what}" for what, count in said.items() if count) or "completed"


def _choice(choice: str, candidates: int) -> str:
    """Return how many candidates chose a placement, as a sentence."""
    one = candidates == 1
    subject, their = f"{candidates} {'candidate' if one else 'candidates'}", "its" if one else "their"
    return {
        "in-process": f"{subject} trained all {their} folds in {their} own instance",
        "warm-pool": f"{subject} left all {their} folds to fold jobs",
        "both": f"{subject} trained a part of {their} folds and left the others to fold jobs",
    }.get(choice, f"{subject} chose {choice}")


def _missed(missed: list[MissedPool]) -> list[dict[str, Any]]:
    """Return the causes for which folds missed a pool, with how many folds of how many candidates each has."""
    causes: dict[str, dict[str, Any]] = {}
    for one in missed:
        found = causes.setdefault(one["cause"], {"cause": one["cause"], "folds": 0, "candidates": set()})
        found["folds"] += len(one["folds"])
        found["candidates"].add(one["candidate"])
    return sorted(causes.values(), key=lambda one: -one["folds"])


def _profile(profile: Profile) -> dict[str, Any]:
    """Return what the page shows of a profile: the largest classes, and the columns that lack the most."""
    classes = sorted((profile["classes"] or {}).items(), key=lambda item: -item[1])
    missing = sorted(((n, c) for n, c in profile["missing"].items() if c), key=lambda item: -item[1])
    return {
        "rows": profile["rows"],
        "columns": len(profile["columns"]),
        "kinds": sorted(Counter(reading["kind"] for reading in profile["readings"].values()).items()),
        "development_rows": profile["development_rows"],
        "holdout_rows": profile["holdout_rows"],
        "rows_without_target": profile["rows_without_target"],
        "rows_to_score": profile.get("rows_to_score"),
        "classes": [
            {
                "name": name,
                "rows": rows,
                "share": rows / max(1, sum(count for _, count in classes)),
                "development": (profile["development_classes"] or {}).get(name, 0),
                "holdout": (profile["holdout_classes"] or {}).get(name, 0),
            }
            for name, rows in classes[:MOST_CLASSES]
        ],
        "more_classes": max(0, len(classes) - MOST_CLASSES),
        "missing": missing[:MOST_COLUMNS],
        "more_missing": max(0, len(missing) - MOST_COLUMNS),
    }


_FILTERS = (
    formats.score,
    formats.signed,
    formats.interval,
    formats.signed_interval,
    formats.duration,
    formats.short,
    printable,
    told,
)


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {f.__name__: f for f in _FILTERS}
    return environment
