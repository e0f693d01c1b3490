"""A CSV file's rows, read one by one, as blocks of text cells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pyarrow as pa

from warmfold_data.csv_records import AS_IT_SHOWS, BinaryStream, read_records
from warmfold_jobs.data.typed import text_array
from warmfold_run.experiment import AskedDialect

BLOCK_CELLS = 2_000_000
"""How many cells a block has at most, when a row does not have more."""


def row_blocks(stream: BinaryStream, file: str, asked: AskedDialect = AS_IT_SHOWS) -> Iterator[pa.RecordBatch]:
    """The rows after the header, columns by name, null where a cell is empty; raises DatasetRuleError."""
    records = read_records(stream, file=file, asked=asked)
    _, header = next(records)
    rows_at_a_time = max(1, BLOCK_CELLS // len(header))
    while rows := [row for _, row in islice(records, rows_at_a_time)]:
        yield pa.RecordBatch.from_arrays([text_array(cells) for cells in zip(*rows, strict=True)], header)
