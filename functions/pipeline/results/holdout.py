"""How the final model does on the rows that no candidate saw, as its job wrote it."""

from __future__ import annotations

import math

from pydantic import BaseModel

from pipeline.aws.storage import Storage
from warmfold_run import places
from warmfold_run.plan import Plan
from warmfold_run.records import FinalMetrics


class Holdout(BaseModel):
    """The final model on the rows that no candidate saw; `score` is None when they can't tell it, and `note` why.

    Of two classes, `positive_class` is the one that metrics such as f1 are about.
    """

    score: float | None
    standard_error: float | None
    rows: int
    note: str | None = None
    positive_class: str | None = None


def read_holdout(storage: Storage, plan: Plan) -> Holdout | None:
    """Return how the final model did on the holdout, or None when there is no final model yet."""
    metrics: FinalMetrics | None = storage.read_json(places.key_of(plan["locations"]["model"] + places.METRICS))
    if metrics is None:
        return None
    return Holdout(
        score=_number(metrics["holdout_score"]),
        standard_error=_number(metrics["holdout_standard_error"]),
        rows=metrics["rows"]["holdout"],
        note=metrics["holdout_note"],
        positive_class=metrics["positive_class"],
    )


def _number(value: float | None) -> float | None:
    """Return a score, or None for one that is not a number: it can't be judged, and JSON can't carry it."""
    return value if value is not None and math.isfinite(value) else None
