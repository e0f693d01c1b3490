"""Rows to score: what the model wants must be there, every row that comes in goes out, and what is unlike the training
data is said.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from warmfold_data.cells import NUMERIC, TEXT, CellError, Value, values
from warmfold_data.csv_records import AS_IT_SHOWS, BinaryStream, DatasetRuleError, listed, named, read_records
from warmfold_data.remarks import calls, cells_named, counted, remark
from warmfold_run.experiment import AskedDialect
from warmfold_run.records import Profile, Remark

FIRST = 3
"""How many cells are kept with their lines, of each sort that is unlike the training data."""
FEWEST_ROWS = 5
"""Rows from which on it is no chance that all of them are unlike the training data in one column."""
FAR = 0.5
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


@dataclass
class _Column:
    """A feature of the rows to score beside the same of the training data."""

    read: Callable[[str], Value]
    is_text: bool
    never_missing: bool
    known: frozenset[str] | None
    """The categories of the training data; None where they are not remembered."""
    low: float
    high: float
    missing: int = 0
    new: int = 0
    far: int = 0
    first_new: list[tuple[int, str]] = field(default_factory=list)
    first_far: list[tuple[int, str]] = field(default_factory=list)
    first_missing: list[tuple[int, str]] = field(default_factory=list)
    seen: dict[str, tuple[bool, bool, bool]] = field(default_factory=dict)

    def observe(self, line: int, cell: str) -> None:
        """Count the cell as missing, new or far out; raises CellError."""
        known = self.seen.get(cell)
        if known is None:
            known = self._judged(cell)
            if len(self.seen) < _REMEMBERED:
                self.seen[cell] = known
        missing, new, far = known
        if missing:
            self.missing += 1
            _keep(self.first_missing, line, cell)
        elif new:
            self.new += 1
            _keep(self.first_new, line, cell)
        elif far:
            self.far += 1
            _keep(self.first_far, line, cell)

    def _judged(self, cell: str) -> tuple[bool, bool, bool]:
        value = self.read(cell)
        if value is None:
            return True, False, False
        if isinstance(value, str):
            return False, self.known is not None and value not in self.known, False
        return False, False, not self.low <= value <= self.high


_REMEMBERED = 10_000


def _keep(first: list[tuple[int, str]], line: int, cell: str) -> None:
    if len(first) < FIRST:
        first.append((line, cell))


class Compared:
    """Takes rows to score and says in what they are unlike the training data."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._features = [column for column in profile["readings"] if column != profile["target"]]
        self._columns: list[tuple[int, str, _Column]] = []
        self._file = ""
        self._read_as: list[Remark] = []
        self.rows = 0

    def start(self, header: Sequence[str], file: str) -> None:
        """Take the header; raises DatasetRuleError for a column that is missing."""
        self._file = file
        absent = [column for column in self._features if column not in header]
        if absent:
            raise DatasetRuleError(
                f"{file}: {named('column', absent)} missing, and the model is trained on it; "
                f"the header has {listed(header)}. Add what is missing: an empty cell is a missing value."
            )
        self._columns = [(header.index(column), column, self._column(column)) for column in self._features]

    def observe(self, line: int, row: Sequence[str]) -> None:
        """Take the next row; raises DatasetRuleError for a cell that its column's reading can't take."""
        self.rows += 1
        for place, name, column in self._columns:
            try:
                column.observe(line, row[place])
            except CellError as error:
                raise DatasetRuleError(
                    f"{self._file}, line {line}: {row[place][:80]!r} in column {name!r} {error}; "
                    "correct the cell or empty it."
                ) from error

    def read_as(self, remarks: Sequence[Remark]) -> None:
        """Take what is to be said of how the file was read."""
        self._read_as = [Remark(**{**one, "text": f"{self._file}: {one['text']}"}) for one in remarks]

    def remarks(self) -> list[Remark]:
        """What a person should know of them."""
        found = list(self._read_as)
        for _, name, column in self._columns:
            found += self._remarks_on(name, column)
        return found

    def _remarks_on(self, name: str, column: _Column) -> Iterator[Remark]:
        held = self.rows - column.missing
        if column.new:
            which = f"all {held:,} cells" if column.new == held else f"{counted(column.new, 'cell')} of {held:,}"
            text = f"{which} are categories that the training data has not got"
            yield self._remark("new_categories", name, text, column.first_new, column.new, unlike=column.new == held)
        if column.missing == self.rows:
            text = f"all {self.rows:,} cells are missing, and the model is trained on the column"
            yield self._remark("newly_missing", name, text, [], 0, unlike=True)
        elif column.missing and column.never_missing:
            text = f"{counted(column.missing, 'cell')} of {self.rows:,} are missing, and in the training data none is"
            yield self._remark("newly_missing", name, text, column.first_missing, column.missing)
        if column.far:
            facts = self._profile["facts"][name]
            limits = f"{facts['minimum']:g} to {facts['maximum']:g}"
            text = f"{counted(column.far, 'cell')} of {held:,} are far out of the training data's range, {limits}"
            yield self._remark("out_of_range", name, text, column.first_far, column.far, unlike=column.far == held)

    def _remark(
        self, code: str, name: str, text: str, first: list[tuple[int, str]], cells: int, *, unlike: bool = False
    ) -> Remark:
        """A remark on cells; `unlike`: the whole column is unlike the training data, and had better be left out."""
        evidence = f" ({cells_named(first, cells)})" if first else ""
        remedy = calls(name, "ignore") if unlike and self.rows >= FEWEST_ROWS else None
        return remark(code, name, f"{self._file}: {text}{evidence}", remedy)

    def _column(self, name: str) -> _Column:
        reading, facts = self._profile["readings"][name], self._profile["facts"].get(name)
        low, high = -math.inf, math.inf
        if (
            reading["kind"] == NUMERIC
            and facts is not None
            and facts["minimum"] is not None
            and facts["maximum"] is not None
        ):
            beyond = FAR * (facts["maximum"] - facts["minimum"])
            low, high = facts["minimum"] - beyond, facts["maximum"] + beyond
        categories = reading["categories"]
        return _Column(
            read=values(reading),
            is_text=reading["kind"] == TEXT,
            never_missing=self._profile["missing"][name] == 0,
            known=None if categories is None else frozenset(categories),
            low=low,
            high=high,
        )
