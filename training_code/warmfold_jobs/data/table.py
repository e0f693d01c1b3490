"""Tables as the model sees them: CSV cells turned into features and labels by the whole dataset's profile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from warmfold_data.cells import BOOLEAN, BOOLEANS, MEANING, MISSING, TEXT
from warmfold_run.experiment import CLASSIFICATION, Problem
from warmfold_run.records import Profile, Reading

CELLS_AT_A_TIME = 1_000_000
"""What is held as text while a table is read: some 60 MB."""
_TRUE = frozenset(cell for cell in BOOLEANS if cell.lower() == "true")


class TableError(ValueError):
    """Cells that do not fit the schema; the text names the column, the row and the cell."""


@dataclass(frozen=True)
class Schema:
    """What the columns are: features in order and how each is read, the target, its classes (None for regression).

    A label is its class's position in `classes`, which are the target's cells as written.
    """

    features: list[str]
    readings: dict[str, Reading]
    target: str
    problem: Problem
    classes: list[str] | None

    @classmethod
    def of_profile(cls, profile: Profile) -> Schema:
        """The schema of a dataset, from its profile."""
        features = [column for column in profile["readings"] if column != profile["target"]]
        classes = None if profile["classes"] is None else sorted(profile["classes"], key=_class_order)
        readings = {column: profile["readings"][column] for column in features}
        return cls(features, readings, profile["target"], profile["problem"], classes)

    @property
    def positive_class(self) -> str | None:
        """The class that metrics such as f1 and precision are about, the last of two; None for other problems."""
        return self.classes[1] if self.classes is not None and len(self.classes) == 2 else None

    def filled(self, features: pd.DataFrame) -> Schema:
        """The same without the features that hold no value at all in these rows; raises TableError if none is left."""
        held = [column for column in self.features if features[column].notna().any()]
        if not held:
            raise TableError("every feature is missing in every training row; there is nothing to learn from")
        return replace(self, features=held)

    def of_kind(self, *kinds: str) -> list[str]:
        """The features of these kinds, in order."""
        return [column for column in self.features if self.readings[column]["kind"] in kinds]


def read_profile(path: Path) -> Schema:
    """The schema that a profile.json holds."""
    return Schema.of_profile(json.loads(path.read_text("utf-8")))


def read_table(files: Iterable[Path], schema: Schema) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Features and labels of CSV files, the rows in the order given.

    Labels are integers from 0 for classification, floats for regression. Memory is bounded by the typed table.
    """
    features, labels = [], []
    rows_at_a_time = max(1, CELLS_AT_A_TIME // (len(schema.features) + 1))
    for file in files:
        # as text, so that a cell is read in one way wherever it comes from
        chunks = pd.read_csv(file, dtype=str, na_filter=False, encoding="utf-8", chunksize=rows_at_a_time)
        for chunk in chunks:
            features.append(typed_features(chunk, schema))
            labels.append(_labels(chunk[schema.target], schema))
    if not features or not sum(map(len, features)):
        raise TableError("no rows to read; the channel holds no CSV file with rows")
    return pd.concat(features, ignore_index=True), np.concatenate(labels)


def typed_features(cells: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The features of a table of text cells: floats for numeric and boolean columns, text or NaN for the others.

    Raises TableError for a cell that its column's kind can't hold.
    """
    return pd.DataFrame({column: _typed(cells[column], schema.readings[column]["kind"]) for column in schema.features})


def feature_frame(rows: Sequence[Sequence[str]], header: Sequence[str], schema: Schema) -> pd.DataFrame:
    """The features of CSV records, whatever the order of their columns; raises TableError."""
    absent = [column for column in schema.features if column not in header]
    if absent:
        raise TableError(f"column {absent[0]!r} is missing; the model was trained on it. The header has {list(header)}")
    cells = pd.DataFrame(rows, columns=list(header), dtype=object)
    return typed_features(cells, schema)


def _typed(cells: pd.Series[Any], kind: str) -> pd.Series[Any]:
    known = cells.where(~cells.isin(MISSING), np.nan)
    if kind == TEXT:
        return known
    if kind == BOOLEAN:
        _check(known, known.isna() | known.isin(BOOLEANS), kind)
        return known.map(lambda cell: float(cell in _TRUE), na_action="ignore").astype(float)
    try:
        return known.astype(float)
    except ValueError:
        _check(known, pd.to_numeric(known, errors="coerce").notna() | known.isna(), kind)
        raise


def _check(cells: pd.Series[Any], fits: pd.Series[Any], kind: str) -> None:
    if not fits.all():
        position = int(np.argmin(fits.to_numpy()))
        shown = repr(str(cells.iloc[position])[:80])
        raise TableError(
            f"column {cells.name!r}, row {position + 1}: {shown} is not {MEANING[kind]}, which the column holds in the "
            "training data; correct the cell, or leave it empty"
        )


def _labels(cells: pd.Series[Any], schema: Schema) -> np.ndarray[Any, Any]:
    if schema.problem != CLASSIFICATION or schema.classes is None:
        return cells.astype(float).to_numpy()
    codes = pd.Index(schema.classes).get_indexer(pd.Index(cells))
    if (codes < 0).any():
        position = int(np.argmax(codes < 0))
        raise TableError(f"column {schema.target!r}: class {cells.iloc[position]!r} is not in the dataset's profile")
    return np.asarray(codes, dtype=np.int64)


def _class_order(label: str) -> tuple[bool, float, str]:
    """Numbers by their value, before texts by their letters."""
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label
