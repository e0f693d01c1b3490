"""A Parquet file's footer: its columns, what they hold, how many rows, and the statistics of its row groups.

Standard library only, as `rules.py`: Plan Run knows so much of a file without reading its values. Sources: the format's
own description (`parquet.thrift`) and that of Thrift's compact protocol.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from warmfold_data.cells import BOOLEAN, DATE, NUMERIC, TEXT
from warmfold_data.errors import DatasetRuleError
from warmfold_run.understanding import listed

MAGIC = b"PAR1"
_ENCRYPTED = b"PARE"
_TAIL_BYTES = 8
_MOST_NAMED = 20
MAX_FOOTER_BYTES = 64 * 1024 * 1024
_MOST_NESTED = 32
_BOOLEAN, _INT32, _INT64, _INT96, _FLOAT, _DOUBLE, _BYTES, _FIXED = range(8)
_REPEATED = 2
_UNSIGNED = {"UINT_8", "UINT_16", "UINT_32", "UINT_64"}
_CONVERTED = dict(
    enumerate(
        (
            *("UTF8", "MAP", "MAP_KEY_VALUE", "LIST", "ENUM", "DECIMAL", "DATE", "TIME", "TIME"),
            *("TIMESTAMP", "TIMESTAMP", "UINT_8", "UINT_16", "UINT_32", "UINT_64"),
            *("INT", "INT", "INT", "INT", "JSON", "BSON", "INTERVAL"),
        )
    )
)
_LOGICAL = {
    1: "UTF8",
    2: "MAP",
    3: "LIST",
    4: "ENUM",
    5: "DECIMAL",
    6: "DATE",
    7: "TIME",
    8: "TIMESTAMP",
    10: "INT",
    11: "NULL",
    12: "JSON",
    13: "BSON",
    14: "UUID",
    15: "FLOAT16",
}
_KINDS: dict[str, str | None] = {
    "UTF8": TEXT,
    "ENUM": TEXT,
    "JSON": TEXT,
    "UUID": None,
    "BSON": None,
    "INTERVAL": None,
    "TIME": None,
    "DECIMAL": NUMERIC,
    "INT": NUMERIC,
    "NULL": NUMERIC,
    "FLOAT16": NUMERIC,
    "DATE": DATE,
    "TIMESTAMP": DATE,
    **dict.fromkeys(_UNSIGNED, NUMERIC),
}
_PLAIN = {_BOOLEAN: BOOLEAN, _INT32: NUMERIC, _INT64: NUMERIC, _INT96: DATE, _FLOAT: NUMERIC, _DOUBLE: NUMERIC}


@dataclass(frozen=True)
class Column:
    """A column, as the footer has it."""

    name: str
    kind: str | None
    """What it holds as experiment.yaml calls it; None for what no table of cells holds."""
    what: str
    """What it holds in the format's words."""
    whole: bool
    """Whether its numbers are whole ones."""
    nulls: int | None
    """How many values are missing; None where a row group does not say."""
    minimum: float | None
    maximum: float | None
    """Of its numbers; None where a row group does not say, and for other kinds."""


@dataclass(frozen=True)
class Footer:
    """What a file's end says of it."""

    rows: int
    columns: list[Column]


def read_footer(size: int, piece: Callable[[int, int], bytes], *, file: str) -> Footer:
    """The footer of a file of `size` bytes, of which `piece` gives so many from a place on; raises DatasetRuleError."""
    tail = piece(max(0, size - _TAIL_BYTES), _TAIL_BYTES)
    if tail[4:] == _ENCRYPTED:
        raise DatasetRuleError(f"{file}: its footer is encrypted, so that nothing can be read; write it unencrypted.")
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or not 0 < length <= min(size - _TAIL_BYTES - len(MAGIC), MAX_FOOTER_BYTES):
        raise DatasetRuleError(f"{file}: not a whole Parquet file: its end is no footer; write and upload it again.")
    try:
        found = _Compact(piece(size - _TAIL_BYTES - length, length)).struct()
        groups = found.get(4, [])
        leaves, empty = dict[tuple[str, ...], list[dict[int, Any]]](), dict[tuple[str, ...], int]()
        for group in groups:
            for chunk in group[1]:
                path = tuple(part.decode() for part in chunk[3][3])
                told = chunk[3].get(12, {})
                if told.get(3) != chunk[3][5] or 3 not in told:
                    leaves.setdefault(path, []).append(told)
                else:
                    empty[path] = empty.get(path, 0) + told[3]
        columns = [
            _column(node, nested, leaves.get((node[4].decode(),), []), empty.get((node[4].decode(),), 0))
            for node, nested in _top_level(found[2])
        ]
        return Footer(int(found[3]), columns)
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, struct.error, RecursionError) as error:
        raise DatasetRuleError(
            f"{file}: its Parquet footer can't be read ({type(error).__name__}); write and upload it again."
        ) from error


