"""Rows to score as numbered chunks that a model can take in one request, their cells as they came in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

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

    def __init__(self, folder: Path, header: Sequence[str], most: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.rows = 0
        self._folder, self._most = folder, most
        self._header = csv_line(header).encode()
        self._chunks = 0
        self._begin()

    def write(self, lines: Iterable[bytes]) -> None:
        """Take the next rows, as CSV records with their line feed."""
        for line in lines:
            if self._size + len(line) > CHUNK_BYTES or len(self._chunk) > self._most:
                self.close()
                self._begin()
            self._chunk.append(line)
            self._size += len(line)
            self.rows += 1

    def close(self) -> None:
        """Write what is left; without any row this is a chunk of the header alone."""
        (self._folder / places.score_chunk(self._chunks)).write_bytes(b"".join(self._chunk))
        self._chunks += 1

    def _begin(self) -> None:
        self._chunk, self._size = [self._header], len(self._header)


def csv_lines(block: pa.RecordBatch) -> Iterator[bytes]:
    """The rows of a block of text cells (null is the empty cell) as `csv_line` writes them."""
    commas = block.num_columns - 1
    joined = pc.binary_join_element_wise(*block.columns, ",", null_handling="replace", null_replacement="")
    # like csv_line: a row without quotes, line ends and commas in its cells is written as it is
    plain = pc.equal(pc.count_substring(joined, ","), commas)
    for mark in ('"', "\n", "\r"):
        plain = pc.and_not(plain, pc.match_substring(joined, mark))
    texts = joined.cast(pa.binary()).to_pylist()
    for place, is_plain in enumerate(plain.to_pylist()):
        if is_plain and commas:
            yield texts[place] + b"\n"
        else:
            yield csv_line([column[place].as_py() or "" for column in block.columns]).encode()
