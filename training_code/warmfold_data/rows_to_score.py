"""Rows to score: what the model wants must be there, and every row that comes in goes out.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from warmfold_data.cells import MEANING, MISSING, TEXT, kind_of
from warmfold_data.csv_records import AS_IT_SHOWS, BinaryStream, DatasetRuleError, listed, named, read_records
from warmfold_run.experiment import AskedDialect
from warmfold_run.records import Reading


def check_rows_to_score(
    stream: BinaryStream,
    *,
    file: str,
    readings: Mapping[str, Reading],
    target: str,
    dialect: AskedDialect = AS_IT_SHOWS,
) -> int:
    """How many rows a CSV file to score holds; `readings` are those of the training data, the target may be absent.

    Raises DatasetRuleError for an unreadable file, a missing feature column, a cell that is not of its column's kind,
    or no row at all.
    """
    rows = read_rows_to_score(stream, file=file, readings=readings, target=target, dialect=dialect)
    return sum(1 for _ in rows) - 1


def read_rows_to_score(
    stream: BinaryStream,
    *,
    file: str,
    readings: Mapping[str, Reading],
    target: str,
    dialect: AskedDialect = AS_IT_SHOWS,
) -> Iterator[list[str]]:
    """The header of a CSV file to score, then its rows; raises what `check_rows_to_score` raises, as it gets there."""
    records = read_records(stream, file=file, asked=dialect, to_score=True)
    columns, header = list(readings), next(records)[1]
    absent = [column for column in columns if column != target and column not in header]
    if absent:
        raise DatasetRuleError(
            f"{file}: {named('column', absent)} missing, and the model is trained on it; "
            f"the header has {listed(header)}. Add what is missing: an empty cell is a missing value."
        )
    yield header
    kinds = {column: reading["kind"] for column, reading in readings.items()}
    places = [(header.index(column), kind) for column, kind in kinds.items() if column != target and kind != TEXT]
    rows = 0
    for line, row in records:
        for place, kind in places:
            cell = row[place]
            if cell not in MISSING and kind_of(cell) != kind:
                raise DatasetRuleError(
                    f"{file}, line {line}: {cell[:80]!r} in column {header[place]!r} is not {MEANING[kind]}, which "
                    "the column holds in the training data; correct the cell or empty it."
                )
        rows += 1
        yield row
    if not rows:
        raise DatasetRuleError(f"{file} has a header and no rows; add the rows to score, or delete the file.")