def check_columns(footer: Footer, *, file: str) -> None:
    """Raise DatasetRuleError for columns that are no columns of cells, all at once, and for a file without rows."""
    unfit = [f"{column.name!r} holds {column.what}" for column in footer.columns if column.kind is None]
    if unfit:
        raise DatasetRuleError(
            f"{file}: {listed(unfit, _MOST_NAMED)}, which no feature can be made of; take it out, or make plain "
            "columns of it."
        )
    if not footer.rows:
        raise DatasetRuleError(f"{file} has no rows; add the rows to train on.")


def _top_level(elements: list[dict[int, Any]]) -> Iterator[tuple[dict[int, Any], bool]]:
    """The schema's columns, and whether each holds others."""
    at = 1
    for _ in range(elements[0].get(5, 0)):
        node, at = elements[at], at + 1
        yield node, bool(node.get(5))
        inner = node.get(5, 0)
        while inner:
            inner += elements[at].get(5, 0) - 1
            at += 1


def _column(node: Mapping[int, Any], nested: bool, told: list[dict[int, Any]], empty: int) -> Column:
    """The column of a schema's element; `told` are the statistics of row groups but those that hold `empty` nulls."""
    name, physical = node[4].decode(), node.get(1)
    logical = _LOGICAL.get(next(iter(node.get(10) or {}), 0)) or _CONVERTED.get(node.get(6, -1))
    if nested or node.get(3) == _REPEATED:
        kind, what = None, {"LIST": "lists", "MAP": "maps"}.get(logical or "", "values within values")
    elif logical is not None:
        kind, what = _KINDS.get(logical), logical.lower()
    else:
        kind, what = _PLAIN.get(physical or 0), "bytes" if physical in (_BYTES, _FIXED) else "values"
    whole = kind == NUMERIC and physical in (_INT32, _INT64) and logical != "DECIMAL"
    nulls = [one[3] for one in told if 3 in one]
    low, high = None, None
    if kind == NUMERIC and logical not in ("DECIMAL", "FLOAT16"):
        unsigned = logical in _UNSIGNED or (logical == "INT" and not (node.get(10) or {}).get(10, {}).get(2, True))
        low, high = _extreme(told, 6, 2, physical, unsigned, min), _extreme(told, 5, 1, physical, unsigned, max)
    total = None if nested or len(nulls) < len(told) else sum(nulls) + empty
    return Column(name, kind, what, whole, total, low, high)


def _extreme(
    told: list[dict[int, Any]],
    key: int,
    older: int,
    physical: int | None,
    unsigned: bool,
    best: Callable[[list[float]], float],
) -> float | None:
    form = {_INT32: "<I" if unsigned else "<i", _INT64: "<Q" if unsigned else "<q", _FLOAT: "<f", _DOUBLE: "<d"}
    if physical not in form or not told:
        return None
    # the older keys hold signed comparisons only
    found: list[bytes] = []
    for one in told:
        value = one.get(key, None if unsigned else one.get(older))
        if value is None:
            return None
        found.append(value)
    return best([struct.unpack(form[physical], value)[0] for value in found])


class _Compact:
    """Values in Thrift's compact protocol: structs as values by field number."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._depth = data, 0, 0

    def struct(self) -> dict[int, Any]:
        """The struct that starts here."""
        self._depth += 1
        if self._depth > _MOST_NESTED:
            raise ValueError("nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            kind, step = head & 0x0F, head >> 4
            number = number + step if step else self._signed()
            fields[number] = self._value(kind, in_list=False)
        self._depth -= 1
        return fields

    def _value(self, kind: int, *, in_list: bool) -> Any:
        if kind in (1, 2):  # of a field the type is the value
            return self._byte() == 1 if in_list else kind == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._signed()
        if kind == 7:
            return struct.unpack("<d", self._bytes(8))[0]
        if kind == 8:
            return self._bytes(self._unsigned())
        if kind in (9, 10):
            head = self._byte()
            size = head >> 4 if head >> 4 != 15 else self._unsigned()
            if size > len(self._data):
                raise ValueError("a list longer than the footer")
            return [self._value(head & 0x0F, in_list=True) for _ in range(size)]
        if kind == 11:
            size = self._unsigned()
            kinds = self._byte() if size else 0
            pairs = range(min(size, len(self._data)))
            return [(self._value(kinds >> 4, in_list=True), self._value(kinds & 15, in_list=True)) for _ in pairs]
        if kind == 12:
            return self.struct()
        raise ValueError(f"type {kind}")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        self._at += size
        if self._at > len(self._data):
            raise ValueError("the footer ends too early")
        return self._data[self._at - size : self._at]

    def _unsigned(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number too long")

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
