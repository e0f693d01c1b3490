"""The files of a dataset, one after another, as blocks of text cells read by columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import pyarrow as pa

from warmfold_data.csv_records import CsvRecords
from warmfold_data.files import LATER_RECORDS, File, FileLine, Opened, open_file, remarks_on
from warmfold_data.no_rows import UNITS
from warmfold_data.rules import SAMPLE_ROWS
from warmfold_jobs.data.columnar import NotColumnarError, first_lines, text_blocks, utf_8
from warmfold_run.experiment import AskedDialect
from warmfold_run.records import Dialect, Remark


class FileBlock(NamedTuple):
    """Some rows of a file: columns of text by name, null where a cell is empty."""

    rows: pa.RecordBatch
    source: int
    """The file's place among those of the dataset."""
    file: str | None
    """Its name, where there are several."""
    first_line: int
    lines: int
    """On which line of it the first row starts, and how many lines the rows take."""

    def starts(self) -> list[int]:
        """The lines on which the rows start; raises NotColumnarError where that can't be told."""
        found = first_lines(self.rows, self.first_line, self.lines)
        return found if self.file is None else [FileLine(line, self.file) for line in found]


class FileBlocks:
    """The rows of all the files, once; afterwards `records` knows what is to be said of them.

    The columns are those of the first file, in its order. Raises DatasetRuleError for a header that is not the first
    one's, NotColumnarError for whatever the row-wise reader might see differently.
    """

    def __init__(self, files: Sequence[File], asked: AskedDialect) -> None:
        self._files, self._asked = files, asked
        self.columns, self._first = open_file(files[0], asked, None)
        self._remarks: dict[str, list[Remark]] = {}
        self.sources: list[int] = []
        """The file of each block so far."""

    @property
    def types(self) -> dict[str, str]:
        """What the files say of their columns' kinds: nothing."""
        return {}

    @property
    def dialect(self) -> Dialect:
        """The first file's."""
        return self._first.records.dialect

    def records(self) -> CsvRecords:
        """What the row-wise reader says of the files, without their records."""
        return CsvRecords(iter(()), self.dialect, remarks_on(self._remarks))

    def __iter__(self) -> Iterator[FileBlock]:
        for source, file in enumerate(self._files):
            opened = open_file(file, self._asked, self.columns)[1] if source else self._first
            _look_into(file, opened, LATER_RECORDS if source else SAMPLE_ROWS)
            self._remarks[file.name] = opened.records.remarks
            dialect, columns = opened.records.dialect, self.columns
            if opened.order is not None:
                names = dict(zip(opened.order, columns, strict=True))
                columns = [names[place] for place in range(len(columns))]
            line = dialect["first_line"]
            for rows, lines in text_blocks(utf_8(file.open(), dialect, file.name), columns, dialect):
                self.sources.append(source)
                ordered = rows if opened.order is None else rows.select(self.columns)
                yield FileBlock(ordered, source, file.name if len(self._files) > 1 else None, line, lines)
                line += lines


def _look_into(file: File, opened: Opened, records: int) -> None:
    """Know what stands between a file's header and its rows; records that are no rows are left to rows."""
    for _ in islice(opened.records, records):
        pass
    dialect, remarks = opened.records.dialect, opened.records.remarks
    if dialect["skipped"] or any(remark["code"] == UNITS for remark in remarks):
        raise NotColumnarError(f"{file.name}: not every record is a row")
