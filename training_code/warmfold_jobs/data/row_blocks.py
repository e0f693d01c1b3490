"""The rows of CSV files, read one by one, as blocks of text cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import pyarrow as pa

from warmfold_data.files import File, open_file
from warmfold_jobs.data.typed import text_array
from warmfold_run.experiment import AskedDialect

BLOCK_CELLS = 2_000_000
"""How many cells a block has at most, when a row does not have more."""


def row_blocks(files: Sequence[File], asked: AskedDialect) -> Iterator[tuple[pa.RecordBatch, int]]:
    """The rows after the headers, columns by name, null where a cell is empty, and the place of the file they are of.

    Raises DatasetRuleError.
    """
    columns: list[str] | None = None
    for source, file in enumerate(files):
        columns, opened = open_file(file, asked, columns)
        rows_at_a_time = max(1, BLOCK_CELLS // len(columns))
        while rows := [row for _, row in islice(opened.records, rows_at_a_time)]:
            ordered = rows if opened.order is None else [[row[at] for at in opened.order] for row in rows]
            cells = [text_array(column) for column in zip(*ordered, strict=True)]
            yield pa.RecordBatch.from_arrays(cells, columns), source
