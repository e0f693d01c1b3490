"""Rows dealt and counted by arrays, as `warmfold_data.placing.Dealing` does it row by row."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from warmfold_catalogue.splitters import Splitter
from warmfold_catalogue.splitters.predefined import HELD
from warmfold_data.asked import Splitting
from warmfold_data.placing import Dealing
from warmfold_jobs.data.array_dealing import count_different, deal_arrays
from warmfold_jobs.data.counting import Labels


class ByArrays(Dealing):
    """Takes `RowArrays` for rows, and `Labels` for their classes."""

    def take_labels(self, rows: Any, labels: Any, classes: Any) -> None:
        """Have `rows` know their classes."""
        rows.labels = None
        if isinstance(labels, Labels):
            places = {name: place for place, name in enumerate(classes)}
            rows.labels = np.array([places[name] for name in labels.names], np.int32)[labels.codes]

    def deal(self, rows: Any, splitter: Splitter, splitting: Splitting) -> Any:
        """Where each row goes."""
        return deal_arrays(rows, splitter, splitting)

    def counts(self, rows: Any, placements: Any) -> Counter[tuple[int, int]]:
        """How many rows of a class (0 for regression) went to a placement."""
        codes = np.zeros(len(placements), np.int64) if rows.labels is None else rows.labels.astype(np.int64)
        lowest = int(placements.min(initial=0))
        width = int(placements.max(initial=0)) - lowest + 1
        found = np.bincount(codes * width + (placements - lowest))
        there = np.flatnonzero(found)
        return Counter({(int(at) // width, int(at) % width + lowest): int(found[at]) for at in there})

    def contents(self, rows: Any) -> tuple[int, int]:
        """How many rows there are, and how many different contents they have."""
        return len(rows.contents), count_different(rows.contents)

    def groups(self, rows: Any) -> int:
        """How many groups there are."""
        return 0 if rows.groups is None else count_different(rows.groups)

    def times(self, rows: Any) -> int:
        """How many different times there are."""
        return count_different(rows.times)

    def names_holdout(self, rows: Any) -> bool:
        """Whether the fold column says of a row that it is held out."""
        return HELD in rows.fold_values
