"""Data that is too large for Plan Run, understood from some of its rows; its target from all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from warmfold_data import ids
from warmfold_data.asked import Asked
from warmfold_data.cells import NUMERIC, TEXT
from warmfold_data.columns import Tally
from warmfold_data.csv_records import DatasetRuleError
from warmfold_data.reader import Reader
from warmfold_data.readings import CATEGORIES, LONGEST_CATEGORY
from warmfold_data.remarks import remark
from warmfold_data.rules import SAMPLE_ROWS
from warmfold_data.understanding import Understood, understand
from warmfold_jobs.data.columnar import NotColumnarError
from warmfold_jobs.data.counting import Counted
from warmfold_jobs.data.file_blocks import FileBlock
from warmfold_jobs.data.spool import Spool
from warmfold_run.records import ColumnFacts

ROWS_OF_A_BLOCK = 20
"""Rows of each block that are looked at, beside the first SAMPLE_ROWS of the data: some 3,500 of a gigabyte."""


class Sample:
    """What the data is, understood from the rows that were looked at."""

    def __init__(self, header: Sequence[str], *, file: str, asked: Asked) -> None:
        """Raises DatasetRuleError when the columns will not do."""
        self.reader = Reader(header, file=file, asked=asked, sampled=True)
        self._seen = 0

    def gather(self, blocks: Iterable[FileBlock], texts: Spool) -> None:
        """Look at all the blocks, and put them into `texts`."""
        row, target = 0, self.reader.target
        for one in blocks:
            block = one.rows
            texts.put(block)
            starts = one.starts()
            self.reader.observe_target(_cells(block[target]), starts)
            for place in _looked_at(row, block.num_rows):
                self.reader.observe(starts[place], [cell.as_py() or "" for cell in (c[place] for c in block.columns)])
                self._seen += 1
            row += block.num_rows

    def understood(self) -> Understood:
        """What the data is; raises NotColumnarError where the row-wise reader must judge."""
        try:
            found = understand(self.reader)
        except DatasetRuleError as error:
            raise NotColumnarError(str(error)) from error
        # which texts there are is known when all have been read
        readings = dict(found.readings)
        for name, reading in found.readings.items():
            if name != found.target:
                readings[name] = {**reading, "categories": None}
        said = []
        if self._seen < self.reader.rows:
            text = (
                f"columns are understood from {self._seen:,} of the {self.reader.rows:,} rows, and remarks count these"
            )
            said.append(remark("sampled", None, text))
        return replace(found, readings=readings, remarks=[*said, *found.remarks])

    def tallies(self, understood: Understood) -> dict[str, Tally]:
        """A tally for each column that was left out for what the sample holds, to look whether all rows hold such."""
        asked = self.reader.asked
        return {name: Tally(asked.missing) for name in understood.left_out if name not in asked.columns}


def check_left_out(tallies: dict[str, Tally]) -> None:
    """Raise NotColumnarError when a column that the sample made useless is not."""
    for name, tally in tallies.items():
        tally.settle()
        if not (ids.useless(tally) or ids.row_name(name, tally)):
            raise NotColumnarError(f"column {name!r} holds more than its first rows showed")


def complete(understood: Understood, counted: Counted) -> Understood:
    """The same with what only all the rows tell: missing values, categories, and how far numbers go."""
    labelled = len(counted.rows_to_deal.contents)
    readings, missing, facts = dict(understood.readings), dict(understood.missing), dict(understood.facts)
    for name, reader in counted.readers.items():
        reading = readings[name]
        texts = reader.texts
        short = texts is not None and len(texts) <= CATEGORIES and all(len(text) <= LONGEST_CATEGORY for text in texts)
        if reading["kind"] == TEXT and texts is not None and short:
            readings[name] = {**reading, "categories": sorted(texts)}
        missing[name] = reader.missing
        low, high = reader.extremes if reader.extremes and reading["kind"] == NUMERIC else (None, None)
        facts[name] = ColumnFacts(values=labelled - reader.missing, different=None, minimum=low, maximum=high)
    return replace(understood, readings=readings, missing=missing, facts=facts)


def _cells(column: pa.Array) -> list[str]:
    """A column's cells, one object for those that are equal."""
    encoded = column.dictionary_encode()
    texts = np.array([*encoded.dictionary.to_pylist(), ""], object)
    cells: list[str] = texts[encoded.indices.fill_null(len(texts) - 1).to_numpy()].tolist()
    return cells


def _looked_at(row: int, rows: int) -> list[int]:
    """The places in a block of the rows that are looked at; the block starts with a row."""
    first = max(0, min(rows, SAMPLE_ROWS - row))
    step = max(1, (rows - first) // ROWS_OF_A_BLOCK)
    return [*range(first), *range(first, rows, step)]
