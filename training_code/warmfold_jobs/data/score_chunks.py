"""Rows to score as numbered chunks that a model can take in one request, their cells as they came in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warmfold_data.csv_records import csv_line
from warmfold_run import places

CHUNK_BYTES = 5_000_000
"""The largest chunk of rows to score, header included: what batch transform takes in one request."""
CHUNK_ROWS = 50_000
CHUNK_PROBABILITIES = 500_000
"""The most rows of a chunk, and rows times classes: what a model answers in a fraction of its time limit."""


def most_rows(classes: int) -> int:
    """The most rows of a chunk for a model of so many classes; 1 for regression."""
    return min(CHUNK_ROWS, max(1, CHUNK_PROBABILITIES // classes))


class ChunkWriter:
    """Writes `chunk-00000.csv`, … of at most CHUNK_BYTES and `most` rows, each with the header, rows uncut."""

    def __init__(self, folder: Path, header: Sequence[str], most: int, *, host: int | None = None) -> None:
        """`host` is the place of the instance that writes, where several do."""
        folder.mkdir(parents=True, exist_ok=True)
        self.rows = 0
        self._folder, self._most, self._host = folder, most, host
        self._header = csv_line(header).encode()
        self._chunks = 0
        self._begin()

    def write(self, lines: pa.Array) -> None:
        """Take the next rows, as CSV records in binary with their line feed."""
        _, offsets, data = lines.buffers()
        ends = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
        row = 0
        while row < len(lines):
            fits = int(np.searchsorted(ends, ends[row] + CHUNK_BYTES - self._size, "right")) - 1
            end = min(max(fits, row), row + self._most - self._in_chunk)
            if end == row and self._in_chunk:
                self.close()
                self._begin()
                continue
            end = max(end, row + 1)
            self._chunk.append(data[int(ends[row]) : int(ends[end])].to_pybytes())
            self._size += int(ends[end] - ends[row])
            self._in_chunk += end - row
            self.rows += end - row
            row = end

    def close(self) -> None:
        """Write what is left; without any row this is a chunk of the header alone."""
        (self._folder / places.score_chunk(self._chunks, self._host)).write_bytes(b"".join(self._chunk))
        self._chunks += 1

    def _begin(self) -> None:
        self._chunk, self._size, self._in_chunk = [self._header], len(self._header), 0


def csv_lines(block: pa.RecordBatch) -> pa.Array:
    """The rows of a block of text cells (null is the empty cell) as `csv_line` writes them."""
    *others, last = block.columns
    ended = pc.binary_join_element_wise(last, "\n", "", null_handling="replace", null_replacement="")
    lines = pc.binary_join_element_wise(*others, ended, ",", null_handling="replace", null_replacement="")
    commas = len(others)
    if commas and _are_plain(lines, commas):
        return lines.cast(pa.binary())
    # like csv_line: a row without quotes, line ends and commas in its cells is written as it is
    odd = pc.not_equal(pc.count_substring(lines, ","), commas if commas else -1)
    odd = pc.or_(odd, pc.not_equal(pc.count_substring(lines, "\n"), 1))
    for mark in ('"', "\r"):
        odd = pc.or_(odd, pc.match_substring(lines, mark))
    quoted = [csv_line([cell or "" for cell in row.values()]).encode() for row in block.filter(odd).to_pylist()]
    return pc.replace_with_mask(lines.cast(pa.binary()), odd, pa.array(quoted, pa.binary()))


def _are_plain(lines: pa.Array, commas: int) -> bool:
    """Whether no cell in these lines holds a mark that has it quoted, by how many marks there are in all of them."""
    _, offsets, data = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    text = data[int(ends[0]) : int(ends[-1])].to_pybytes() if data is not None else b""
    rows = len(lines)
    return text.count(b",") == rows * commas and text.count(b"\n") == rows and b'"' not in text and b"\r" not in text
