"""A dataset's blocks read by what its columns are: cells typed, contents hashed, labels told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypedDict

import numpy as np
import pyarrow as pa

from warmfold_data.cells import CellError
from warmfold_data.csv_records import DatasetRuleError
from warmfold_data.dealing import Rows
from warmfold_data.placing import Placing
from warmfold_data.readings import CATEGORIES, LONGEST_CATEGORY
from warmfold_jobs.data.array_dealing import RowArrays
from warmfold_jobs.data.columnar import NotColumnarError, joined
from warmfold_jobs.data.spool import Spool
from warmfold_jobs.data.typed import ColumnReader, UnfitCellError, read_columns
from warmfold_run.records import Reading


class Labels(Sequence[str]):
    """The classes of rows, each a position in the list of names."""

    def __init__(self, names: list[str], codes: np.ndarray[Any, Any]) -> None:
        self.names, self.codes = names, codes

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: Any) -> Any:
        return self.names[self.codes[row]]


class ColumnHeld(TypedDict):
    """What all of a feature's cells hold, where a sample can't tell."""

    missing: int
    """Cells that are empty or a word for a missing value."""
    extremes: tuple[float, float] | None
    """The least and the greatest number."""
    categories: list[str] | None
    """The different texts of a column of such, where they are few and short."""


@dataclass
class Counted:
    """What was found in the rows; of those that have a target, unless it says otherwise."""

    rows: int = 0
    """All of them."""
    rows_to_deal: RowArrays = field(default_factory=lambda: RowArrays(np.zeros(0, np.uint64)))
    """The hash of each row's content, as `warmfold_data.dealing.content_hash` has it, and what divides the rows."""
    labels: Labels = field(default_factory=lambda: Labels([], np.zeros(0, np.int32)))
    """Each row's class; an empty text for regression."""
    without_target: list[int] = field(default_factory=list)
    """The numbers of the rows without a target, from 0."""
    columns: dict[str, ColumnHeld] = field(default_factory=dict)
    """What the features hold, by column."""


def count_rows(
    blocks: Iterable[pa.RecordBatch],
    readings: Mapping[str, Reading],
    left_out: Iterable[str],
    target: str,
    *,
    of_class: Callable[[str], str | None],
    placing: Placing,
    seed: int,
    typed: Spool,
) -> Counted:
    """Read blocks of text cells by their readings; rows with a target go into `typed`, the target's cells as text.

    Raises NotColumnarError for a cell that does not fit its reading.
    """
    counted = Counted()
    readers = [ColumnReader(name, one) for name, one in readings.items() if name != target]
    dividing = _Dividing(placing)
    labels, omitted, hashes = _Labels(of_class), frozenset(left_out), list[np.ndarray[Any, Any]]()
    for block in blocks:
        without = labels.take(block[target])
        kept = block if without is None else block.filter(pa.array(~without))
        if without is not None:
            counted.without_target += (np.flatnonzero(without) + counted.rows).tolist()
        counted.rows += block.num_rows
        cells = dict(zip(kept.schema.names, kept.columns, strict=True))
        try:
            read = read_columns(cells, readers)
        except UnfitCellError as error:
            raise NotColumnarError(str(error)) from error
        dividing.take(cells)
        typed.put(pa.RecordBatch.from_pydict({**read, target: cells[target]}))
        hashes.append(content_hashes(joined([column for name, column in cells.items() if name not in omitted]), seed))
    counted.labels = labels.all()
    counted.rows_to_deal = RowArrays(np.concatenate(hashes) if hashes else np.zeros(0, np.uint64))
    dividing.give(counted.rows_to_deal)
    counted.columns = {reader.column: _held(reader) for reader in readers}
    return counted


def content_hashes(contents: pa.Array, seed: int) -> np.ndarray[Any, Any]:
    """The hash of each content, as `warmfold_data.dealing.content_hash` has it."""
    keyed = hashlib.blake2b(digest_size=8, key=str(seed).encode())
    _, offsets, data = contents.buffers()
    view = memoryview(data) if data is not None else memoryview(b"")
    ends = np.frombuffer(offsets, np.int32)[contents.offset : contents.offset + len(contents) + 1].tolist()
    digests = []
    for start, end in pairwise(ends):
        hashed = keyed.copy()
        hashed.update(view[start:end])
        digests.append(hashed.digest())
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)


def few_texts(texts: Collection[str] | None) -> list[str] | None:
    """Different texts in order; None where they are too many or too long to be categories."""
    if texts is None or len(texts) > CATEGORIES or any(len(text) > LONGEST_CATEGORY for text in texts):
        return None
    return sorted(texts)


def _held(reader: ColumnReader) -> ColumnHeld:
    return ColumnHeld(missing=reader.missing, extremes=reader.extremes, categories=few_texts(reader.texts))


class _Labels:
    """The classes of rows, told block by block."""

    def __init__(self, of_class: Callable[[str], str | None]) -> None:
        self._of_class = of_class
        self._classes: dict[str, int] = {}
        self._codes: list[np.ndarray[Any, Any]] = []

    def all(self) -> Labels:
        """The classes of all rows that have one."""
        return Labels(list(self._classes), np.concatenate(self._codes) if self._codes else np.zeros(0, np.int32))

    def take(self, cells: pa.Array) -> np.ndarray[Any, Any] | None:
        """Take a block's cells; returns which hold no value, None where all do."""
        encoded = cells.dictionary_encode()
        try:
            names = [self._of_class(text) for text in encoded.dictionary.to_pylist()]
        except (CellError, KeyError) as error:
            raise NotColumnarError(f"the target: {error}") from error
        known = self._classes
        codes = np.array([-1 if name is None else known.setdefault(name, len(known)) for name in [*names, None]])
        found = codes.astype(np.int32)[encoded.indices.fill_null(len(names)).to_numpy()]
        without = found < 0
        if not without.any():
            self._codes.append(found)
            return None
        self._codes.append(found[~without])
        return np.asarray(without)


class _Dividing:
    """What the column that divides the rows says of them, block by block."""

    def __init__(self, placing: Placing) -> None:
        self._placing = placing
        self._numbers: list[np.ndarray[Any, Any]] = []
        self._folds: dict[str, int] = {}

    def take(self, cells: Mapping[str, pa.Array]) -> None:
        """Take a block's cells; raises NotColumnarError for one that can't divide rows."""
        if self._placing.column is None:
            return
        encoded, said = cells[self._placing.column].dictionary_encode(), Rows()
        if encoded.null_count:
            raise NotColumnarError("a row without what it is divided by")
        try:
            for text in encoded.dictionary.to_pylist():
                self._placing.divide_by(0, text, said)
        except DatasetRuleError as error:
            raise NotColumnarError(str(error)) from error
        if said.folds:
            found = np.array([self._folds.setdefault(fold, len(self._folds)) for fold in said.folds], np.int64)
        else:
            found = np.array(said.groups, np.uint64) if said.groups else np.array(said.times, np.float64)
        if len(cells[self._placing.column]):
            self._numbers.append(found[encoded.indices.to_numpy()])

    def give(self, rows: RowArrays) -> None:
        """Tell the rows that are dealt."""
        if not self._numbers:
            return
        numbers = np.concatenate(self._numbers)
        if self._folds:
            rows.folds, rows.fold_values = numbers, list(self._folds)
        elif numbers.dtype == np.uint64:
            rows.groups = numbers
        else:
            rows.times = numbers
