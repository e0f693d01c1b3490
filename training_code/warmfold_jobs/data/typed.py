"""Columns of text cells as typed columns: whole blocks at a time, each cell as `warmfold_data.cells.values` reads it.

Plain cells are cast by pyarrow, which reads them alike; what `values` gives is asked for the others, once for each that
differs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warmfold_data.cells import DATE, NUMERIC, TEXT, CellError, number, trim
from warmfold_data.cells import values as reader_of
from warmfold_run.records import Reading

REMEMBERED = 100_000
"""How many different cells of a column are remembered from block to block."""
_PLAIN = r"^-?[0-9]+(\.[0-9]*)?$"
"""Numbers that a cast reads whatever the reading is, where the decimals stand after a point."""


class UnfitCellError(ValueError):
    """A cell that its column's reading can't take: its `column`, its `position` in the block, from 0, and why."""

    def __init__(self, column: str, position: int, cell: str, why: CellError) -> None:
        super().__init__(f"column {column!r}, row {position + 1}: {cell[:80]!r} {why}")
        self.column, self.position, self.cell, self.why = column, position, cell, why


def type_of(reading: Reading) -> pa.DataType:
    """What a column is in parts: float64 for numbers and truth values, string for text, timestamp[s] for dates."""
    if reading["kind"] == TEXT:
        return pa.string()
    return pa.timestamp("s") if reading["kind"] == DATE else pa.float64()


class ColumnReader:
    """Reads one column's cells, block after block."""

    def __init__(self, column: str, reading: Reading) -> None:
        self.column = column
        self.type = type_of(reading)
        self._value_of = reader_of(reading)
        self._words = frozenset(["", *reading["missing"]])
        self._missing = pa.array(sorted(self._words), pa.string())
        self._castable = reading["kind"] == NUMERIC and reading["decimal"] == "." and not reading["thousands"]
        # a number that stands for a missing value must not be cast
        self._cast_all = self._castable and not any(number(cell) is not None for cell in reading["missing"])
        self._known: dict[str, float | str | None] = {"": None}
        self.texts: set[str] | None = set()
        """The different texts so far, of a column of such; None where they are more than REMEMBERED."""
        self.missing = 0
        """Cells so far that are empty or a word for a missing value."""
        self.extremes: tuple[float, float] | None = None
        """The least and the greatest number so far."""

    def read(self, cells: pa.Array) -> pa.Array:
        """The values of text cells, in which null is the empty cell; null where there is none. UnfitCellError."""
        values = _cast(cells) if self._cast_all else None
        if values is not None:
            self.missing += cells.null_count
        else:
            values = self._numbers(cells) if self._castable else self._distinct(cells)
        if self.type == pa.float64() and values.null_count < len(values):
            found = pc.min_max(values).as_py()
            low, high = self.extremes or (math.inf, -math.inf)
            self.extremes = min(low, found["min"]), max(high, found["max"])
        return values

    def _numbers(self, cells: pa.Array) -> pa.Array:
        """Plain numbers by a cast, the others by what they are."""
        missing = pc.is_in(cells, value_set=self._missing)
        self.missing += cells.null_count + (pc.sum(missing).as_py() or 0)
        plain = pc.and_not(pc.fill_null(pc.match_substring_regex(cells, _PLAIN), False), missing)
        values = pc.cast(pc.if_else(plain, cells, None), self.type)
        odd = pc.and_not(pc.and_not(pc.is_valid(cells), plain), missing)
        if not pc.any(odd).as_py():
            return _finite(values)
        positions = np.flatnonzero(odd.to_numpy(zero_copy_only=False))
        read = self._distinct(cells.filter(odd), positions)
        return pc.replace_with_mask(values, odd, read)

    def _distinct(self, cells: pa.Array, positions: np.ndarray[Any, Any] | None = None) -> pa.Array:
        """Every cell that differs by what reads one; `positions` are those of the cells in their block."""
        encoded = cells.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        values, unfit = [], {}
        for place, text in enumerate(texts):
            try:
                values.append(self._value(text))
            except CellError as error:
                unfit[place] = error
        if unfit:
            codes = encoded.indices.fill_null(-1).to_numpy()
            first = int(np.flatnonzero(np.isin(codes, list(unfit)))[0])
            position = first if positions is None else int(positions[first])
            place = int(codes[first])
            raise UnfitCellError(self.column, position, texts[place], unfit[place])
        if self.texts is not None and self.type == pa.string():
            self.texts.update(value for value in values if isinstance(value, str))
            self.texts = self.texts if len(self.texts) <= REMEMBERED else None
        whole = self.type == pa.timestamp("s")
        held = pa.array(values, pa.float64() if whole else self.type)
        taken = (held.cast(pa.int64()).cast(self.type) if whole else held).take(encoded.indices)
        self.missing += cells.null_count
        nothing = [place for place, value in enumerate(values) if value is None and self._is_missing(texts[place])]
        if nothing:
            self.missing += int(np.isin(encoded.indices.fill_null(-1).to_numpy(), nothing).sum())
        if whole:
            return taken
        return taken if self.type == pa.string() else _finite(taken)

    def _is_missing(self, text: str) -> bool:
        """Whether a cell without a value holds none; else it is infinite."""
        return text in self._words or trim(text) in self._words

    def _value(self, text: str) -> float | str | None:
        if text in self._known:
            return self._known[text]
        value = self._value_of(text)
        if len(self._known) < REMEMBERED:
            self._known[text] = value
        return value


def text_array(cells: Sequence[str]) -> pa.Array:
    """Text cells as a column; null is the empty cell."""
    return pa.array([cell or None for cell in cells], pa.string())


def read_columns(cells: Mapping[str, pa.Array], readers: Iterable[ColumnReader]) -> dict[str, pa.Array]:
    """The columns that there are readers for, in their order; raises UnfitCellError for the first bad row."""
    read: dict[str, pa.Array] = {}
    unfit: list[UnfitCellError] = []
    for reader in readers:
        try:
            read[reader.column] = reader.read(cells[reader.column])
        except UnfitCellError as error:
            unfit.append(error)
    if unfit:
        raise min(unfit, key=lambda error: error.position)
    return read


def _cast(cells: pa.Array) -> pa.Array | None:
    """The cells as numbers, or None where one is none; what pyarrow alone takes is `nan` with more behind it."""
    try:
        values = pc.cast(cells, pa.float64())
    except pa.ArrowInvalid:
        return None
    if math.isfinite(pc.sum(values).as_py() or 0):  # which it is not when one of them is not
        return values
    return None if pc.any(pc.is_nan(values)).as_py() else _finite(values)


def _finite(values: pa.Array) -> pa.Array:
    """Infinities are missing values."""
    finite = pc.is_finite(values)
    return values if pc.all(finite).as_py() is not False else pc.if_else(finite, values, None)
