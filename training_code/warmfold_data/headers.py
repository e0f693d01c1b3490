"""The header: names made usable and said so, and a first row that is taken for one refused.

Standard library only, as `rules.py`.

Names lose blanks around them and are put into Unicode's composed form. A header is refused as a row where every column
of numbers or dates has a number or a date for a name, unless these are labels: numbers at equal steps, such as 0, 1,
2, or years; and where every column's name is also one of its first cells, which no name is.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from warmfold_data.dates import formats_of
from warmfold_data.errors import DatasetRuleError, listed, named
from warmfold_data.first_lines import looks_numeric, numeric_columns
from warmfold_data.remarks import calls, remark
from warmfold_run.records import Remark

MAX_COLUMNS = 16_384
"""As many as a sheet of Excel has."""
MAX_NAME_CHARACTERS = 1_000
"""A longer name is a quote that was never closed, or no header."""
YEARS = (1800, 2200)
"""Whole numbers in here may be years."""
_ROWS_FOR_EVIDENCE = 3


def made_up_names(width: int) -> list[str]:
    """What the columns of a file without a header are called."""
    return [f"column_{number}" for number in range(1, width + 1)]


def usable_names(
    cells: Sequence[str], rows: Sequence[Sequence[str]], *, file: str, line: int, sure: bool
) -> tuple[list[str], list[Remark]]:
    """The columns' names by a header's cells, and what is to be said of them.

    `rows` are the first below it, `sure` when the experiment says that this is the header. Raises DatasetRuleError for
    names that are missing, used twice or too many, and for a row that is no header.
    """
    check_width(len(cells), file, line)
    names = [unicodedata.normalize("NFC", cell.strip()) for cell in cells]
    remarks = []
    changed = [name for name, cell in zip(names, cells, strict=True) if name != cell]
    if changed:
        text = f"{named('column name', changed)} read without the blanks around it, in Unicode's composed form (NFC)"
        remarks.append(remark("column_names", None, text))
    same = [row for row in rows if len(row) == len(names)]
    names, unnamed = _with_all_named(names, same, file, line)
    remarks += unnamed
    long = [name for name in names if len(name) > MAX_NAME_CHARACTERS]
    if long:
        raise DatasetRuleError(
            f"{file}, line {line}: the column name that begins with {long[0][:80]!r} has {len(long[0])} characters, "
            f"more than {MAX_NAME_CHARACTERS}; close the quotes that are open in the header, or shorten it."
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if not sure:
        below = [row for row in same if [cell.strip() for cell in row] != names]
        remarks += _check_is_header(names, below, file, line)
    if twice:
        raise DatasetRuleError(f"{file}: {named('column name', twice)} used more than once; give each its own name.")
    return names, remarks


def check_width(width: int, file: str, line: int) -> None:
    """Raise DatasetRuleError for more columns than MAX_COLUMNS."""
    if width > MAX_COLUMNS:
        raise DatasetRuleError(
            f"{file}, line {line}: {width} columns, more than {MAX_COLUMNS}; leave out those that you do not need."
        )


def _with_all_named(
    names: list[str], rows: Sequence[Sequence[str]], file: str, line: int
) -> tuple[list[str], list[Remark]]:
    """Call a first column without a name, an index, and columns without name or cells as pandas does."""
    remarks, named_all = [], list(names)
    for place, name in enumerate(names):
        if name:
            continue
        if len(names) == 1 or (place and (not rows or any(row[place].strip() for row in rows))):
            raise DatasetRuleError(
                f"{file}, line {line}: column {place + 1} has no name; name it in the header, or leave it out "
                "(pandas: to_csv(index=False))."
            )
        named_all[place] = given = f"Unnamed: {place}"
        what = f"the first lines hold no value in column {place + 1}" if place else "often it is an index"
        text = f"column {place + 1} has no name in the header; it is called {given!r} here; {what}"
        remarks.append(remark("unnamed_column", given, text, calls(given, "ignore")))
    return named_all, remarks


def _check_is_header(names: Sequence[str], rows: Sequence[Sequence[str]], file: str, line: int) -> list[Remark]:
    """Raise DatasetRuleError for names that are a row's cells; returns a remark on names that are numbers."""
    numbers = [name for name in names if looks_numeric(name) or formats_of(name)]
    measured = _measured(rows, len(names))
    texts = [place for place, is_measured in enumerate(measured) if not is_measured]
    below = [{row[place].strip() for row in rows} for place in texts]
    found_below = [names[place] in cells for place, cells in zip(texts, below, strict=True)]
    is_value = len(numbers) == sum(measured) and all(
        looks_numeric(name) or bool(formats_of(name))
        for name, is_measured in zip(names, measured, strict=True)
        if is_measured
    )
    row = f"{file}, line {line}: the header {listed(names, 6)} looks like a row of data"
    remedy = (
        "add a header line with the columns' names, or set `dialect: {header: false}` in experiment.yaml, which calls "
        "them column_1 and so on; `dialect: {header: true}` where these are the names."
    )
    if len(numbers) == len(names):
        if len(names) > 1 and _are_labels(numbers):
            return [_numeric_names(numbers)]
        raise DatasetRuleError(f"{row}: every name is a number; {remedy}")
    if len(rows) >= _ROWS_FOR_EVIDENCE and len(names) > 1 and all(found_below):
        if not any(measured):
            raise DatasetRuleError(f"{row}: every name is also one of its column's cells; {remedy}")
        if is_value:
            raise DatasetRuleError(f"{row}: numbers where the columns hold numbers, and the rest are cells; {remedy}")
    is_row = any(found_below) or not _are_labels(numbers)
    if numbers and is_value and is_row and len(rows) >= _ROWS_FOR_EVIDENCE:
        raise DatasetRuleError(f"{row}: every column of numbers has a number for a name; {remedy}")
    return [_numeric_names(numbers)] if numbers else []


def _numeric_names(numbers: Sequence[str]) -> Remark:
    text = f"{named('column', numbers)} called by a number or a date; this is taken for the header all the same"
    return remark("numeric_names", None, text, "dialect: {header: false}")


def _measured(rows: Sequence[Sequence[str]], width: int) -> list[bool]:
    """Of each column whether its cells are all numbers or all dates."""
    numeric = numeric_columns(rows, width)
    for place in range(width):
        cells = [row[place].strip() for row in rows if row[place].strip()]
        numeric[place] = numeric[place] or (bool(cells) and all(map(formats_of, cells)))
    return numeric


def _are_labels(names: Sequence[str]) -> bool:
    """Whether numbers can be names: years, or at least three numbers or dates at equal steps, or in order."""
    if all(map(formats_of, names)):
        return len(names) > 1 and all(one < other for one, other in pairwise(names))
    try:
        values = [float(name) for name in names]
    except ValueError:
        return False
    if all(value.is_integer() and YEARS[0] <= value <= YEARS[1] for value in values):
        return all(one < other for one, other in pairwise(values)) or all(
            one > other for one, other in pairwise(values)
        )
    steps = [other - one for one, other in pairwise(values)]
    return len(values) > 2 and steps[0] != 0 and all(abs(step - steps[0]) <= 1e-6 * abs(steps[0]) for step in steps)
