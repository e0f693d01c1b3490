"""CSV as warmfold takes it: read strictly from a stream of bytes, with errors that say where, and written exactly.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Literal

from warmfold_data.byte_streams import GZIP_MAGIC, READ_BYTES, Peeked, Recoded, Unpacked
from warmfold_data.byte_streams import BinaryStream as BinaryStream
from warmfold_data.csv_cells import MAX_CELL_CHARACTERS, csv_reader
from warmfold_data.encodings import UTF_8, Encoding, encoding_of
from warmfold_data.errors import DatasetRuleError as DatasetRuleError
from warmfold_data.errors import listed
from warmfold_data.file_kinds import check_kind
from warmfold_data.first_lines import DELIMITERS, SAMPLE_RECORDS, FirstLines, look
from warmfold_data.headers import check_width, made_up_names, usable_names
from warmfold_data.no_rows import Sieve
from warmfold_data.remarks import remark
from warmfold_run.experiment import AS_IT_SHOWS, AskedDialect
from warmfold_run.records import Dialect, Remark

MAX_RECORD_BYTES = 1_200_000
"""The longest row in UTF-8, header included. Rewritten, header and row together then always fit a chunk of 5,000,000
bytes."""
HEAD_BYTES = 1 << 20
"""How much of a file is looked at before it is read."""


class CsvRecords(Iterator[tuple[int, list[str]]]):
    """The header of a CSV file, then its rows, each with the line of the file it starts on (from 1).

    A file without a header gives the names that it goes by here, on the line of its first row. Blank lines are
    skipped, but in a file of one column, where each is a row with an empty cell. Rows that are none are left out, which
    `dialect` and `remarks` say. Both are complete when the last row has been read.
    """

    def __init__(self, records: Iterator[tuple[int, list[str]]], dialect: Dialect, remarks: list[Remark]) -> None:
        self._records = records
        self.dialect = dialect
        self.remarks = remarks

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return self._records

    def __next__(self) -> tuple[int, list[str]]:
        return next(self._records)


def read_records(
    stream: BinaryStream,
    *,
    file: str,
    asked: AskedDialect = AS_IT_SHOWS,
    to_score: bool = False,
    looked_at: int = SAMPLE_RECORDS,
) -> CsvRecords:
    """The records of a CSV file, of whatever dialect its first `looked_at` show beyond doubt or the experiment says.

    Of rows to score none is left out: what is no row is refused there. Raises DatasetRuleError for what is no CSV, in
    doubt or not as said; a column name that is empty or used twice; a row with more or fewer cells than the header;
    and what is longer than MAX_RECORD_BYTES, MAX_CELL_CHARACTERS, MAX_COLUMNS or MAX_NAME_CHARACTERS.
    """
    remarks: list[Remark] = []
    compression, source = _unpacked(Peeked(stream), file, remarks)
    text, encoding = _as_utf_8(source, file, asked["encoding"], remarks)
    head = text.peek(HEAD_BYTES)
    whole = len(head) < HEAD_BYTES
    shown = (head if whole else head[: head.rfind(b"\n") + 1] or head).decode(errors="replace")
    header = asked["header"] is not False
    first = look(shown, file=file, asked=asked["delimiter"], header=header, whole=whole, most=looked_at)
    remarks += _said_of_lines(first)
    dialect = Dialect(
        compression=compression,
        encoding=encoding.name,
        delimiter=first.delimiter,
        decimal=asked["decimal"],
        header=header,
        first_line=first.start_line,
        skipped=[],
    )
    reader = _Reader(text, file, first.delimiter, first.start_line)
    return _with_header(reader, first, dialect, remarks, sure=asked["header"] is True, to_score=to_score)


def read_own_records(stream: BinaryStream, *, file: str) -> Iterator[list[str]]:
    """The header and the rows of what `csv_line` has written, or of a request to a model: nothing in it is judged."""
    reader = _Reader(Peeked(stream), file, ",", 1)
    line, cells = reader.next_record()
    header, _ = usable_names(cells, [], file=file, line=line, sure=True)
    yield header
    for _, row in reader.rows(len(header)):
        yield row


def csv_line(row: Sequence[str]) -> str:
    """One CSV record, line feed included, that reads back as exactly these cells.

    Not csv.writer: before Python 3.13 it leaves a carriage return unquoted when lines end in a line feed.
    """
    line = ",".join(row)
    if len(row) > 1 and line.count(",") == len(row) - 1 and not ('"' in line or "\n" in line or "\r" in line):
        return line + "\n"
    # a row of one cell is always quoted, or an empty one would read back as a blank line
    return ",".join(_quoted(cell) if len(row) == 1 or _needs_quotes(cell) else cell for cell in row) + "\n"


def _unpacked(stream: Peeked, file: str, remarks: list[Remark]) -> tuple[Literal["gzip"] | None, Peeked]:
    packed = stream.peek(2) == GZIP_MAGIC
    if packed:
        stream = Peeked(Unpacked(stream, file))
        remarks.append(remark("gzip", None, "the file is packed with gzip; it is read unpacked"))
    check_kind(stream.peek(1024), file)
    return "gzip" if packed else None, stream


def _as_utf_8(stream: Peeked, file: str, asked: str | None, remarks: list[Remark]) -> tuple[Peeked, Encoding]:
    head = stream.peek(HEAD_BYTES)
    encoding = encoding_of(head, file=file, asked=asked, whole=len(head) < HEAD_BYTES)
    stream.read(encoding.mark_bytes)
    if encoding.name == UTF_8:
        return stream, encoding
    if asked is None:
        shown = f", for example {listed(encoding.examples)}" if encoding.examples else ""
        text = f"the file is not UTF-8; it is read as {encoding.name}{shown}"
        remarks.append(remark("encoding", None, text, "dialect: {encoding: …}"))
    return Peeked(Recoded(stream, encoding.name, file)), encoding


def _said_of_lines(first: FirstLines) -> Iterator[Remark]:
    if first.separator_line:
        yield remark("separator_line", None, "line 1 says what stands between cells (sep=); it is no header")
    if first.said:
        text = f"cells are separated by {DELIMITERS[first.delimiter]}, not commas"
        yield remark("delimiter", None, text, 'dialect: {delimiter: ","}')
    if first.titles:
        lines = ", ".join(str(line) for line, _ in first.titles)
        text = f"line {lines} ({first.titles[0][1][0][:60]!r}) stands above the header; it is left out"
        yield remark("title_line", None, text)


def _with_header(
    reader: _Reader, first: FirstLines, dialect: Dialect, remarks: list[Remark], *, sure: bool, to_score: bool
) -> CsvRecords:
    line, cells = reader.next_record()
    sampled = [row for _, row in first.records]
    if dialect["header"]:
        names, said = usable_names(cells, sampled[1:], file=reader.file, line=line, sure=sure)
        remarks += said
        dialect["first_line"] = reader.next_line
        sampled, rows = sampled[1:], reader.rows(len(names))
    else:
        check_width(len(cells), reader.file, line)
        names = made_up_names(len(cells))
        rows = chain([(line, cells)], reader.rows(len(names)))
    sieve = Sieve(
        names,
        sampled,
        file=reader.file,
        header=cells if dialect["header"] else None,
        to_score=to_score,
        decimal=dialect["decimal"],
    )

    def all_records() -> Iterator[tuple[int, list[str]]]:
        yield line, names
        yield from sieve.sift(rows)
        dialect["skipped"] += sieve.skipped
        remarks.extend(sieve.remarks)

    return CsvRecords(all_records(), dialect, remarks)


class _Reader:
    """The records of a UTF-8 stream from one of its lines on, held against the limits."""

    def __init__(self, stream: BinaryStream, file: str, delimiter: str, start_line: int) -> None:
        self.file = file
        self._above = start_line - 1
        self._lines = _Lines(stream, file, self._above)
        self._reader = csv_reader(self._lines, delimiter)

    @property
    def next_line(self) -> int:
        """The line behind the last record."""
        return self._above + self._reader.line_num + 1

    def next_record(self) -> tuple[int, list[str]]:
        """The first record, a blank line excepted; raises DatasetRuleError when there is none."""
        for line, row in self.rows(None):
            if any(map(str.strip, row)):
                return line, row
        raise DatasetRuleError(f"{self.file} is empty; upload a CSV file with a header line and at least one row.")

    def rows(self, width: int | None) -> Iterator[tuple[int, list[str]]]:
        """The further records, of so many cells each unless None; a blank line is one where they have one cell."""
        reader, lines, above = self._reader, self._lines, self._above + 1
        line = above + reader.line_num
        lines.start_record(line)
        try:
            for row in reader:
                if len(row) == width or width is None:
                    yield line, row
                elif row and (len(row) > 1 or row[0].strip()):
                    raise DatasetRuleError(
                        f"{self.file}, line {line}: {len(row)} cells, and the header has {width} columns; "
                        + _remedy_for_width(row, width)
                    )
                elif width == 1:
                    yield line, [""]
                line = above + reader.line_num
                lines.start_record(line)
        except csv.Error as error:
            raise self._refused(line, error) from error

    def _refused(self, line: int, error: csv.Error) -> DatasetRuleError:
        if "field larger than field limit" in str(error):
            return DatasetRuleError(
                f"{self.file}, line {line}: a cell of the row that starts here has more than {MAX_CELL_CHARACTERS} "
                "characters; close the quotes that are open in it, or shorten it."
            )
        return DatasetRuleError(
            f"{self.file}, line {line}: not valid CSV ({error}); put cells that hold a quote, a comma or a line break "
            'in double quotes, double the quotes in them (""), and end lines with a line feed.'
        )


def _remedy_for_width(row: Sequence[str], width: int) -> str:
    if len(row) == width + 1 and not row[-1]:
        return "the row ends in a delimiter, and the header does not: take it off the rows, or put one into the header."
    usual = "correct the row, or put cells that hold a comma in double quotes"
    if len(row) == width + 1:
        return (
            f"{usual}; if every row has one more, name the first column in the header (R: write.csv(row.names=FALSE))."
        )
    return f"{usual}."


class _Lines:
    """The lines of a UTF-8 stream, line ends kept, that bounds how many bytes one record may take."""

    def __init__(self, stream: BinaryStream, file: str, above: int) -> None:
        """Without the first `above` lines."""
        self._stream, self._file = stream, file
        self._record_line = 1
        self._record_bytes = 0
        self._lines = self._decoded(above)

    def start_record(self, line: int) -> None:
        self._record_line, self._record_bytes = line, 0

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def _decoded(self, above: int) -> Iterator[str]:
        offset = 0
        for number, raw in enumerate(self._raw()):
            if number >= above:
                self._count(len(raw))
                yield self._text(raw, offset)
            offset += len(raw)

    def _text(self, raw: bytes, offset: int) -> str:
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            place = offset + error.start
            raise DatasetRuleError(
                f"{self._file}: not UTF-8 at byte {place} (0x{raw[error.start]:02x}), in the row that starts on line "
                f"{self._record_line}; save the file as UTF-8 and upload it again, or say what it is by `dialect: "
                "{encoding: …}` in experiment.yaml."
            ) from error
        if "\x00" in text:
            raise DatasetRuleError(
                f"{self._file}: a zero byte at byte {offset + raw.index(0)}, in the row that starts on line "
                f"{self._record_line}; this is no text. Save the file as CSV in UTF-8 and upload it again."
            )
        return text if offset else text.lstrip("\ufeff")

    def _raw(self) -> Iterator[bytes]:
        rest = b""
        while chunk := self._stream.read(READ_BYTES):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line + b"\n"
            if len(rest) > MAX_RECORD_BYTES:
                self._count(len(rest))
        if rest:
            yield rest

    def _count(self, size: int) -> None:
        self._record_bytes += size
        if self._record_bytes > MAX_RECORD_BYTES:
            raise DatasetRuleError(
                f"{self._file}, line {self._record_line}: the row that starts here is longer than {MAX_RECORD_BYTES} "
                "bytes; close the quotes that are open in it, or shorten its cells."
            )


def _needs_quotes(cell: str) -> bool:
    return "," in cell or '"' in cell or "\n" in cell or "\r" in cell


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'
