"""Tables as the model sees them: features and labels of typed rows, and features of CSV records to predict."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warmfold_data.cells import BOOLEAN, DATE, NUMERIC, TEXT
from warmfold_jobs.data.typed import ColumnReader, UnfitCellError, read_columns, text_array
from warmfold_run.experiment import CLASSIFICATION, Problem
from warmfold_run.records import Profile, Reading


class TableError(ValueError):
    """Cells that do not fit the schema; the text names the column, the row and the cell."""


class Chosen(NamedTuple):
    """Which rows of files: those that a repeat dealt to some of its parts."""

    column: str
    """Where rows have the number of their part."""
    parts: Collection[int]


class Rows(NamedTuple):
    """Rows of files of typed rows; where none are chosen all of them."""

    files: Sequence[Path]
    chosen: Chosen | None = None


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
    columns: Sequence[str] = ()
    """All that the training data has, those left out too."""
    target_reading: Reading | None = None
    """How the target's cells are read; None for a model that is served."""

    @classmethod
    def of_profile(cls, profile: Profile) -> Schema:
        """The schema of a dataset, from its profile."""
        features = [column for column in profile["readings"] if column != profile["target"]]
        classes = None if profile["classes"] is None else list(profile["classes"])
        readings = {column: profile["readings"][column] for column in features}
        target = profile["target"]
        columns, reading = profile["columns"], profile["readings"][target]
        return cls(features, readings, target, profile["problem"], classes, columns, reading)

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


def read_table(
    files: Sequence[Path], schema: Schema, chosen: Chosen | None = None
) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Features and labels of files of typed rows, the rows in the order given; raises TableError where there are none.

    Features are float64 (numbers, truth values; NaN where missing), object (text or NaN) or datetime64[s]. Labels are
    integers from 0 for classification, floats for regression. Beside the table itself a row group is held, and what is
    chosen of it.
    """
    texts = schema.of_kind(TEXT)
    opened = [pq.ParquetFile(file, read_dictionary=texts) for file in files]
    groups = [_Group(file, number, chosen) for file in opened for number in range(file.metadata.num_row_groups)]
    rows = sum(group.rows for group in groups)
    if not rows:
        raise TableError("no rows to read; the channel holds no file with rows")
    columns: dict[str, np.ndarray[Any, Any]] = {name: np.empty(rows) for name in schema.of_kind(NUMERIC, BOOLEAN)}
    columns |= {name: np.empty(rows, object) for name in texts}
    columns |= {name: np.empty(rows, "datetime64[s]") for name in schema.of_kind(DATE)}
    labels = np.empty(rows, np.int64 if schema.problem == CLASSIFICATION else np.float64)
    row = 0
    for group in groups:
        table = group.read([*schema.features, schema.target])
        for name, target in (*columns.items(), (schema.target, labels)):
            for chunk, at in _chunks(table[name], row):
                target[at] = _values(chunk)
        row += table.num_rows
    # in the columns' own memory, which a frame of one block would copy
    frame = pd.DataFrame({name: columns[name] for name in schema.features}, copy=False)
    return frame, labels


def feature_frame(rows: Sequence[Sequence[str]], header: Sequence[str], schema: Schema) -> pd.DataFrame:
    """The features of CSV records, whatever the order of their columns; raises TableError."""
    in_header = {name: place for place, name in enumerate(header)}
    absent = [column for column in schema.features if column not in in_header]
    if absent:
        raise TableError(f"column {absent[0]!r} is missing; the model was trained on it. The header has {list(header)}")
    places = {column: in_header[column] for column in schema.features}
    cells = {column: text_array([row[place] for row in rows]) for column, place in places.items()}
    try:
        read = read_columns(cells, [ColumnReader(column, schema.readings[column]) for column in schema.features])
    except UnfitCellError as error:
        raise TableError(f"{error}; correct the cell, or leave it empty") from error
    return pd.DataFrame({column: _values(values) for column, values in read.items()})


class _Group:
    """A row group of a file, or the rows of it that are chosen."""

    def __init__(self, file: pq.ParquetFile, number: int, chosen: Chosen | None) -> None:
        self._file, self._number = file, number
        self._mask: pa.ChunkedArray | None = None
        self.rows: int = file.metadata.row_group(number).num_rows
        if chosen is not None:
            parts = file.read_row_group(number, columns=[chosen.column])[chosen.column]
            self._mask = pc.is_in(parts, value_set=pa.array(chosen.parts, parts.type))
            self.rows = pc.sum(self._mask).as_py() or 0

    def read(self, columns: list[str]) -> pa.Table:
        """These columns of the rows."""
        table = self._file.read_row_group(self._number, columns=columns)
        return table if self._mask is None else table.filter(self._mask)


def _chunks(column: pa.ChunkedArray, row: int) -> Iterator[tuple[pa.Array, slice]]:
    for chunk in column.chunks:
        yield chunk, slice(row, row + len(chunk))
        row += len(chunk)


def _values(cells: pa.Array) -> np.ndarray[Any, Any]:
    """A column's values as models see them: NaN or NaT where one is missing, one object for texts that are equal."""
    if pa.types.is_string(cells.type):
        cells = cells.dictionary_encode()
    if not pa.types.is_dictionary(cells.type):
        return np.asarray(cells.to_numpy(zero_copy_only=False))
    texts = np.array([*cells.dictionary.to_pylist(), np.nan], object)
    return np.asarray(texts[cells.indices.fill_null(len(texts) - 1).to_numpy()])
