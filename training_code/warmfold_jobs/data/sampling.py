"""Data that is too large for Plan Run, understood from some of its rows; its target from all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from warmfold_data import ids
from warmfold_data.asked import Asked
from warmfold_data.cells import NUMERIC, TEXT
from warmfold_data.columns import Tally
from warmfold_data.csv_records import DatasetRuleError
from warmfold_data.files import FileLines
from warmfold_data.reader import Reader
from warmfold_data.remarks import remark
from warmfold_data.rules import SAMPLE_ROWS
from warmfold_data.understanding import Understood, understand
from warmfold_jobs.data.columnar import NotColumnarError
from warmfold_jobs.data.counting import Counted
from warmfold_jobs.data.file_blocks import FileBlock
from warmfold_jobs.data.hosts import Hosts, Told
from warmfold_jobs.data.spool import Spool
from warmfold_run.records import ColumnFacts

ROWS_OF_A_BLOCK = 20
"""Rows of each block that are looked at, beside the first SAMPLE_ROWS of the data: some 3,500 of a gigabyte."""


class Sample:
    """What the data is, understood from the rows that were looked at: the same on every host."""

    def __init__(self, header: Sequence[str], *, file: str, asked: Asked, hosts: Hosts, scratch: Path) -> None:
        """Raises DatasetRuleError when the columns will not do."""
        self.reader = Reader(header, file=file, asked=asked, sampled=True)
        self._hosts = hosts
        self._targets, self._looked = (Spool(scratch / name, packed=True) for name in ("targets", "looked"))
        self._seen = 0

    def gather(self, blocks: Iterable[FileBlock], texts: Spool) -> None:
        """Look at all the blocks of this host, put them into `texts`, and take what every host has seen of its own."""
        row, files, early, later = 0, list[str | None](), list[_Early](), list[pa.RecordBatch]()
        for one in blocks:
            texts.put(one.rows)
            starts = pa.array(one.starts())
            self._targets.put(pa.RecordBatch.from_arrays([starts, one.rows[self.reader.target]], ["line", "cell"]))
            if row < SAMPLE_ROWS:
                early.append(_Early(row, one.rows, starts))
            else:
                later.append(_taken(one.rows, starts, _looked_at(row, one.rows.num_rows)))
            files.append(one.file)
            row += one.rows.num_rows
        told = self._hosts.share({"rows": row, "files": files}, self._targets)
        before = sum(one.said["rows"] for one in told[: self._hosts.place])
        for block in early:
            places = _looked_at(before + block.row, block.cells.num_rows)
            self._looked.put(_taken(block.cells, block.starts, places))
        for taken in later:
            self._looked.put(taken)
        looked = self._hosts.share({}, self._looked)
        for targets, rows in zip(told, looked, strict=True):
            self._take(targets, rows)

    def _take(self, targets: Told, looked: Told) -> None:
        """Take what a host has seen of its files."""
        (cells,), (rows,), files = targets.spools, looked.spools, targets.said["files"]
        for block, file in zip(cells.blocks(), files, strict=True):
            self.reader.observe_target(_cells(block["cell"]), FileLines(block["line"].to_numpy(), file))
        for block, file in zip(rows.blocks(), files, strict=True):
            starts, *columns = (column.to_pylist() for column in block.columns)
            for line, row in zip(FileLines(starts, file), zip(*columns, strict=True), strict=True):
                self.reader.observe(line, [cell or "" for cell in row])
            self._seen += block.num_rows

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

    def left_out(self, understood: Understood) -> list[str]:
        """The columns that were left out for what the sample holds, to look whether all rows hold such."""
        return [name for name in understood.left_out if name not in self.reader.asked.columns]

    def check_left_out(self, columns: Sequence[str], cells: Iterable[Spool]) -> None:
        """Raise NotColumnarError when one of these columns is not useless; `cells` are theirs in rows with a target."""
        tallies = {name: Tally(self.reader.asked.missing) for name in columns}
        for block in chain.from_iterable(spool.blocks() for spool in cells):
            for name, tally in tallies.items():
                tally.observe([cell or "" for cell in block[name].to_pylist()], [0] * block.num_rows)
        for name, tally in tallies.items():
            tally.settle()
            if not (ids.useless(tally) or ids.row_name(name, tally)):
                raise NotColumnarError(f"column {name!r} holds more than its first rows showed")


def complete(understood: Understood, counted: Counted) -> Understood:
    """The same with what only all the rows tell: missing values, categories, and how far numbers go."""
    labelled = len(counted.rows_to_deal.contents)
    readings, missing, facts = dict(understood.readings), dict(understood.missing), dict(understood.facts)
    for name, held in counted.columns.items():
        reading = readings[name]
        if reading["kind"] == TEXT and held["categories"] is not None:
            readings[name] = {**reading, "categories": held["categories"]}
        missing[name] = held["missing"]
        low, high = held["extremes"] if held["extremes"] and reading["kind"] == NUMERIC else (None, None)
        facts[name] = ColumnFacts(values=labelled - held["missing"], different=None, minimum=low, maximum=high)
    return replace(understood, readings=readings, missing=missing, facts=facts)


class _Early(NamedTuple):
    """A block near the beginning of a host's rows: which of its rows are looked at depends on those of hosts before."""

    row: int
    cells: pa.RecordBatch
    starts: pa.Array


def _taken(block: pa.RecordBatch, starts: pa.Array, places: list[int]) -> pa.RecordBatch:
    """Rows of a block with the lines on which they start, which come first."""
    columns = [column.take(pa.array(places, pa.int64())) for column in (starts, *block.columns)]
    return pa.RecordBatch.from_arrays(columns, ["line", *block.schema.names])


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
