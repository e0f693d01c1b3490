"""Tables as the model sees them: CSV cells turned into features and labels by the whole dataset's profile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from warmfold_data.cells import DATE, NUMERIC, TEXT, CellError, plain_reading, values
from warmfold_data.target import class_reader
from warmfold_run.experiment import CLASSIFICATION, Problem
from warmfold_run.records import Profile, Reading

CELLS_AT_A_TIME = 1_000_000
"""What is held as text while a table is read: some 60 MB."""


class TableError(ValueError):
    """Cells that do not fit the schema; the text names the column, the row and the cell."""


@dataclass(frozen=True)
class Schema:
    """What the columns are: features in order and how each is read, the target, its classes (None for regression).

    A label is its class's position in `classes`.
    """

    features: list[str]
    readings: dict[str, Reading]
    target: str
    problem: Problem
    classes: list[str] | None
    target_reading: Reading | None = None
    """How the target's cells are read; None for a model that is served."""

    @classmethod
    def of_profile(cls, profile: Profile) -> Schema:
        """The schema of a dataset, from its profile."""
        features = [column for column in profile["readings"] if column != profile["target"]]
        classes = None if profile["classes"] is None else list(profile["classes"])
        readings = {column: profile["readings"][column] for column in features}
        return cls(
            features, readings, profile["target"], profile["problem"], classes, profile["readings"][profile["target"]]
        )

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
    return pd.DataFrame({column: _typed(cells[column], schema.readings[column]) for column in schema.features})


def feature_frame(rows: Sequence[Sequence[str]], header: Sequence[str], schema: Schema) -> pd.DataFrame:
    """The features of CSV records, whatever the order of their columns; raises TableError."""
    absent = [column for column in schema.features if column not in header]
    if absent:
        raise TableError(f"column {absent[0]!r} is missing; the model was trained on it. The header has {list(header)}")
    cells = pd.DataFrame(rows, columns=list(header), dtype=object)
    return typed_features(cells, schema)


def _typed(cells: pd.Series[Any], reading: Reading) -> pd.Series[Any]:
    """A column's values as models see them: each different cell is read once."""
    read = values(reading)
    codes, different = pd.factorize(cells.to_numpy())
    found = []
    for code, cell in enumerate(different):
        try:
            found.append(read(cell))
        except CellError as error:
            position = int(np.argmax(codes == code))
            raise TableError(
                f"column {cells.name!r}, row {position + 1}: {str(cell)[:80]!r} {error}; "
                "correct the cell, or leave it empty"
            ) from error
    if reading["kind"] == TEXT:
        held: Any = np.array([np.nan if value is None else value for value in found], dtype=object)
    else:
        held = np.array([np.nan if value is None else value for value in found], dtype=float)
    if reading["kind"] == DATE:
        held = pd.to_datetime(pd.Series(held), unit="s").astype("datetime64[s]").to_numpy()
    return pd.Series(held[codes], name=cells.name)


def _labels(cells: pd.Series[Any], schema: Schema) -> np.ndarray[Any, Any]:
    reading = schema.target_reading or plain_reading(NUMERIC)
    if schema.problem != CLASSIFICATION or schema.classes is None:
        return _typed(cells, reading).to_numpy()
    of_class, places = class_reader(schema.classes, reading), {name: at for at, name in enumerate(schema.classes)}
    codes = {cell: places[str(of_class(cell))] for cell in cells.unique()}
    return np.asarray([codes[cell] for cell in cells], dtype=np.int64)
