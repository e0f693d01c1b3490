"""The report's part on the holdout, from the diagnostics that the final job writes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.documents import complaints
from tests.unit.functions.page import Page
from tests.unit.functions.runs import Run
from warmfold_run.diagnostics import Diagnostics

CURVE = {"name": "yes", "x": [0, 0.5, 1], "y": [0, 0.9, 1], "area": 0.91}
CLASSES = {
    "names": ["no", "yes"],
    "confusion": [[12, 1], [2, 9]],
    "table": [{"name": name, "precision": 0.9, "recall": 0.8, "f1": 0.85, "support": 12} for name in ("no", "yes")],
    "thresholds": [
        {
            "threshold": step / 100,
            "true_positives": 9,
            "false_positives": 1,
            "false_negatives": 2,
            "true_negatives": 12,
            "precision": None,
            "recall": 0.8,
        }
        for step in range(100)
    ],
    "roc": [CURVE],
    "precision_recall": [CURVE],
    "calibration": [CURVE | {"area": None}],
}
NUMBERS = {
    "true": [1.0, 2.0, 3.0],
    "predicted": [1.5, 2.0, 2.5],
    "residual_quantiles": {"0.05": -0.5, "0.95": 0.5},
    "histogram_edges": [-0.5, 0.0, 0.5],
    "histogram_counts": [2, 1],
}
DIAGNOSTICS: dict[str, Any] = {
    "schema": 1,
    "run": "churn",
    "rows": 24,
    "classes": None,
    "numbers": None,
    "worst_rows": [{"row": 3, "true": "yes", "predicted": "no", "error": 0.9, "features": {"town": "t1"}}],
    "importance": [{"features": ["town", "zip"], "drop": 0.12, "deviation": 0.01}],
    "dependence": [
        {"feature": "town", "values": ["t1", "t2"], "predicted": [0.2, 0.4], "what": "the probability of yes"}
    ],
    "drift": {
        "rows": 10,
        "whole": True,
        "columns": [
            {
                "column": "town",
                "psi": None,
                "missing_training": 0,
                "missing_score": 0.5,
                "unseen": 0.1,
                "examples": ["t9"],
            }
        ],
    },
    "left_out": [{"what": "shuffles", "why": "there was no time"}],
    "seconds": 1.0,
}


@pytest.fixture
def scored(run: Run) -> Run:
    """A run with a final model."""
    run.candidate(1, [0.6, 0.7, 0.8])
    run.final()
    return run


@pytest.mark.parametrize("found", [DIAGNOSTICS | {"classes": CLASSES}, DIAGNOSTICS | {"numbers": NUMBERS}])
def test_what_is_written_here_is_what_the_final_job_writes(found: dict[str, Any]) -> None:
    assert complaints(Diagnostics, found) == []


def test_the_page_shows_what_the_holdout_tells_of_classes(scored: Run, report: Any) -> None:
    scored.write("model/diagnostics.json", DIAGNOSTICS | {"classes": CLASSES})
    page = Page(report()[1])
    told = " ".join(" ".join(page.texts).split())
    for words in (
        "yes 0.9100",
        "said no",
        "Other thresholds for the positive class",
        "town, zip",
        "+0.120",
        "Mean of the probability of yes when town has one value in every row",
        "The rows that the model gets most wrong",
        "t9",
        "Left out: shuffles, because there was no time.",
    ):
        assert words in told, words
    assert page.tags.count("svg") == 3 + 3
    assert page.tags.count("table") == page.tags.count("caption")


def test_the_page_shows_what_the_holdout_tells_of_numbers(scored: Run, report: Any) -> None:
    scored.write("model/diagnostics.json", DIAGNOSTICS | {"numbers": NUMBERS})
    page = Page(report()[1])
    assert page.tags.count("svg") == 3 + 2
    assert page.tags.count("circle") > 3
    assert "Residuals by share of the rows" in page.texts


def test_names_of_the_data_are_harmless_in_the_diagnostics_too(scored: Run, report: Any) -> None:
    evil = "<script>alert(1)</script>\u202e"
    found = json.loads(json.dumps(DIAGNOSTICS | {"classes": CLASSES}).replace("yes", evil).replace("town", evil))
    scored.write("model/diagnostics.json", found)
    text = report()[1]
    assert "<script" not in text
    assert "\u202e" not in text
