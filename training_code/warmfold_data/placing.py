"""From rows to their places: what dealing wants to know of each row, and whether what it deals will do.

Standard library only, as `rules.py`, which asks here when all rows have been seen.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

from warmfold_catalogue.metrics import default_metric, load_metric
from warmfold_catalogue.splitters import KeyColumn, Splitter, TooManyFoldsError, default_splitter, load_splitter
from warmfold_catalogue.splitters.predefined import HELD, fold_value
from warmfold_data.asked import Asked, Splitting
from warmfold_data.cells import DATE, MISSING, TEXT, Value, number, values
from warmfold_data.dates import iso_seconds
from warmfold_data.dealing import HOLDOUT, Dealt, Rows, content_hash, deal
from warmfold_data.errors import DatasetRuleError, listed, no_column
from warmfold_data.remarks import calls, counted, remark
from warmfold_data.split_checks import Checks, Placed, wrong_folds
from warmfold_data.understanding import Understood
from warmfold_run.records import Remark

MANY_COPIES = 0.01
"""Copies of rows are worth a remark from this share of the rows on: below, they change no score that one can see."""
UNEQUAL = 2
"""Parts are called unequal when the largest has more than so many times the rows of the smallest."""
_CALLED: dict[KeyColumn, str] = {
    "group_column": "the group column",
    "time_column": "the time column",
    "fold_column": "the fold column",
}


class Dealing:
    """How rows are dealt and counted: here row by row."""

    def take_labels(self, rows: Rows, labels: Sequence[str], classes: Sequence[str]) -> None:
        """Have `rows` know their classes, which are of these in order; none for regression."""
        codes = {label: code for code, label in enumerate(classes)}
        rows.labels = [codes[label] for label in labels]

    def deal(self, rows: Rows, splitter: Splitter, splitting: Splitting) -> Dealt[list[int]] | None:
        """Where each row goes; None where rows have too few different times for the folds."""
        return deal(rows, splitter, splitting)

    def counts(self, rows: Rows, placements: Sequence[int]) -> Counter[tuple[int, int]]:
        """How many rows of a class (0 for regression) went to a placement."""
        return Counter(zip(rows.labels or repeat(0), placements, strict=False))

    def contents(self, rows: Rows) -> tuple[int, int]:
        """How many rows there are, and how many different contents they have."""
        return len(rows.contents), len(set(rows.contents))

    def groups(self, rows: Rows) -> int:
        """How many groups there are."""
        return len(set(rows.groups))

    def times(self, rows: Rows) -> int:
        """How many different times there are."""
        return len(set(rows.times))

    def names_holdout(self, rows: Rows) -> bool:
        """Whether the fold column says of a row that it is held out."""
        return HELD in rows.folds


ROW_BY_ROW = Dealing()


class Placing:
    """Says how the columns divide the rows, deals these, and checks what came of it."""

    def __init__(self, header: Sequence[str], *, file: str, target: str, asked: Asked) -> None:
        """Raises DatasetRuleError when a column that the splitting names is not there, or is the target."""
        self._file, self._target, self._splitting = file, target, asked.splitting
        self._metric = asked.metric
        self._key = asked.splitting.key
        self.column = asked.splitting.column
        """The column that divides the rows, where there is one."""
        self._index = -1
        if self._key is not None and self.column is not None:
            _check_column(self.column, self._key, header, target, file)
            self._index = header.index(self.column)
        self._read_time: Callable[[str], Value] = _plain_time

    @property
    def is_by_time(self) -> bool:
        """Whether that column holds times."""
        return self._key == "time_column"

    def take_columns(self, understood: Understood) -> None:
        """Leave out of the features the column that divides the rows.

        A date stays, for its parts: how late a row is in all of the data tells nothing of rows to come. Raises
        DatasetRuleError when it was the only feature, or a time column holds text.
        """
        column = self.column
        if self._key is None or column is None:
            return
        reading = understood.readings.get(column)
        if self._key == "time_column" and reading is not None:
            if reading["kind"] == TEXT:
                raise DatasetRuleError(
                    f"{self._file}: column {column!r}, the time column, holds neither numbers nor dates; say in "
                    f"experiment.yaml how its dates are written, as in `{calls(column, '%d.%m.%Y')}`."
                )
            self._read_time = values(reading)
            if reading["kind"] == DATE:
                return
        understood.readings.pop(column, None)
        understood.facts.pop(column, None)
        understood.left_out[column] = f"rows are divided by it (`cross_validation.{self._key}`)"
        understood.remarks[:] = [said for said in understood.remarks if said["column"] != column]
        if len(understood.readings) < 2:
            raise DatasetRuleError(
                f"{self._file}: there is no feature column beside {column!r}, {_CALLED[self._key]}; add at least one "
                "column to learn from."
            )

    def divider(self) -> Callable[[int, Sequence[str], Rows], None]:
        """What adds to `Rows` what a row, by its number from 0, is divided by.

        It raises DatasetRuleError for a cell of the column that divides the rows that can't do so.
        """
        if self._key is None:
            return lambda number, row, rows: None  # noqa: ARG005
        return lambda number, row, rows: self.divide_by(number, row[self._index], rows)

    def divide_by(self, number: int, cell: str, rows: Rows) -> None:
        """Add to `rows` what a cell of the column that divides the rows says; raises DatasetRuleError as `divider`."""
        cell = cell.strip()
        if not cell or cell in MISSING:
            raise self._unfit(number, "is empty", "fill it in, or take the row out")
        if self._key == "group_column":
            rows.groups.append(content_hash([cell], self._splitting.seed))
        elif self._key == "fold_column":
            rows.folds.append(fold_value(cell))
        else:
            rows.times.append(self._time(number, cell))

    def place(self, rows: Rows, labels: Sequence[str], understood: Understood, dealing: Dealing = ROW_BY_ROW) -> Placed:
        """Deal all rows, whose classes are `labels`, none for regression; raises DatasetRuleError for what won't do."""
        problem, classes = understood.problem, sorted(understood.classes or ())
        splitter = load_splitter(self._splitting.strategy or default_splitter(problem, self._key))
        dealing.take_labels(rows, labels, classes)
        try:
            dealt = dealing.deal(rows, splitter, self._splitting)
        except TooManyFoldsError as error:
            raise wrong_folds(self._file, self._splitting, splitter, error.folds) from error
        if dealt is None:
            needed = self._splitting.n_splits + 2
            raise DatasetRuleError(
                f"{self._file}: column {self._splitting.time_column!r}, the time column, has {dealing.times(rows)} "
                f"different times, and {self._splitting.n_splits} folds and the holdout need {needed}. Lower "
                "`cross_validation.n_splits` in experiment.yaml."
            )
        total, different = dealing.contents(rows)
        placed = Placed(
            placements=dealt.placements,
            further=dealt.further,
            folds=dealt.folds,
            final_parts=dealt.final_parts,
            holdout_rows=0,
            part_rows=[],
            developed=Counter(),
            held=Counter(),
            rows=total,
            copies=total - different,
        )
        first, *further = (
            _by_place(dealing.counts(rows, placements), classes) for placements in (dealt.placements, *dealt.further)
        )
        placed.holdout_rows = first[HOLDOUT].total()
        placed.part_rows = [first[part].total() for part in range(dealt.parts)]
        if classes:
            placed.held = first[HOLDOUT]
            placed.developed = sum((first[part] for part in range(dealt.parts)), Counter[str]())
        metric = load_metric(self._metric or default_metric(problem, len(classes)))
        groups = dealing.groups(rows)
        check = Checks(self._file, self._target, self._splitting, splitter, metric, groups, dealt.values)
        check.all(placed, [first, *further], understood)
        placed.remarks = list(self._remarks(splitter, placed, dealt, classes, dealing.names_holdout(rows)))
        return placed

    def _unfit(self, number: int, what: str, remedy: str) -> DatasetRuleError:
        assert self._key is not None
        return DatasetRuleError(
            f"{self._file}, row {number + 1}: column {self.column!r}, {_CALLED[self._key]}, {what}; {remedy}."
        )

    def _time(self, number: int, cell: str) -> float:
        value = self._read_time(cell)
        if not isinstance(value, float) or not math.isfinite(value):
            raise self._unfit(number, f"holds {cell[:80]!r}, which is no time", "correct it, or take the row out")
        return value

    def _remarks(
        self, splitter: Splitter, placed: Placed, dealt: Dealt[list[int]], classes: Sequence[str], holdout_named: bool
    ) -> Iterator[Remark]:
        if placed.copies >= MANY_COPIES * placed.rows:
            text = f"{counted(placed.copies, 'row')} of {placed.rows:,} are copies of others; copies stay on one side"
            if dealt.divided:
                text = text.partition(";")[0]
            yield remark("copies", None, text)
        if dealt.divided:
            whose = "the data has"
            if splitter.stratifies:
                whose = f"class {listed([classes[code] for code in dealt.divided])} of column {self._target!r} has"
            text = (
                f"{whose} fewer different rows than {self._splitting.n_splits} parts and the holdout need, so copies "
                "of a row are on several sides: scores tell how well rows that are known are remembered"
            )
            yield remark("copies_divided", self._target if splitter.stratifies else None, text)
        for units, what in (
            (dealt.to_holdout, "went into the holdout, which would have lacked a class, or rows"),
            (dealt.to_development, "came out of the holdout, for the parts would have lacked a class, or rows"),
        ):
            if units:
                them = counted(len(units), "group" if splitter.needs == "group_column" else "different row")
                yield remark("holdout_mended", self._target, f"{them} ({counted(sum(units), 'row')} in all) {what}")
        if splitter.needs == "fold_column" and not holdout_named:
            text = (
                f"no row has `{HELD}` in it, so the holdout was drawn at random from all folds; rows that belong "
                "together, as those of one person, may be on both of its sides"
            )
            yield remark("holdout_drawn", self._splitting.fold_column, text)
        smallest, largest = min(placed.part_rows), max(placed.part_rows)
        if splitter.needs in (None, "group_column") and largest > UNEQUAL * smallest and largest - smallest > 1:
            why = "groups" if self._key else "copies of a row"
            text = f"parts have {smallest:,} to {largest:,} rows, since {why} stay together; each fold counts the same"
            yield remark("unequal_parts", self.column, text)


def _by_place(counts: Counter[tuple[int, int]], classes: Sequence[str]) -> defaultdict[int, Counter[str]]:
    """By placement its rows of each class, those of no class under the empty one."""
    found = defaultdict[int, Counter[str]](Counter)
    for (code, placement), times in counts.items():
        found[placement][classes[code] if classes else ""] += times
    return found


def _check_column(column: str, key: KeyColumn, header: Sequence[str], target: str, file: str) -> None:
    if column not in header:
        raise DatasetRuleError(no_column(file, column, f"the `cross_validation.{key}` of experiment.yaml", header))
    if column == target:
        raise DatasetRuleError(
            f"{file}: column {column!r} is the target, and `cross_validation.{key}` in experiment.yaml; name another."
        )


def _plain_time(cell: str) -> float | None:
    """The time that a cell of a column says that is left out of the features, such as a running number."""
    value = number(cell)
    return iso_seconds(cell) if value is None else value
