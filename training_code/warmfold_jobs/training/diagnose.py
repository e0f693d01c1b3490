"""diagnostics.json: everything that the holdout tells of the final model, within a time and a size."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from warmfold_catalogue.metrics import load_metric
from warmfold_jobs.data.table import Schema, TableError
from warmfold_jobs.training import influence, outcomes
from warmfold_jobs.training.drift import drift
from warmfold_jobs.training.influence import Shuffled
from warmfold_jobs.training.scoring import Answers, absent_class
from warmfold_run.diagnostics import MOST_BYTES, SCHEMA, Dependence, Diagnostics, LeftOut
from warmfold_run.plan import Plan

LEAST_SECONDS = 30.0
FITS = 2.0
"""Shuffling and varying features may take so many times the fit, or LEAST_SECONDS where that is more."""
SHARE = 0.8
"""Of that time, what importance may use: dependence has the rest."""
DEPENDENCES = 3
Clock = Callable[[], float]


class RowsToScore(NamedTuple):
    """The first of the rows to score, as features; `whole` says whether they are all."""

    features: pd.DataFrame
    whole: bool


class Held(NamedTuple):
    """The holdout, and what the final model answers on it."""

    features: pd.DataFrame
    labels: np.ndarray[Any, Any]
    answers: Answers


def diagnose(
    plan: Plan,
    schema: Schema,
    model: Any,
    training: pd.DataFrame,
    held: Held,
    rows_to_score: Callable[[], RowsToScore | None],
    *,
    fit_seconds: float,
    seconds_left: float,
    clock: Clock,
) -> Diagnostics:
    """What the holdout tells, within the seconds that the job has left; `left_out` says what it does not, and why.

    Rows to score that do not fit cost the drift only: the transform will say what is wrong with them.
    """
    began = clock()
    left_out: list[LeftOut] = []
    score = None
    try:
        score = rows_to_score()
    except TableError as error:
        left_out.append({"what": "drift", "why": str(error)})
    seconds = min(max(LEAST_SECONDS, FITS * fit_seconds), max(0.0, seconds_left))
    told = _Influence(plan, schema, model, held, seconds, clock, left_out)
    importance = told.importance()
    seed = plan["experiment"]["cross_validation"]["seed"]
    found: Diagnostics = {
        "schema": SCHEMA,
        "run": plan["run"],
        "rows": len(held.labels),
        "classes": None if schema.classes is None else _classes(held, schema.classes, left_out),
        "numbers": None,
        "worst_rows": [],
        "importance": [group.told() for group in importance[: influence.MOST_TOLD]],
        "dependence": told.dependence(importance),
        "drift": None if score is None else drift(training, score.features, schema, whole=score.whole),
        "left_out": left_out,
        "seconds": 0.0,
    }
    if schema.classes is None and outcomes.residuals_overflow(held.answers, held.labels):
        why = "residuals of such large numbers are not finite"
        left_out += [{"what": "numbers", "why": why}, {"what": "worst_rows", "why": why}]
    else:
        if schema.classes is None:
            found["numbers"] = outcomes.numbers_told(held.answers, held.labels, seed)
        found["worst_rows"] = outcomes.worst_rows(held.answers, held.labels, held.features, schema)
    _tell_what_was_cut(found, schema, len(importance))
    found["seconds"] = outcomes.digits(clock() - began)
    return small_enough(found)


def small_enough(found: Diagnostics) -> Diagnostics:
    """The same without its largest parts, while it is larger than the file may be."""
    parts = ("worst_rows", "drift", "dependence", "importance", "classes", "numbers")
    kept: dict[str, Any] = {**found, "left_out": list(found["left_out"])}
    while _size(kept) > MOST_BYTES:
        largest = max((part for part in parts if kept[part]), key=lambda part: _size(kept[part]))
        why = f"it takes {_size(kept[largest]):,} bytes, and the file may have {MOST_BYTES:,}"
        kept[largest] = [] if isinstance(kept[largest], list) else None
        kept["left_out"].append({"what": largest, "why": why})
    return kept  # type: ignore[return-value]


def _size(value: Any) -> int:
    return len(json.dumps(value, indent=1).encode())


def _classes(held: Held, names: list[str], left_out: list[LeftOut]) -> Any:
    if len(names) > outcomes.MOST_CURVES:
        why = f"there are {len(names)} classes; curves are of the {outcomes.MOST_CURVES} largest"
        left_out.append({"what": "curves of the other classes", "why": why})
    if len(names) > outcomes.MOST_CLASSES:
        why = f"there are {len(names)} classes; the confusion is of the {outcomes.MOST_CLASSES} largest"
        left_out.append({"what": "confusion of the other classes", "why": why})
    if len(names) > outcomes.MOST_TABLE_ROWS:
        why = f"there are {len(names)} classes; the table is of the {outcomes.MOST_TABLE_ROWS} largest"
        left_out.append({"what": "table of the other classes", "why": why})
    return outcomes.classes_told(held.answers, held.labels, names)


def _tell_what_was_cut(found: Diagnostics, schema: Schema, groups: int) -> None:
    if groups > influence.MOST_TOLD:
        why = f"there are {groups} groups of features; the {influence.MOST_TOLD} most important are told"
        found["left_out"].append({"what": "importance of the others", "why": why})
    if found["drift"] is not None and len(schema.features) > len(found["drift"]["columns"]):
        why = (
            f"there are {len(schema.features)} features; the {len(found['drift']['columns'])} that differ most are told"
        )
        found["left_out"].append({"what": "drift of the others", "why": why})
    if found["drift"] is not None and not found["drift"]["whole"]:
        why = f"drift is that of the first {found['drift']['rows']:,} rows to score"
        found["left_out"].append({"what": "drift of later rows", "why": why})


class _Influence:
    """Importance and dependence within a time."""

    def __init__(
        self, plan: Plan, schema: Schema, model: Any, held: Held, seconds: float, clock: Clock, left_out: list[LeftOut]
    ) -> None:
        self._schema, self._model, self._clock, self._left_out = schema, model, clock, left_out
        self._metric = plan["experiment"]["metric"]
        self._seed = plan["experiment"]["cross_validation"]["seed"]
        rows = outcomes.sampled_rows(len(held.labels), influence.MOST_ROWS, self._seed)
        self._features, self._labels = held.features.iloc[rows].reset_index(drop=True), held.labels[rows]
        self._seconds, self._ends = seconds * SHARE, clock() + seconds
        began = clock()
        self._answers = Answers(model, self._features)
        self._answer_seconds = clock() - began

    def importance(self) -> list[Shuffled]:
        if why := self._untold():
            return self._without("importance", why)
        together = influence.groups(self._features)
        once = len(together) * self._answer_seconds
        shuffles = influence.MOST_SHUFFLES if once <= 0 else min(influence.MOST_SHUFFLES, int(self._seconds / once))
        if shuffles == 0:
            why = f"shuffling each of {len(together)} groups of features takes about {once:.0f} s, "
            return self._without("importance", f"{why}and there are {self._seconds:.0f} s")
        found = influence.importance(
            self._model, self._features, self._labels, self._metric, together, shuffles, self._seed
        )
        finite = [group for group in found if np.isfinite(group.drop) and np.isfinite(group.deviation)]
        if len(finite) < len(found):
            why = f"what {self._metric} loses when they are shuffled is not finite"
            self._left_out.append({"what": f"importance of {len(found) - len(finite)} groups of features", "why": why})
        return finite

    def dependence(self, importance: list[Shuffled]) -> list[Dependence]:
        first = [group.features[0] for group in importance] or self._schema.features
        told: list[Dependence] = []
        for feature in [name for name in first if self._features[name].notna().any()][:DEPENDENCES]:
            takes = influence.GRID * self._answer_seconds
            if self._clock() + takes > self._ends:
                why = f"varying it takes about {takes:.0f} s, and the time is used up"
                self._left_out.append({"what": f"dependence on {outcomes.cut(feature)}", "why": why})
                continue
            found = influence.dependence(self._model, self._features, feature, self._schema, self._answers)
            if np.isfinite(found["predicted"]).all():
                told.append(found)
            else:
                why = "the mean of what is predicted is not finite"
                self._left_out.append({"what": f"dependence on {outcomes.cut(feature)}", "why": why})
        return told

    def _untold(self) -> str | None:
        """Why the sample has no score to lose, or None."""
        if (absent := absent_class(self._schema.classes, self._labels, self._metric)) is not None:
            return f"{self._metric} can't be told of {len(self._labels)} rows that lack a class: none is of {absent!r}"
        scorer = load_metric(self._metric).scorer()
        value = self._answers.value(scorer, np.arange(len(self._labels)), self._labels)
        return None if np.isfinite(value) else f"{self._metric} of {len(self._labels)} rows is {value}"

    def _without(self, what: str, why: str) -> list[Shuffled]:
        self._left_out.append({"what": what, "why": why})
        return []
