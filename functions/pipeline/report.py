"""report.html: one page about one run, with nothing outside of it."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline import charts, formats

MOST_CLASSES = 20
MOST_COLUMNS = 20
_HEADLINES = {
    "succeeded": "Model registered",
    "rejected": "Model rejected by the quality gate",
    "failed": "The run failed",
    "aborted": "The run was aborted",
    "timed out": "The run ran out of time",
}


def render_report(summary: dict[str, Any], profile: dict[str, Any] | None) -> str:
    """Return the page of a run's summary; `profile` is the data's, where there is one. All text in it is escaped."""
    best, metric, results = summary["best"], summary["metric"], summary["candidate_results"]
    number = best["number"] if best else None
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            summary=summary,
            headline=_HEADLINES[summary["outcome"]],
            best_number=number,
            tuned=sorted({name for result in results for name in result["hyperparameters"]}),
            profile=_profile(profile) if profile else None,
            score_chart=charts.score_chart(results, number, metric),
            fold_chart=charts.fold_chart(results, number, metric),
            estimate_chart=charts.estimate_chart(best, summary["holdout"], metric) if best else None,
            starts_chart=charts.starts_chart(summary["cold_starts"], summary["warm_starts"]),
            fold_chart_rows=charts.MOST_ROWS,
        )
    )


def _profile(profile: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows of a profile: the largest classes, and the columns that lack the most."""
    classes = sorted((profile["classes"] or {}).items(), key=lambda item: -item[1])
    missing = sorted(((n, c) for n, c in profile["missing"].items() if c), key=lambda item: -item[1])
    return {
        "rows": profile["rows"],
        "columns": len(profile["columns"]),
        "kinds": sorted(Counter(profile["kinds"].values()).items()),
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


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {f.__name__: f for f in (formats.score, formats.spread, formats.duration, formats.short)}
    return environment
