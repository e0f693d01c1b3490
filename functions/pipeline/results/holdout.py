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

    Of two classes, `positive_class` is the one that metrics such as f1 are about. `interval` is the score's 95%
    interval, `interval_method` how it was found, `tuning_gain` says whether tuning gained anything.
    `dummy_score` is that of a model that looks at no feature, `champion` the verdict on the approved model before it.
    """

    score: float | None
    standard_error: float | None
    interval: list[float] | None
    interval_method: str | None
    tuning_gain: str
    dummy_score: float | None
    champion: str | None
    champion_reason: str | None
    rows: int
    note: str | None = None
    positive_class: str | None = None


def read_holdout(storage: Storage, plan: Plan) -> Holdout | None:
    """Return how the final model did on the holdout, or None when there is no final model yet."""
    metrics = read_metrics(storage, plan)
    return None if metrics is None else holdout_of(metrics)


def read_metrics(storage: Storage, plan: Plan) -> FinalMetrics | None:
    """Return what the final job says of its model, or None when there is no final model yet."""
    metrics: FinalMetrics | None = storage.read_json(places.key_of(plan["locations"]["model"] + places.METRICS))
    return metrics


def holdout_of(metrics: FinalMetrics) -> Holdout:
    """Return what the gate judges of them."""
    champion = metrics["champion"]
    return Holdout(
        score=_number(metrics["holdout_score"]),
        standard_error=_number(metrics["holdout_standard_error"]),
        interval=metrics["holdout_interval"],
        interval_method=metrics["holdout_interval_method"],
        tuning_gain=metrics["baselines"]["defaults"]["said"],
        dummy_score=metrics["baselines"]["dummy"]["score"],
        champion=champion["verdict"] if champion else None,
        champion_reason=champion["said"] if champion else None,
        rows=metrics["rows"]["holdout"],
        note=metrics["holdout_note"],
        positive_class=metrics["positive_class"],
    )


def _number(value: float | None) -> float | None:
    """Return a score, or None for one that is not a number: it can't be judged, and JSON can't carry it."""
    return value if value is not None and math.isfinite(value) else None
