"""What the page shows of metrics.json and diagnostics.json."""

from __future__ import annotations

from typing import Any

from pipeline.reporting import evidence_charts as charts
from warmfold_run.diagnostics import Diagnostics
from warmfold_run.summary import Summary

SHOWN = 20
"""Rows of a table, and features of the chart of importance."""
WORST = 5
CURVES = 5


def evidence(summary: Summary, diagnostics: Diagnostics | None) -> dict[str, Any] | None:
    """Return what the template of the evidence shows; None for a run without it."""
    if diagnostics is None:
        return None
    classes, numbers, metric = diagnostics["classes"], diagnostics["numbers"], summary["metric"] or "score"
    drift = diagnostics["drift"]
    shown: dict[str, Any] = {
        "rows": diagnostics["rows"],
        "importance": diagnostics["importance"][:SHOWN],
        "importance_chart": charts.importance_chart(diagnostics["importance"][:SHOWN], metric),
        "dependence": [{"told": one, "chart": charts.dependence_chart(one)} for one in diagnostics["dependence"]],
        "worst": diagnostics["worst_rows"][:WORST],
        "drift": drift,
        "drift_columns": drift["columns"][:SHOWN] if drift else [],
        "left_out": diagnostics["left_out"],
        "classes": classes,
        "numbers": numbers,
    }
    if classes is not None:
        shown |= {
            "table": classes["table"][:SHOWN],
            "confusion": classes["confusion"] if len(classes["names"]) <= SHOWN else [],
            "thresholds": classes["thresholds"][1::2],
            "roc": charts.curve_chart(classes["roc"][:CURVES], "ROC: true by false positive rate", diagonal=True),
            "precision_recall": charts.curve_chart(
                classes["precision_recall"][:CURVES], "precision by recall", diagonal=False
            ),
            "calibration": charts.curve_chart(
                classes["calibration"][:CURVES], "observed by predicted share", diagonal=True, dots=True
            ),
            "areas": [
                {"name": roc["name"], "roc": roc["area"], "precision_recall": other["area"]}
                for roc, other in zip(classes["roc"][:CURVES], classes["precision_recall"][:CURVES], strict=True)
            ],
        }
    if numbers is not None:
        shown |= {
            "scatter": charts.scatter_chart(numbers, summary["target"] or "target"),
            "histogram": charts.histogram(numbers),
        }
    return shown
