"""What is done with each column before the estimator sees it, decided by what the training rows hold.

Only the training rows are looked at, and never the target, so that nothing of a fold's validation rows leaks into it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from warmfold_catalogue.estimators import Preprocessing
from warmfold_data.cells import BOOLEAN, DATE, NUMERIC, TEXT
from warmfold_jobs.data.table import Schema
from warmfold_jobs.training.scales import ordered

FEW = 30
"""A text column of no more different values holds categories, however few rows have each."""
REPEATED = 2
"""A column of more values holds categories only if each has so many rows on average; else new rows have new ones."""
WORDS_OF_TEXT = 3
"""A column of more than FEW values is free text when half of them have at least so many words."""
TEXTS_LOOKED_AT = 1000
"""Different values whose words are counted."""
MEASURED = 20
"""Numbers of more different values than this are measurements, whose tails may be heavy."""
SKEWNESS, KURTOSIS = 2.0, 10.0
"""Beyond either a column's tails are heavy: an exponential distribution has a skewness of 2; kurtosis is the excess."""
LARGEST = 3e38
"""Numbers beyond are cut to it: forests compute in single precision."""
INTERVAL_DATES = 5
"""Between the first so many date columns, differences are features, too."""
DATE_PARTS = ("year", "month", "day", "dayofyear", "weekday", "hour")
"""What is told of a date beside how long ago it was: attributes of pandas' `Series.dt`."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Treatment:
    """Columns by what is done with them; a column may be in several lists, and each feature is in one at least."""

    rows: int
    """How many training rows said so."""
    numbers: list[str]
    heavy_tailed: list[str]
    """Of the numbers, those that a few values stretch."""
    categories: list[str]
    scales: dict[str, list[str]]
    """Text columns whose values have an order beyond doubt, and the values in it."""
    names: list[str]
    """Text columns of many values: what their letters have in common is told."""
    ranks: list[str]
    """Of those, the ones whose values return: the place in the order of all values is told."""
    texts: list[str]
    """Text columns of many words."""
    dates: list[str]
    date_parts: dict[str, list[str]]
    """By part of DATE_PARTS, the dates in which it varies."""
    intervals: list[tuple[str, str]]
    """Pairs of dates between which the time is told."""


def treatment(schema: Schema, features: pd.DataFrame, wanted: Preprocessing, most_categories: int) -> Treatment:
    """Return what is done with the schema's features, by these training rows.

    `most_categories` is how many categories of a column the estimator tells apart.
    """
    numbers, dates = schema.of_kind(NUMERIC, BOOLEAN), schema.of_kind(DATE)
    categories, names, ranks, texts = [], [], [], []
    scales = {}
    for column in schema.of_kind(TEXT):
        counts = features[column].value_counts()
        values, rows = list(counts.index), int(counts.sum())
        scale = None if wanted.scale else ordered(values)
        if scale is not None:
            scales[column] = scale
            continue
        many, returning = len(values) > FEW, len(values) * REPEATED <= rows
        wordy = many and _is_wordy(values)
        if returning or not many:
            categories.append(column)
        if wordy:
            texts.append(column)
        elif many and (not returning or len(values) > most_categories):
            names.append(column)
            if returning:
                ranks.append(column)
    return Treatment(
        rows=len(features),
        numbers=numbers,
        heavy_tailed=[column for column in numbers if wanted.scale and _has_heavy_tails(features[column])],
        categories=categories,
        scales=scales,
        names=names,
        ranks=ranks,
        texts=texts,
        dates=dates,
        date_parts={
            part: held for part in DATE_PARTS if (held := [name for name in dates if _varies(features[name], part)])
        },
        intervals=list(combinations(dates[:INTERVAL_DATES], 2)),
    )


def _is_wordy(values: Sequence[str]) -> bool:
    words = [len(_WORD.findall(value)) for value in values[:TEXTS_LOOKED_AT]]
    return float(np.median(words)) >= WORDS_OF_TEXT


def _varies(dates: pd.Series[Any], part: str) -> bool:
    return bool(getattr(dates.dt, part).nunique() > 1)


def _has_heavy_tails(column: pd.Series[Any]) -> bool:
    values = column.to_numpy(dtype=float)
    values = np.clip(values[np.isfinite(values)], -LARGEST, LARGEST)
    if len(np.unique(values)) <= MEASURED:
        return False
    centred = values - values.mean()
    centred /= np.abs(centred).max()
    spread = float(np.mean(centred**2))
    skewness = float(np.mean(centred**3)) / spread**1.5
    return abs(skewness) > SKEWNESS or float(np.mean(centred**4)) / spread**2 - 3 > KURTOSIS
