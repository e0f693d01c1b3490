"""The files of a dataset, one after another, as blocks of text cells read by columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypedDict

import numpy as np
import pyarrow as pa

from warmfold_data.csv_records import CsvRecords
from warmfold_data.files import LATER_RECORDS, File, Opened, open_file, remarks_on
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

    def starts(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The lines of `file` on which the rows start; raises NotColumnarError where that can't be told."""
        return first_lines(self.rows, self.first_line, self.lines)


class Findings(TypedDict):
    """What is to be said of files beside their rows."""

    dialect: Dialect
    """That of the dataset's first file."""
    remarks: dict[str, list[Remark]]
    """By file."""


def as_records(findings: Sequence[Findings]) -> CsvRecords:
    """What the row-wise reader says of the files that hosts have read, without their records."""
    remarks = {file: said for one in findings for file, said in one["remarks"].items()}
    return CsvRecords(iter(()), findings[0]["dialect"], remarks_on(remarks))


class FileBlocks:
    """The rows of some of the files, once; afterwards `findings` knows what is to be said of them.

    The columns are those of the first file, in its order. Made, it has read the first header and no row, so that what
    is wrong with the columns is said before what is wrong with a row, as by the row-wise reader. Raises
    DatasetRuleError for a header that is not the first one's, NotColumnarError for whatever the row-wise reader might
    see differently.
    """

    def __init__(self, files: Sequence[File], asked: AskedDialect, own: Iterable[int]) -> None:
        """`own` are the places of the files whose rows are wanted, in order."""
        self._files, self._asked, self._own = files, asked, own
        self.columns, self._first = open_file(files[0], asked)
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

    def findings(self) -> Findings:
        """What is to be said of the files that were read."""
        return Findings(dialect=self.dialect, remarks=self._remarks)

    def __iter__(self) -> Iterator[FileBlock]:
        for source in self._own:
            file = self._files[source]
            opened = open_file(file, self._asked, self.columns)[1] if source else self._first
            _look_into(opened, LATER_RECORDS if source else SAMPLE_ROWS)
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


def _look_into(opened: Opened, rows: int) -> None:
    """Learn what stands between a file's header and its rows; records that are no rows are left to rows."""
    for _ in islice(opened.records, rows):
        pass
    records = opened.records
    if records.dialect["skipped"] or any(remark["code"] == UNITS for remark in records.remarks):
        raise NotColumnarError(f"{opened.file.name}: not every record is a row")
