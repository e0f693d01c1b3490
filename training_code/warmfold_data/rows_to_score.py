"""Rows to score: what the model wants must be there, every row that comes in goes out, and what is unlike the training
data is said.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from warmfold_data.cells import NUMERIC, CellError, Value, trim, values
from warmfold_data.csv_records import BinaryStream, read_records
from warmfold_data.errors import DatasetRuleError, listed, named
from warmfold_data.remarks import calls, cells_named, remark
from warmfold_run.experiment import AS_IT_SHOWS, AskedDialect
from warmfold_run.records import Profile, Remark

FIRST = 3
"""How many cells are kept with their lines, of each sort that is unlike the training data."""
REMEMBERED = 10_000
"""How many different cells of a column are looked at once only."""
FEWEST_ROWS = 5
"""Rows from which on it is no chance that all of them are unlike the training data in one column."""
BEYOND = 0.5
"""How far beyond the range of the training data a number is out of it, as a share of the range: a little beyond is
nothing that a model could not answer."""


def check_rows_to_score(
    stream: BinaryStream, *, file: str, profile: Profile, dialect: AskedDialect = AS_IT_SHOWS
) -> Compared:
    """Hold a CSV file to score against the training data: how many rows it has, and in what it is unlike them.

    Raises DatasetRuleError for an unreadable file, a missing feature column, a cell that its column's reading can't
    take, or no row at all.
    """
    compared = Compared(profile)
    for _ in read_rows_to_score(stream, file=file, compared=compared, dialect=dialect):
        pass
    return compared


def read_rows_to_score(
    stream: BinaryStream, *, file: str, compared: Compared, dialect: AskedDialect = AS_IT_SHOWS
) -> Iterator[list[str]]:
    """The header of a CSV file to score, then its rows; raises what `check_rows_to_score` raises, as it gets there.

    `compared` knows the training data, and afterwards what was unlike it; the target may be absent.
    """
    records = read_records(stream, file=file, asked=dialect, to_score=True)
    header = next(records)[1]
    compared.start(header, file)
    yield header
    for line, row in records:
        compared.observe(line, row)
        yield row
    compared.read_as(records.remarks)
    if not compared.rows:
        raise DatasetRuleError(f"{file} has a header and no rows; add the rows to score, or delete the file.")


MISSING, NEW, FAR, SPELLED = "missing", "new", "far", "spelled otherwise"
"""What is unlike the training data in a cell: it is missing, of no known category, far out, or of a known category that
is spelled otherwise there."""
_LIKE = ""


@dataclass
class _Column:
    """A feature of the rows to score beside the same of the training data."""

    read: Callable[[str], Value]
    known: frozenset[str] | None
    """The categories of the training data; None where they are not remembered."""
    low: float
    high: float
    counts: Counter[str] = field(default_factory=Counter)
    """How many cells are unlike the training data, by what is unlike."""
    first: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """The first of them, with their lines."""
    _seen: dict[str, str] = field(default_factory=dict)

    def observe(self, line: int, cell: str) -> None:
        """Count the cell by what is unlike in it; raises CellError."""
        unlike = self._seen.get(cell)
        if unlike is None:
            unlike = self._unlike(cell)
            if len(self._seen) < REMEMBERED:
                self._seen[cell] = unlike
        if unlike:
            self.counts[unlike] += 1
            first = self.first.setdefault(unlike, [])
            if len(first) < FIRST:
                first.append((line, cell))

    def _unlike(self, cell: str) -> str:
        value = self.read(cell)
        if value is None:
            return MISSING
        if isinstance(value, str):
            if self.known is None:
                return _LIKE
            return NEW if value not in self.known else _LIKE if value == trim(cell) else SPELLED
        return _LIKE if self.low <= value <= self.high else FAR


class Compared:
    """Takes rows to score and says in what they are unlike the training data."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._features = [column for column in profile["readings"] if column != profile["target"]]
        self._columns: dict[str, tuple[int, _Column]] = {}
        self._file = ""
        self._read_as: list[Remark] = []
        self.rows = 0

    def start(self, header: Sequence[str], file: str) -> None:
        """Take the header; raises DatasetRuleError for a column that is missing."""
        self._file = file
        places = {name: place for place, name in enumerate(header)}
        absent = [column for column in self._features if column not in places]
        if absent:
            raise DatasetRuleError(
                f"{file}: {named('column', absent)} missing, and the model is trained on it; "
                f"the header has {listed(header)}. Add what is missing: an empty cell is a missing value."
            )
        self._columns = {column: (places[column], self._column(column)) for column in self._features}

    def observe(self, line: int, row: Sequence[str]) -> None:
        """Take the next row; raises DatasetRuleError for a cell that its column's reading can't take."""
        self.rows += 1
        for name, (place, column) in self._columns.items():
            try:
                column.observe(line, row[place])
            except CellError as error:
                raise DatasetRuleError(
                    f"{self._file}, line {line}: {row[place][:80]!r} in column {name!r} {error}; "
                    "correct the cell or empty it."
                ) from error

    def read_as(self, remarks: Sequence[Remark]) -> None:
        """Take what is to be said of how the file was read."""
        self._read_as = [Remark(**{**one, "text": f"{self._name}: {one['text']}"}) for one in remarks]

    def remarks(self) -> list[Remark]:
        """What a person should know of them."""
        found = list(self._read_as)
        for name, (_, column) in self._columns.items():
            found += self._remarks_on(name, column)
        return found

    @property
    def _name(self) -> str:
        """The file's own name: where it lies differs between who says so, and what is said does not."""
        return self._file.rpartition("/")[2]

    def _remarks_on(self, name: str, column: _Column) -> Iterator[Remark]:
        counts, held = column.counts, self.rows - column.counts[MISSING]
        if counts[NEW]:
            yield self._remark("new_categories", name, "categories that the training data has not got", NEW, held)
        if counts[SPELLED]:
            what = "categories that are spelled otherwise in the training data, and are read as those"
            yield self._remark("spelled_otherwise", name, what, SPELLED, held)
        if counts[MISSING] == self.rows:
            yield self._remark("newly_missing", name, "missing, and the model is trained on the column", MISSING, held)
        elif counts[MISSING] and not self._profile["missing"][name]:
            yield self._remark("newly_missing", name, "missing, and none is in the training data", MISSING, self.rows)
        if counts[FAR]:
            facts = self._profile["facts"][name]
            what = f"far out of the training data's range, {facts['minimum']:g} to {facts['maximum']:g}"
            yield self._remark("out_of_range", name, what, FAR, held)

    def _remark(self, code: str, name: str, what: str, unlike: str, cells: int) -> Remark:
        """A remark on cells, so many of which could have been unlike; it may be all of them."""
        column = self._columns[name][1]
        found, all_rows = column.counts[unlike], column.counts[unlike] == self.rows
        share = f"all {found:,}" if found >= cells else f"{found:,} of {cells:,}"
        evidence = "" if all_rows and unlike == MISSING else f" ({cells_named(column.first[unlike], found)})"
        remedy = calls(name, "ignore") if found >= cells and unlike != SPELLED and self.rows >= FEWEST_ROWS else None
        return remark(code, name, f"{self._name}: cells that are {what}: {share}{evidence}", remedy)

    def _column(self, name: str) -> _Column:
        reading, facts = self._profile["readings"][name], self._profile["facts"].get(name)
        low, high = -math.inf, math.inf
        if (
            reading["kind"] == NUMERIC
            and facts is not None
            and facts["minimum"] is not None
            and facts["maximum"] is not None
        ):
            beyond = BEYOND * (facts["maximum"] - facts["minimum"])
            low, high = facts["minimum"] - beyond, facts["maximum"] + beyond
        categories = reading["categories"]
        return _Column(
            read=values(reading),
            known=None if categories is None else frozenset(categories),
            low=low,
            high=high,
        )
