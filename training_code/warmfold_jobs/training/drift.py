"""How the rows to score differ from the rows that the model was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from warmfold_data.cells import TEXT
from warmfold_jobs.data.table import Schema
from warmfold_jobs.training.outcomes import cut, digits
from warmfold_run.diagnostics import ColumnDrift, Drift

BINS = 10
MOST_CATEGORIES = 20
MOST_COLUMNS = 100
EXAMPLES = 5
_LEAST_SHARE = 1e-4
"""Of an empty bin, so that the index is finite."""
_Array = np.ndarray[Any, Any]


def drift(training: pd.DataFrame, score: pd.DataFrame, schema: Schema, *, whole: bool) -> Drift:
    """Column by column, those that differ most first; of a wide table the first so many.

    Source of the index: Siddiqi, Credit Risk Scorecards (2006), which calls 0.1 to 0.25 some change and above it much.
    """
    columns = [_column(training[name], score[name], schema.readings[name]["kind"]) for name in schema.features]
    columns.sort(key=lambda one: -max(one["psi"] or 0, one["unseen"], one["missing_score"] - one["missing_training"]))
    return {"rows": len(score), "whole": whole, "columns": columns[:MOST_COLUMNS]}


def _column(training: pd.Series[Any], score: pd.Series[Any], kind: str) -> ColumnDrift:
    before, now = training.dropna(), score.dropna()
    compare = _texts if kind == TEXT else _numbers
    psi, unseen = compare(before, now) if len(before) and len(now) else (None, now)
    return {
        "column": cut(training.name),
        "psi": None if psi is None else digits(psi),
        "missing_training": digits(training.isna().mean()),
        "missing_score": digits(score.isna().mean()),
        "unseen": digits(len(unseen) / len(now)) if len(now) else 0.0,
        "examples": [cut(value) for value in unseen.value_counts().index[:EXAMPLES]],
    }


def _texts(before: pd.Series[Any], now: pd.Series[Any]) -> tuple[float, pd.Series[Any]]:
    frequent = before.value_counts().index[:MOST_CATEGORIES]
    shares = [
        np.append(values.value_counts().reindex(frequent, fill_value=0), (~values.isin(frequent)).sum()) / len(values)
        for values in (before, now)
    ]
    return _index(*shares), now[~now.isin(before.unique())]


def _numbers(before: pd.Series[Any], now: pd.Series[Any]) -> tuple[float, pd.Series[Any]]:
    edges = np.unique(before.quantile(np.linspace(0, 1, BINS + 1)[1:-1], interpolation="nearest").to_numpy())
    shares = [
        np.bincount(np.searchsorted(edges, values.to_numpy(), side="right"), minlength=len(edges) + 1) / len(values)
        for values in (before, now)
    ]
    return _index(*shares), now[(now < before.min()) | (now > before.max())]


def _index(before: _Array, now: _Array) -> float:
    first, second = np.clip(before, _LEAST_SHARE, None), np.clip(now, _LEAST_SHARE, None)
    return float(((second - first) * np.log(second / first)).sum())
