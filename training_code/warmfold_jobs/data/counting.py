"""The first pass over a dataset's blocks: cells typed, contents hashed, classes counted; all but hashes put aside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warmfold_data.cells import NUMERIC
from warmfold_data.rules import Counted
from warmfold_data.target import MAX_CLASSES
from warmfold_jobs.data.columnar import NotColumnarError, joined
from warmfold_jobs.data.spool import Spool
from warmfold_jobs.data.typed import ColumnReader, UnfitCellError, read_columns
from warmfold_run.experiment import REGRESSION, Problem
from warmfold_run.records import Reading


def count_rows(
    blocks: Iterable[pa.RecordBatch],
    readings: Mapping[str, Reading],
    target: str,
    *,
    problem: Problem | None,
    seed: int,
    typed: Spool,
    texts: Spool | None,
) -> Counted:
    """Read blocks of text cells by their readings; puts the features, typed, and the target's cells into `typed`.

    `texts` gets all cells as they are. Memory: 12 bytes a row. Raises NotColumnarError for what does not fit its
    reading, and for targets that the row-wise rules must judge.
    """
    readers = [ColumnReader(column, reading) for column, reading in readings.items() if column != target]
    labels = _Labels(readings[target], problem)
    hashes: list[np.ndarray[Any, Any]] = []
    rows = 0
    for block in blocks:
        cells = dict(zip(block.schema.names, block.columns, strict=True))
        try:
            read = read_columns(cells, readers)
            has_target = labels.count(cells[target], rows)
        except UnfitCellError as error:
            raise NotColumnarError(str(error)) from error
        typed.put(pa.RecordBatch.from_pydict({**read, target: cells[target]}))
        if texts is not None:
            texts.put(block)
        contents = joined(block.columns)
        hashes.append(content_hashes(contents if has_target is None else contents.filter(has_target), seed))
        rows += block.num_rows
    return Counted(
        rows=rows,
        missing={reader.column: reader.missing for reader in readers} | {target: len(labels.without)},
        kinds={column: reading["kind"] for column, reading in readings.items()},
        contents=np.concatenate(hashes).tolist() if hashes else [],
        labels=labels.names,
        without_target=labels.without,
        integers=labels.integers,
        values_differ=labels.values_differ,
        finite=labels.finite,
        many_values=labels.many_values,
    )


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
    return np.frombuffer(b"".join(digests), ">u8")


class _Labels:
    """What the target's cells are, counted block by block."""

    def __init__(self, reading: Reading, problem: Problem | None) -> None:
        self.without: list[int] = []
        self.values_differ = self.many_values = False
        self.finite = reading["kind"] == NUMERIC
        self._problem = problem
        self._missing = pa.array(["", *reading["missing"]], pa.string())
        self._numbers = ColumnReader("", reading) if reading["kind"] == NUMERIC else None
        self._counting = problem != REGRESSION
        self._classes: dict[str, int] = {}
        self._codes: list[np.ndarray[Any, Any]] = []
        self._first: float | None = None
        self.integers = True

    @property
    def names(self) -> list[str]:
        """The class of each row that has one, in order; none when the target is a measurement."""
        classes = list(self._classes)
        return [classes[code] for codes in self._codes for code in codes.tolist()] if self._counting else []

    def count(self, cells: pa.Array, row: int) -> pa.Array | None:
        """Take a block's cells, of which the first is that of a row; returns which have a value, None where all do."""
        there = pc.and_not(pc.is_valid(cells), pc.is_in(cells, value_set=self._missing))
        every = pc.all(there).as_py() is not False
        if not every:
            self.without += (np.flatnonzero(~there.to_numpy(zero_copy_only=False)) + row).tolist()
        held = cells if every else cells.filter(there)
        if self._numbers is not None and len(held):
            self._count_numbers(held)
        if self._counting:
            self._count_classes(held)
        return None if every else there

    def _count_numbers(self, held: pa.Array) -> None:
        assert self._numbers is not None
        values = self._numbers.read(held).to_numpy(zero_copy_only=False)
        self.finite = self.finite and not np.isnan(values).any()
        if self._first is None:
            self._first = float(values[0])
        self.integers = self.integers and bool((values == np.floor(values)).all())
        self.values_differ = self.values_differ or bool((values != self._first).any())

    def _count_classes(self, held: pa.Array) -> None:
        encoded = held.dictionary_encode()
        known = self._classes
        codes = np.array([known.setdefault(name, len(known)) for name in encoded.dictionary.to_pylist()], np.int32)
        if len(known) <= MAX_CLASSES:
            self._codes.append(codes[encoded.indices.to_numpy()])
        elif self._problem is None and self.finite:
            self._problem, self._counting, self.many_values = REGRESSION, False, True
            self._classes, self._codes = {}, []
        else:
            raise NotColumnarError(f"more than {MAX_CLASSES} classes")
