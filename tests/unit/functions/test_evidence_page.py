"""The report's sections on the evidence: complete for classes as for numbers, and harmless whatever the data says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import complaints
from tests.unit.functions.page import Page
from tests.unit.functions.runs import Run
from warmfold_run.diagnostics import Diagnostics

HOSTILE = '<img src=x onerror="alert(1)">\'"&'
CURVE = {"name": HOSTILE, "x": [0.0, 0.2, 1.0], "y": [0.0, 0.9, 1.0], "area": 0.95}
COUNTS = {"true_positives": 8, "false_positives": 2, "false_negatives": 3, "true_negatives": 11}
CLASSES = {
    "names": ["no", HOSTILE],
    "confusion": [[11, 2], [3, 8]],
    "table": [{"name": HOSTILE, "precision": 0.8, "recall": 0.7272, "f1": 0.76, "support": 11}],
    "thresholds": [COUNTS | {"threshold": share / 20, "precision": None, "recall": 0.7272} for share in range(1, 20)],
    "roc": [CURVE],
    "precision_recall": [CURVE],
    "calibration": [CURVE | {"area": None}],
}
NUMBERS = {
    "true": [1.0, 2.0, 30.0],
    "predicted": [1.5, 2.0, 25.0],
    "residual_quantiles": {"0.5": -0.25},
    "histogram_edges": [-1.0, 0.0, 1.0],
    "histogram_counts": [1, 2],
}


def diagnostics(run: Run, **changed: Any) -> Diagnostics:
    made: Any = {
        "schema": 1,
        "run": run.id,
        "rows": 24,
        "classes": None,
        "numbers": None,
        "worst_rows": [{"row": 3, "true": HOSTILE, "predicted": "no", "error": 0.99, "features": {HOSTILE: HOSTILE}}],
        "importance": [{"features": [HOSTILE, "b"], "drop": 0.31, "deviation": 0.02}],
        "dependence": [
            {"feature": HOSTILE, "values": [HOSTILE, "blue"], "predicted": [0.3, 0.6], "what": HOSTILE},
            {"feature": "alone", "values": [1.0], "predicted": [0.3], "what": "probability of yes"},
        ],
        "drift": {
            "rows": 60,
            "whole": True,
            "columns": [
                {
                    "column": HOSTILE,
                    "psi": None,
                    "missing_training": 0.0,
                    "missing_score": 0.5,
                    "unseen": 0.125,
                    "examples": [HOSTILE],
                }
            ],
        },
        "left_out": [{"what": HOSTILE, "why": HOSTILE}],
        "seconds": 1.0,
    }
    made |= changed
    assert complaints(Diagnostics, made) == []
    return made  # type: ignore[no-any-return]


@pytest.fixture
def succeeded(run: Run) -> Run:
    run.candidate(1, [0.7, 0.8, 0.9])
    run.final()
    return run


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_everything_of_the_diagnostics_is_shown_and_nothing_of_the_data_is_markup(
    succeeded: Run, report: Any, kind: str
) -> None:
    told = {"classes": CLASSES} if kind == "classes" else {"numbers": NUMBERS}
    succeeded.write("model/diagnostics.json", dict(diagnostics(succeeded, **told)))
    _, page = report()
    seen = Page(page)
    assert seen.open == []
    assert "img" not in seen.tags
    assert "onerror" not in seen.attributes
    for heading in (
        "What is it better than?",
        "What the model relies on",
        "Rows predicted worst",
        "Rows to score against",
    ):
        assert heading in page
    own = {
        "classes": ("Class by class", "0.7272", "area under the ROC curve 0.9500", "Calibration"),
        "numbers": ("Rows by residual", "0.5: -0.25", "3 of 24 rows of the holdout"),
    }
    assert all(words in page for words in own[kind])
    assert not any(words in page for words in own["numbers" if kind == "classes" else "classes"][:1])
    assert "12.5%" in page
    assert "Tuning gained +0.350 ROC AUC (0.31 to 0.39)." in page


def test_a_run_without_diagnostics_has_a_page_without_them(succeeded: Run, report: Any) -> None:  # noqa: ARG001
    _, page = report()
    assert "What is it better than?" in page
    assert "What the model relies on" not in page


def test_what_the_champion_s_comparison_said_is_shown(run: Run, report: Any) -> None:
    champion = {"model_package_arn": None, "run": None, "score": None, "gain": None, "gain_interval": None}
    run.candidate(1, [0.7, 0.8, 0.9])
    run.final(changed={"champion": champion | {"verdict": "no champion", "said": f"none {HOSTILE}"}})
    summary, page = report()
    assert summary["champion"]["verdict"] == "no champion"
    assert "Champion: none &lt;img" in page
