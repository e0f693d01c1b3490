"""A Parquet file as blocks of text cells, each value in one way of writing it: what rules, hashes and scores read.

Numbers are written as they read back (a float32 as shortly as it has the same value as such), truth values as `true`
and `false`, moments in UTC to the second, missing values and NaN as empty cells.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warmfold_data.cells import TEXT
from warmfold_data.csv_records import MAX_RECORD_BYTES, CsvRecords, DatasetRuleError
from warmfold_data.encodings import UTF_8
from warmfold_data.files import File, FileLine
from warmfold_data.headers import usable_names
from warmfold_jobs.data.file_blocks import FileBlock, Findings
from warmfold_run.records import Dialect

BATCH_ROWS = 65_536
"""How many rows are read at a time."""


class TableBlocks:
    """The rows of a Parquet file, as often as asked for; lines are numbers of rows, from 1. Raises DatasetRuleError."""

    def __init__(self, file: File, scratch: Path | None = None) -> None:
        """The file is copied to the disk, into `scratch` where that is given."""
        self._file, self._scratch = file, scratch
        names = self._table.schema_arrow.names
        self.columns, self._remarks = usable_names(names, [], file=file.name, line=1, sure=True)
        unfit = [name for name, kind in zip(names, self._table.schema_arrow.types, strict=True) if not _is_plain(kind)]
        if unfit:
            raise DatasetRuleError(f"{file.name}: {', '.join(map(repr, unfit))} are no columns of plain values.")
        self.sources: list[int] = []

    @property
    def types(self) -> dict[str, str]:
        """The kinds of the columns that hold text: what looks like numbers in them is none."""
        kinds = zip(self.columns, self._table.schema_arrow.types, strict=True)
        return {name: TEXT for name, kind in kinds if _is_text(kind)}

    def findings(self) -> Findings:
        """What is to be said of the file."""
        return Findings(dialect=self._dialect, remarks={self._file.name: list(self._remarks)})

    def records(self) -> CsvRecords:
        """What is to be said of the file, with its records: the names of the columns, then the rows."""
        return CsvRecords(self._rows(), self._dialect, list(self._remarks))

    def __iter__(self) -> Iterator[FileBlock]:
        self.sources.clear()
        row = 1
        for batch in self._table.iter_batches(BATCH_ROWS):
            block = pa.RecordBatch.from_arrays([_as_text(column) for column in batch.columns], self.columns)
            self._check_text(block, row)
            self.sources.append(0)
            yield FileBlock(block, 0, self._file.name, row, block.num_rows)
            row += block.num_rows

    @property
    def _dialect(self) -> Dialect:
        return Dialect(
            compression=None, encoding=UTF_8, delimiter=",", decimal=None, header=True, first_line=1, skipped=[]
        )

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        yield FileLine(1, self._file.name), self.columns
        for block in self:
            cells = [[cell or "" for cell in column.to_pylist()] for column in block.rows.columns]
            for at, row in enumerate(zip(*cells, strict=True)):
                line = FileLine(block.first_line + at, self._file.name)
                if sum(map(len, row)) > MAX_RECORD_BYTES or len("".join(row).encode()) > MAX_RECORD_BYTES:
                    raise DatasetRuleError(
                        f"{self._file.name}, line {line}: the row is longer than {MAX_RECORD_BYTES} bytes; shorten its "
                        "texts."
                    )
                yield line, list(row)

    def _check_text(self, block: pa.RecordBatch, row: int) -> None:
        """Refuse what no file of rows to score could hold."""
        for name in self.types:
            odd = pc.match_substring(block[name], "\0")
            if pc.any(odd).as_py():
                line = row + pc.index(odd, True).as_py()
                raise DatasetRuleError(
                    f"{self._file.name}, line {FileLine(line, self._file.name)}: a zero byte in column {name!r}; this "
                    "is no text. Take the column out, or write it as text."
                )

    @cached_property
    def _table(self) -> pq.ParquetFile:
        copy = TemporaryFile(dir=self._scratch)  # noqa: SIM115 - read as long as this is
        shutil.copyfileobj(cast(IO[bytes], self._file.open()), copy)
        copy.seek(0)
        try:
            return pq.ParquetFile(copy)
        except (pa.ArrowInvalid, OSError) as error:
            raise DatasetRuleError(
                f"{self._file.name}: not a Parquet file that can be read ({error}); write and upload it again."
            ) from error


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_plain(kind: pa.DataType) -> bool:
    of = kind.value_type if pa.types.is_dictionary(kind) else kind
    known = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null)
    return _is_text(kind) or any(bool(is_kind(of)) for is_kind in (*known, pa.types.is_date, pa.types.is_timestamp))


def _as_text(column: pa.Array) -> pa.Array:
    """A column's values as cells, null where there is none."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_floating(kind):
        if pa.types.is_float16(kind):
            column = column.cast(pa.float32())
        column = pc.if_else(pc.is_nan(column), None, column)
    elif pa.types.is_timestamp(kind):
        moments = pc.floor_temporal(column.cast(pa.timestamp(kind.unit)), unit="second")
        return pc.strftime(moments.cast(pa.timestamp("s")), format="%Y-%m-%d %H:%M:%S")
    elif pa.types.is_date64(kind):
        column = column.cast(pa.date32())
    text = column.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), None, text)
