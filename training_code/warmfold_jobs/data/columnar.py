"""CSV read by pyarrow, where it sees the same records as `warmfold_data.csv_records`: whole blocks of text cells.

What the two could see differently is found beforehand in the bytes, or by pyarrow's own refusal, and raises
NotColumnarError: then the row-wise reader reads the file, and words the error if there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from warmfold_data.byte_streams import BinaryStream, Recoded, Unpacked
from warmfold_data.encodings import UTF_8
from warmfold_data.no_rows import MOST_TOTALS, word_for_totals
from warmfold_run.records import Dialect

BLOCK_BYTES = 8 * 1024 * 1024
"""How much text is read at a time."""
_PARSED_BYTES = 1024 * 1024
"""What pyarrow is given at a time: what stays in the processor's cache is read twice as fast."""
LONGEST_ROW = 400_000
"""Bytes of a row's cells up to which no limit of the row-wise reader is near, however it is quoted."""
_MARK = b"\xef\xbb\xbf"
_QUOTE, _NEWLINE, _RETURN = b'"\n\r'


class NotColumnarError(Exception):
    """The file must be read row by row; the text says why."""


def utf_8(stream: BinaryStream, dialect: Dialect, file: str) -> BinaryStream:
    """The text of a file in UTF-8, unpacked; raises DatasetRuleError where that can't be had."""
    if dialect["compression"]:
        stream = Unpacked(stream, file)
    return stream if dialect["encoding"] == UTF_8 else Recoded(stream, dialect["encoding"], file)


def text_blocks(stream: BinaryStream, names: Sequence[str], dialect: Dialect) -> Iterator[tuple[pa.RecordBatch, int]]:
    """The rows of CSV in UTF-8, as columns of text by name, null where a cell is empty; and how many lines they take.

    Raises NotColumnarError for whatever the row-wise reader might see differently.
    """
    last: list[list[str]] = []
    for block, lines in _parsed(stream, names, dialect):
        head = pc.utf8_normalize(pc.utf8_trim_whitespace(block.column(0)), form="NFC")
        if dialect["header"] and pc.any(pc.equal(head, names[0])).as_py():
            raise NotColumnarError("a row that may be the header once more")
        yield block, lines
        tail = block.slice(max(0, block.num_rows - MOST_TOTALS))
        last = [*last, *([cell or "" for cell in row.values()] for row in tail.to_pylist())][-MOST_TOTALS:]
    if any(word_for_totals(row) for row in last):
        raise NotColumnarError("a row at the end that may hold totals")


def _parsed(stream: BinaryStream, names: Sequence[str], dialect: Dialect) -> Iterator[tuple[pa.RecordBatch, int]]:
    delimiter = dialect["delimiter"]
    separators = np.frombuffer(f"{delimiter}\n\r".encode(), np.uint8)
    for block in _blocks(_below(stream, dialect["first_line"])):
        if block.startswith(_MARK):
            raise NotColumnarError("a byte order mark before a row, which pyarrow would drop")
        if b"\0" in block:
            raise NotColumnarError("a zero byte")
        if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
            raise NotColumnarError("a carriage return that ends no line")
        quoted = b'"' in block
        if quoted:
            _check_quotes(np.frombuffer(block, np.uint8), separators)
        try:
            table = csv.read_csv(
                pa.py_buffer(block),
                read_options=csv.ReadOptions(column_names=list(names), block_size=_PARSED_BYTES, use_threads=False),
                parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=quoted),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    check_utf8=not block.isascii(),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            raise NotColumnarError(str(error).splitlines()[0]) from error
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        yield from ((batch, lines) for batch in table.combine_chunks().to_batches())


def first_lines(block: pa.RecordBatch, first_line: int, lines: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The lines on which the rows of a block start, which takes `lines` from its first row's on.

    Raises NotColumnarError where blank lines stand between rows.
    """
    starts = np.arange(first_line, first_line + block.num_rows, dtype=np.int64)
    if lines != block.num_rows:
        breaks = pc.count_substring(joined(block.columns), "\n").to_numpy()
        if breaks.sum() + block.num_rows != lines:
            raise NotColumnarError("blank lines, so that it can't be told on which lines the rows are")
        starts += np.cumsum(breaks) - breaks
    return starts


def joined(columns: Sequence[pa.Array]) -> pa.Array:
    """The rows' contents: their cells as text, joined as `warmfold_data.dealing.content_hash` has it."""
    contents = pc.binary_join_element_wise(*columns, "\x1f", null_handling="replace", null_replacement="")
    longest = pc.max(pc.binary_length(contents)).as_py() or 0
    if longest > LONGEST_ROW:
        raise NotColumnarError(f"a row of {longest} bytes")
    return contents


def _below(stream: BinaryStream, first_line: int) -> Iterator[bytes]:
    """The bytes of a stream from a line on, without a byte order mark."""
    lines, start = first_line - 1, True
    while chunk := stream.read(BLOCK_BYTES):
        if start:
            chunk, start = chunk.removeprefix(_MARK), False
        while lines and (end := chunk.find(b"\n")) >= 0:
            chunk = chunk[end + 1 :]
            lines -= 1
        if chunk and not lines:
            yield chunk


def _blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut where a record ends."""
    rest = b""
    for chunk in chunks:
        if b'"' in chunk or b'"' in rest:
            held = rest + chunk
            end = _last_end(held)
            if not end and len(held) > 2 * BLOCK_BYTES:
                raise NotColumnarError("quotes that are open for very long")
            block, rest = held[:end], held[end:]
        else:
            end = chunk.rfind(b"\n") + 1
            block = b"".join((rest, memoryview(chunk)[:end])) if end else b""
            rest = chunk[end:] if end else rest + chunk
            if len(rest) > 2 * BLOCK_BYTES:
                raise NotColumnarError("a very long line")
        if block:
            yield block
    if rest.count(b'"') % 2 == 0:
        rest = rest.rstrip(b"\r\n")
    if rest:
        yield rest


def _last_end(held: bytes) -> int:
    """Behind the last line feed that is not inside quotes, when quotes are as `_check_quotes` wants them."""
    data = np.frombuffer(held, np.uint8)
    quotes, ends = np.flatnonzero(data == _QUOTE), np.flatnonzero(data == _NEWLINE)
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0


def _check_quotes(data: np.ndarray[Any, Any], separators: np.ndarray[Any, Any]) -> None:
    """Every quote begins or ends a cell, or is one of two inside quotes: so every reader sees the same.

    Quotes are taken by turns as opening and closing ones; two inside quotes close and open again.
    """
    places = np.flatnonzero(data == _QUOTE)
    if len(places) % 2:
        raise NotColumnarError("a quote that is not closed")
    opening, closing = places[::2], places[1::2]
    before = data[np.maximum(opening - 1, 0)]
    again = np.concatenate([[False], opening[1:] == closing[:-1] + 1])
    begins = again | (opening == 0) | np.isin(before, separators)
    after = data[np.minimum(closing + 1, len(data) - 1)]
    ends = np.concatenate([again[1:], [False]]) | (closing == len(data) - 1) | np.isin(after, separators)
    if not (begins.all() and ends.all()):
        raise NotColumnarError("a quote inside a cell")
