"""CSV as warmfold takes it: read strictly from a stream of bytes, with errors that say where, and written exactly.

Standard library only, as `rules.py`, through which everybody else imports it.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

MAX_RECORD_BYTES = 1_200_000
"""The longest row, header included. Rewritten, header and row together then always fit a chunk of 5,000,000 bytes."""

_READ_BYTES = 1 << 20


class DatasetRuleError(ValueError):
    """The data breaks a rule; the text names the file, the place and the remedy."""


class BinaryStream(Protocol):
    """Anything that hands out bytes: an open file, or the body of a GetObject response."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end."""


def read_records(stream: BinaryStream, *, file: str) -> Iterator[tuple[int, list[str]]]:
    """The header of a CSV file, then its rows, each with the line it starts on (from 1); blank lines are skipped.

    Raises DatasetRuleError for what is not UTF-8 or not CSV, a column name that is empty, used twice or reserved,
    a row with more or fewer cells than the header, and a row longer than MAX_RECORD_BYTES.
    """
    csv.field_size_limit(MAX_RECORD_BYTES)
    lines = _Lines(stream, file)
    reader = csv.reader(lines, strict=True)
    width = 0
    while True:
        line = reader.line_num + 1
        lines.start_record(line)
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise DatasetRuleError(
                f"{file}, line {line}: not valid CSV ({error}); put cells that hold a quote, a comma or a line break "
                'in double quotes, double the quotes in them (""), and end lines with a line feed.'
            ) from error
        if not row or (width != 1 and len(row) == 1 and not row[0].strip()):
            continue
        if not width:
            _check_header(row, file)
            width = len(row)
        elif len(row) != width:
            raise DatasetRuleError(
                f"{file}, line {line}: {len(row)} cells, and the header has {width} columns; correct the row, or put "
                "cells that hold a comma in double quotes."
            )
        yield line, row
    if not width:
        raise DatasetRuleError(f"{file} is empty; upload a CSV file with a header line and at least one row.")


def csv_line(row: Sequence[str]) -> str:
    """One CSV record, line feed included, that reads back as exactly these cells.

    Not csv.writer: before Python 3.13 it leaves a carriage return unquoted when lines end in a line feed.
    """
    line = ",".join(row)
    if len(row) > 1 and line.count(",") == len(row) - 1 and not ('"' in line or "\n" in line or "\r" in line):
        return line + "\n"
    # a row of one cell is always quoted, or an empty one would read back as a blank line
    return ",".join(_quoted(cell) if len(row) == 1 or _needs_quotes(cell) else cell for cell in row) + "\n"


class _Lines:
    """The lines of a UTF-8 stream, line ends kept, that bounds how many bytes one record may take."""

    def __init__(self, stream: BinaryStream, file: str) -> None:
        self._stream, self._file = stream, file
        self._record_line = 1
        self._record_bytes = 0
        self._lines = self._decoded()

    def start_record(self, line: int) -> None:
        self._record_line, self._record_bytes = line, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._lines)

    def _decoded(self) -> Iterator[str]:
        offset = 0
        for raw in self._raw():
            self._count(len(raw))
            try:
                text = raw.decode()
            except UnicodeDecodeError as error:
                place = offset + error.start
                raise DatasetRuleError(
                    f"{self._file}: not UTF-8 at byte {place} (0x{raw[error.start]:02x}), in the row that starts on "
                    f"line {self._record_line}; save the file as UTF-8 and upload it again."
                ) from error
            if "\x00" in text:
                raise DatasetRuleError(
                    f"{self._file}: a zero byte at byte {offset + raw.index(0)}, in the row that starts on line "
                    f"{self._record_line}; this is no text. Save the file as CSV in UTF-8 and upload it again."
                )
            yield text.removeprefix("\ufeff") if not offset else text
            offset += len(raw)

    def _raw(self) -> Iterator[bytes]:
        rest = b""
        while chunk := self._stream.read(_READ_BYTES):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line + b"\n"
            if len(rest) > MAX_RECORD_BYTES:
                self._count(len(rest))
        if rest:
            yield rest

    def _count(self, size: int) -> None:
        self._record_bytes += size
        if self._record_bytes > MAX_RECORD_BYTES:
            raise DatasetRuleError(
                f"{self._file}, line {self._record_line}: the row that starts here is longer than {MAX_RECORD_BYTES} "
                "bytes; close the quotes that are open in it, or shorten its cells."
            )


def _check_header(header: Sequence[str], file: str) -> None:
    for number, name in enumerate(header, start=1):
        if not name.strip():
            raise DatasetRuleError(
                f"{file}: column {number} has no name; name it in the header, or leave it out "
                "(pandas: to_csv(index=False))."
            )
        if name == "prediction" or name.startswith("probability_"):
            raise DatasetRuleError(
                f"{file}: column {name!r} has a name that is reserved for the predictions; rename it or leave it out."
            )
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DatasetRuleError(f"{file}: {named('column name', twice)} used more than once; give each its own name.")


def _needs_quotes(cell: str) -> bool:
    return "," in cell or '"' in cell or "\n" in cell or "\r" in cell


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def named(noun: str, names: Sequence[str]) -> str:
    """The noun in its number, the names, and the verb: `columns 'a', 'b' are`."""
    return f"{noun} {listed(names)} is" if len(names) == 1 else f"{noun}s {listed(names)} are"


def listed(names: Sequence[str], most: int = 20) -> str:
    """The names for an error: quoted, cut short, no more than `most` of them."""
    shown = ", ".join(repr(name[:80]) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
