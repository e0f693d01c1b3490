"""What a text's first lines show: the character between cells, lines above the header, columns of numbers, units.

Standard library only, as `rules.py`. The rule for the character between cells: it is the one that gives every sampled
line as many cells as the header, two or more. Where two do, one is taken if the other one is beyond doubt a character
inside the cells of one column (`_holds_inside`); else the file is refused until the experiment says which. Where none
does, the comma is taken, or the one that fits most lines, so that the reader's error is about it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from warmfold_data.cells import MISSING
from warmfold_data.columns import INFINITE, NUMBERS, WRITTEN, sort_of
from warmfold_data.csv_cells import csv_reader
from warmfold_data.errors import DatasetRuleError

SAMPLE_RECORDS = 1000
"""Records that are looked at."""
MOST_TITLE_LINES = 20
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<delimiter>[^"\r\n])"?[ ,;\t]*\r?\n?', re.I)
_YEAR = re.compile(r"1[89]\d\d|2[01]\d\d")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")

Record = tuple[int, list[str]]
"""The line on which a record starts, from 1, and its cells."""


@dataclass(frozen=True)
class FirstLines:
    """What the first lines of a text show."""

    delimiter: str
    said: bool
    """Whether the delimiter is not the one that everybody expects, and the file itself does not say it."""
    separator_line: bool
    """Whether the first line says what the delimiter is, as Excel's `sep=;`."""
    start_line: int
    """The line of the header, or of the first row where there is none."""
    titles: list[Record]
    """What stands above it, blank lines and the separator line excepted."""
    records: list[Record]
    """The header, if there is one, and the rows sampled."""


def look(
    text: str, *, file: str, asked: str | None, header: bool, whole: bool, most: int = SAMPLE_RECORDS
) -> FirstLines:
    """What the first `most` records of a text show that begins like this, in whole lines; `whole` when that is all.

    Raises DatasetRuleError where two characters could be the one between cells.
    """
    lines = [line + "\n" for line in text.split("\n")]
    told = _SEPARATOR_LINE.fullmatch(lines[0])
    above = int(told is not None)
    delimiter = asked or (told["delimiter"] if told else None)
    said = False
    if delimiter is None:
        delimiter = _delimiter(lines, file, header, whole, most)
        said = delimiter != ","
    records = _records(lines[above:], delimiter, whole, most, above)
    titles = _titles(records) if header else 0
    start_line = records[titles][0] if records[titles:] else above + 1
    return FirstLines(delimiter, said, told is not None, start_line, records[:titles], records[titles:])


def looks_numeric(cell: str) -> bool:
    """Whether a cell may be meant as a number, in whatever notation."""
    return sort_of(cell) in (NUMBERS, WRITTEN, INFINITE)


def numeric_columns(rows: Sequence[Sequence[str]], width: int) -> list[bool]:
    """Of each column whether all its cells in these rows are numbers, missing ones excepted, and there is one."""
    columns = [[row[i].strip() for row in rows if len(row) == width] for i in range(width)]
    known = [[cell for cell in cells if cell not in MISSING] for cells in columns]
    return [bool(cells) and all(map(looks_numeric, cells)) for cells in known]


def _records(lines: Sequence[str], delimiter: str, whole: bool, most: int, above: int = 0) -> list[Record]:
    """The first records of these lines, blank ones excepted; a broken one ends them: the reader will say so."""
    reader = csv_reader(lines, delimiter, strict=False)
    found: list[Record] = []
    line = above + 1
    try:
        for cells in islice(reader, most):
            if any(map(str.strip, cells)):
                found.append((line, cells))
            line = above + reader.line_num + 1
    except csv.Error:
        return found
    return found if whole else found[:-1] or found  # the last one may go on behind what was sampled


