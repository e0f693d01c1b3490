"""Several CSV files read one after another as one dataset.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from warmfold_data.csv_records import BinaryStream, CsvRecords, read_records
from warmfold_data.errors import DatasetRuleError, listed
from warmfold_data.first_lines import SAMPLE_RECORDS
from warmfold_run.experiment import AskedDialect
from warmfold_run.records import Remark, SkippedRecord
from warmfold_run.understanding import listed as in_a_row

NAMED = 3
"""How many of the files are named that a remark is about."""

LATER_RECORDS = 100
"""How many first records of a file that is not the first are looked at: its columns are known, and files are many."""


class File(NamedTuple):
    """A file of a dataset: how errors call it, and how it is opened."""

    name: str
    open: Callable[[], BinaryStream]


class FileLine(int):
    """A line of one of several files, which is shown with the file's own name."""

    file: str

    def __new__(cls, line: int, file: str) -> FileLine:
        """`file` may be a path or a URI."""
        made = super().__new__(cls, line)
        made.file = file
        return made

    def __str__(self) -> str:
        return f"{int(self)} of {self.file.rsplit('/', 1)[-1]}"

    def __format__(self, how: str) -> str:
        return format(str(self), how)


class FileLines(Sequence[int]):
    """Lines of one file, each made a FileLine when it is asked for; plain numbers where there is only one file."""

    def __init__(self, lines: Sequence[int], file: str | None) -> None:
        self._lines, self._file = lines, file

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, place: Any) -> Any:
        line = int(self._lines[place])
        return line if self._file is None else FileLine(line, self._file)


class Opened(NamedTuple):
    """A file whose header was read: its further records, and where in each the columns of the dataset are."""

    file: File
    records: CsvRecords
    order: list[int] | None
    """None where they are in the same order."""


def open_file(file: File, asked: AskedDialect, columns: Sequence[str] | None = None) -> tuple[list[str], Opened]:
    """Read the header of a file, which must be that of the others, in whatever order; returns the columns too.

    `columns` are those of the first file, None for that itself. Raises DatasetRuleError.
    """
    looked_at = SAMPLE_RECORDS if columns is None else LATER_RECORDS
    records = read_records(file.open(), file=file.name, asked=asked, looked_at=looked_at)
    line, header = next(records)
    if columns is None or header == columns:
        return header, Opened(file, records, None)
    places = {name: place for place, name in enumerate(header)}
    if places.keys() != (known := set(columns)):
        lacks = [column for column in columns if column not in places]
        more = [column for column in header if column not in known]
        differs = [f"lacks {listed(lacks)}"] if lacks else []
        differs += [f"has {listed(more)} besides"] if more else []
        raise DatasetRuleError(
            f"{file.name}, line {line}: the header is not that of the dataset's first file: it "
            f"{' and '.join(differs)}; give all files of the folder the same columns."
        )
    return list(columns), Opened(file, records, [places[column] for column in columns])


def read_files(files: Sequence[File], asked: AskedDialect, *, most_rows: int | None = None) -> CsvRecords:
    """The records of CSV files, one file after another, as of a single one: the first file's header, then all rows.

    Each file is of whatever dialect it shows, `dialect` tells the first one's. Lines are FileLines where there are
    several files, of each of which `most_rows` are read at most. Raises DatasetRuleError as `read_records` does, and
    for a header that is not the first one's.
    """
    first = read_records(files[0].open(), file=files[0].name, asked=asked)
    if len(files) == 1:
        return first
    remarks: list[Remark] = []

    def all_records() -> Iterator[tuple[int, list[str]]]:
        line, columns = next(first)
        yield FileLine(line, files[0].name), columns
        said, before, skipped = dict[str, list[Remark]](), 0, list[SkippedRecord]()
        for file in files:
            opened = Opened(file, first, None) if file is files[0] else open_file(file, asked, columns)[1]
            rows = 0
            for line, row in islice(opened.records, most_rows):
                rows += 1
                yield FileLine(line, file.name), row if opened.order is None else [row[at] for at in opened.order]
            said[file.name] = opened.records.remarks
            left_out = opened.records.dialect["skipped"]
            skipped += [{**one, "row": one["row"] + before} for one in left_out]
            before += rows + len(left_out)
        first.dialect["skipped"][:] = skipped
        remarks.extend(remarks_on(said))

    return CsvRecords(all_records(), first.dialect, remarks)


def remarks_on(said: dict[str, list[Remark]]) -> list[Remark]:
    """What is to be said of several files, by file: once, with the files that it is about where it is not all."""
    found: dict[tuple[str, str | None, str], tuple[Remark, list[str]]] = {}
    for file, remarks in said.items():
        for one in remarks:
            found.setdefault((one["code"], one["column"], one["text"]), (one, []))[1].append(file)
    merged = []
    for one, files in found.values():
        if len(said) > 1 and len(files) < len(said):
            names = in_a_row([file.rsplit("/", 1)[-1] for file in files], NAMED)
            one = Remark(**{**one, "text": f"{names}: {one['text']}"})
        merged.append(one)
    return merged