def _titles(records: Sequence[Record]) -> int:
    """How many records stand above the header: of a single cell, or remarks, where the table has more columns."""
    if not records:
        return 0
    width = Counter(len(cells) for _, cells in records).most_common(1)[0][0]
    if width < 2:
        return 0
    padded, titles = False, 0
    for _, cells in records[:MOST_TITLE_LINES]:
        remark = cells[0].lstrip().startswith("#") and len(cells) != width
        if not remark and not (cells[0].strip() and sum(map(bool, map(str.strip, cells))) == 1):
            break
        padded = padded or len(cells) == width
        titles += 1
    if not titles or len(records) <= titles:
        return 0
    header = [cell.strip() for cell in records[titles][1]]
    names = [name for name in header if name and not looks_numeric(name)]
    is_header = len(header) == width and bool(names) and len(set(header)) == width
    is_header = is_header and all(_YEAR.fullmatch(name) for name in header if looks_numeric(name))
    below = [[cell.strip() for cell in cells] for _, cells in records[titles + 1 :]]
    # no name is also one of its column's cells, but where the whole header stands once more
    is_header = is_header and not any(
        name and name == cell for row in below if row != header for name, cell in zip(header, row, strict=False)
    )
    if padded:
        is_header = is_header and len(names) == width
    return titles if is_header else 0


def _delimiter(lines: Sequence[str], file: str, header: bool, whole: bool, most: int) -> str:
    read = {delimiter: _records(lines, delimiter, whole, most) for delimiter in DELIMITERS}
    titles = {delimiter: _titles(records) if header else 0 for delimiter, records in read.items()}
    tables = {delimiter: records[titles[delimiter] :] for delimiter, records in read.items()}
    shares = {delimiter: _share_alike(records) for delimiter, records in tables.items()}
    fitting = [delimiter for delimiter, share in shares.items() if share == 1]
    # a header that is taken for a title leaves room for any other mark
    fitting = [mark for mark in fitting if titles[mark] == min(titles[other] for other in fitting)]
    if not fitting:
        best = max(shares, key=lambda delimiter: shares[delimiter])
        return best if shares[best] > 0.5 > shares[","] else ","
    rivals = [rival for rival in fitting[1:] if not _holds_inside(fitting[0], rival, tables)]
    if len(rivals) == 1 and _holds_inside(rivals[0], fitting[0], tables):
        return rivals[0]
    if rivals:
        names = " or ".join(DELIMITERS[delimiter] for delimiter in (fitting[0], *rivals))
        raise DatasetRuleError(
            f"{file}: every line can be cut at {names}, with as many cells as the first each time; say which it is by "
            f'`dialect: {{delimiter: "{_shown(rivals[0])}"}}` or `dialect: {{delimiter: "{_shown(fitting[0])}"}}` in '
            "experiment.yaml."
        )
    return fitting[0]


def _shown(delimiter: str) -> str:
    return "\\t" if delimiter == "\t" else delimiter


def _share_alike(records: Sequence[Record]) -> float:
    """The share of the records that have as many cells as the first, 0 where that has one."""
    if not records or len(records[0][1]) < 2:
        return 0.0
    width = len(records[0][1])
    return sum(len(cells) == width for _, cells in records) / len(records)


def _holds_inside(taken: str, other: str, tables: Mapping[str, Sequence[Record]]) -> bool:
    """Whether, with cells cut at `taken`, `other` is beyond doubt a character inside the cells of one column.

    A comma is one in decimals, and where tabs cut the lines as well; what is not a comma is none where it would leave
    nothing but decimals with a comma. A character at the end of every line is inside the last cell.
    """
    (_, header), *rows = tables[taken]
    cut = [cells for _, cells in tables[other]]
    if not any(cells[-1].strip() for cells in cut):
        return True
    holding = {place for _, cells in tables[taken] for place, cell in enumerate(cells) if other in cell}
    if len(holding) > 1 or "\t" in other:
        return False
    if taken == ",":
        return not all(_DECIMAL_COMMA.fullmatch(cell.strip()) for cells in cut[1:] for cell in cells) and (
            len(header) >= len(cut[0])
        )
    (place,) = holding
    return taken == "\t" or (
        len(header) > len(cut[0]) and all(_DECIMAL_COMMA.fullmatch(cells[place].strip()) for _, cells in rows)
    )
