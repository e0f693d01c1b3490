"""From rows to their places: what dealing wants to know of each row, and whether what it deals will do.

Standard library only, as `rules.py`, which asks here when all rows have been seen.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from warmfold_catalogue.splitters import KeyColumn, Splitter, default_splitter, load_splitter
from warmfold_data.cells import MISSING, number
from warmfold_data.csv_records import DatasetRuleError, listed
from warmfold_data.dealing import HOLDOUT, Dealt, Rows, content_hash, deal
from warmfold_data.units import Splitting
from warmfold_run.experiment import CLASSIFICATION, Problem
from warmfold_run.records import FoldParts, Remark

MOST_FOLDS = 20
"""A candidate's folds, repeats included: more cost more than they tell, and a candidate has to wait for all."""
MANY_COPIES = 0.01
"""Copies of rows are worth a remark from this share of the rows on: below, they change no score that one can see."""
UNEQUAL = 2
"""Parts are called unequal when the largest has more than so many times the rows of the smallest."""
_CALLED: dict[KeyColumn, str] = {
    "group_column": "the group column",
    "time_column": "the time column",
    "fold_column": "the fold column",
}
_HOLDOUT_REMEDY = (
    "Add rows, enlarge `cross_validation.holdout` or set another `cross_validation.seed` in experiment.yaml."
)


@dataclass
class Placed:
    """How many rows went where, of which classes, and what a person should know of it."""

    placements: list[int]
    further: list[list[int]]
    folds: list[FoldParts]
    final_parts: list[int]
    holdout_rows: int
    part_rows: list[int]
    developed: Counter[str]
    held: Counter[str]
    copies: int
    remarks: list[Remark] = field(default_factory=list)


class Placing:
    """Takes the rows that have a target one by one, deals them at the end, and checks what came of it."""

    def __init__(self, header: Sequence[str], *, file: str, target: str, splitting: Splitting) -> None:
        """Raises DatasetRuleError when a column that `splitting` names is not there, or is the target."""
        self._file, self._target, self._splitting = file, target, splitting
        self._contents: list[int] = []
        self._labels: list[str] = []
        self._groups: list[int] = []
        self._times: list[float] = []
        self._folds: list[str] = []
        self._key = next((key for key in _CALLED if self._column(key) is not None), None)
        self._index = -1
        if self._key is not None:
            column = self._column(self._key) or ""
            _check_column(column, self._key, header, target, file)
            self._index = header.index(column)
        self._dated: bool | None = None

    @property
    def left_out(self) -> dict[str, str]:
        """The columns that are no features because rows are divided by them, and why.

        Dates are features, by their parts: how late a row is in all of the data tells nothing of rows to come.
        """
        if self._key is None or self._dated:
            return {}
        return {self._column(self._key) or "": f"rows are divided by it (`cross_validation.{self._key}`)"}

    def observe(self, line: int, row: Sequence[str], label: str | None) -> None:
        """Take the next row; `label` is its class, None where there are none.

        Raises DatasetRuleError, by line, for a cell of the column that divides the rows that can't do so.
        """
        self._contents.append(content_hash(row, self._splitting.seed))
        if label is not None:
            self._labels.append(label)
        if self._key is None:
            return
        cell = row[self._index]
        if cell in MISSING:
            raise self._unfit(line, "is empty", "fill it in, or take the row out")
        if self._key == "group_column":
            self._groups.append(content_hash([cell], self._splitting.seed))
        elif self._key == "fold_column":
            self._folds.append(cell)
        else:
            self._times.append(self._moment(line, cell))

    def splitter(self, problem: Problem) -> Splitter:
        """The splitter that was asked for, or that of the problem and the column that was named."""
        return load_splitter(self._splitting.strategy or default_splitter(problem, self._key))

    def finish(self, problem: Problem, classes: Sequence[str]) -> Placed:
        """Deal all rows; `classes` are those of the target in order. Raises DatasetRuleError for what will not do."""
        splitter = self.splitter(problem)
        labels = self._labels if problem == CLASSIFICATION else []
        codes = {label: code for code, label in enumerate(classes)}
        rows = Rows(self._contents, [codes[label] for label in labels], self._groups, self._times, self._folds)
        dealt = deal(rows, splitter, self._splitting)
        if dealt is None:
            raise DatasetRuleError(
                f"{self._file}: column {self._splitting.time_column!r}, the time column, has "
                f"{len(set(self._times))} different times, and {self._splitting.n_splits} folds and the holdout need "
                f"{self._splitting.n_splits + 2}. Lower `cross_validation.n_splits` in experiment.yaml."
            )
        counts = Counter(dealt.placements)
        placed = Placed(
            placements=dealt.placements,
            further=dealt.further,
            folds=dealt.folds,
            final_parts=dealt.final_parts,
            holdout_rows=counts[HOLDOUT],
            part_rows=[counts[part] for part in range(dealt.parts)],
            developed=Counter(),
            held=Counter(),
            copies=len(self._contents) - len(set(self._contents)),
        )
        in_parts: list[Counter[str]] = [Counter() for _ in range(dealt.parts)]
        for label, placement in zip(labels, dealt.placements, strict=False):
            (placed.held if placement == HOLDOUT else placed.developed)[label] += 1
            if placement != HOLDOUT:
                in_parts[placement][label] += 1
        self._check(problem, splitter, placed, in_parts)
        placed.remarks = list(self._remarks(splitter, placed, dealt, classes))
        return placed

    def _column(self, key: KeyColumn) -> str | None:
        column: str | None = getattr(self._splitting, key)
        return column

    def _unfit(self, line: int, what: str, remedy: str) -> DatasetRuleError:
        assert self._key is not None
        column = self._column(self._key)
        return DatasetRuleError(
            f"{self._file}, line {line}: column {column!r}, {_CALLED[self._key]}, {what}; {remedy}."
        )

    def _moment(self, line: int, cell: str) -> float:
        value, dated = number(cell), False
        if value is None:
            value, dated = _timestamp(cell), True
        if value is None or value in (float("inf"), float("-inf")):
            raise self._unfit(
                line, f"holds {cell[:80]!r}, no number and no date such as 2024-05-31 or 2024-05-31T12:30", "correct it"
            )
        if self._dated not in (None, dated):
            raise self._unfit(line, f"holds {cell[:80]!r}, and other rows " + _other(dated), "write all in one way")
        self._dated = dated
        return value

    def _check(self, problem: Problem, splitter: Splitter, placed: Placed, in_parts: list[Counter[str]]) -> None:
        development, folds = sum(placed.part_rows), len(placed.folds)
        least = 2 if splitter.data_has_folds else self._splitting.n_splits
        if splitter.data_has_folds and not 2 <= folds <= MOST_FOLDS:
            column = self._column(self._key) if self._key else ""
            raise DatasetRuleError(
                f"{self._file}: column {column!r} makes {folds} folds with strategy {splitter.name}, which must be 2 "
                f"to {MOST_FOLDS}; join some of its values"
                + (", or set `strategy: group`." if splitter.needs == "group_column" else ".")
            )
        if development < least:
            raise DatasetRuleError(
                f"{self._file}: {development} rows are left for cross-validation, fewer than the {least} folds "
                f"({placed.holdout_rows} more are in the holdout). "
                "Add rows, or lower `cross_validation.n_splits` in experiment.yaml."
            )
        if problem == CLASSIFICATION:
            self._check_classes(splitter, placed)
        self._check_folds(problem, splitter, placed, in_parts)
        if placed.holdout_rows < 2:
            raise DatasetRuleError(
                f"{self._file}: the holdout has {placed.holdout_rows} of {len(self._contents)} rows, and needs 2. "
                + _HOLDOUT_REMEDY
            )

    def _check_classes(self, splitter: Splitter, placed: Placed) -> None:
        developed, held, folds = placed.developed, placed.held, self._splitting.n_splits
        if splitter.every_part_has_every_class:
            for label in sorted(developed + held):
                if developed[label] < folds:
                    raise DatasetRuleError(
                        f"{self._file}: class {label[:80]!r} of column {self._target!r} has {developed[label]} rows "
                        f"for cross-validation ({held[label]} more are in the holdout), fewer than the {folds} "
                        "folds. Add rows of this class, take it out, or lower `cross_validation.n_splits` in "
                        "experiment.yaml."
                    )
        if len(developed) < 2:
            raise DatasetRuleError(
                f"{self._file}: the rows for cross-validation are all of one class of column {self._target!r}, "
                f"{listed(list(developed))}; "
                "add rows of the other classes, or set another `cross_validation.seed` in experiment.yaml."
            )
        if placed.holdout_rows >= 2 and len(held) < 2:
            raise DatasetRuleError(
                f"{self._file}: the {placed.holdout_rows} rows of the holdout are all of one class of column "
                f"{self._target!r}, {listed(list(held))}; no score can be told from them. " + _HOLDOUT_REMEDY
            )

    def _check_folds(self, problem: Problem, splitter: Splitter, placed: Placed, in_parts: list[Counter[str]]) -> None:
        for number_, fold in enumerate(placed.folds):
            trained, validated = (
                sum(placed.part_rows[part] for part in fold[side]) for side in ("train", "validation")
            )
            if not trained or not validated:
                raise DatasetRuleError(
                    f"{self._file}: fold {number_} has {trained} rows to train on and {validated} to validate. "
                    + self._fewer_folds(splitter)
                )
            classes = {label for part in fold["train"] for label in in_parts[part]}
            if problem == CLASSIFICATION and len(classes) < 2:
                raise DatasetRuleError(
                    f"{self._file}: the {trained} rows that fold {number_} trains on are all of one class of column "
                    f"{self._target!r}, {listed(sorted(classes))}. " + self._fewer_folds(splitter)
                )

    def _fewer_folds(self, splitter: Splitter) -> str:
        if splitter.needs == "time_column":
            return "Lower `cross_validation.n_splits` or `gap`, or widen `window`, in experiment.yaml."
        if splitter.data_has_folds:
            return "Join some of the column's values."
        if splitter.needs == "group_column":
            groups = len(set(self._groups))
            return f"There are {groups} groups; lower `cross_validation.n_splits` in experiment.yaml, or add groups."
        return "Lower `cross_validation.n_splits` in experiment.yaml, or add rows."

    def _remarks(self, splitter: Splitter, placed: Placed, dealt: Dealt, classes: Sequence[str]) -> list[Remark]:
        said = []
        rows = len(self._contents)
        if placed.copies >= MANY_COPIES * rows and splitter.needs != "fold_column":
            said.append(
                _remark(
                    "copies",
                    None,
                    f"{placed.copies:,} of {rows:,} rows are copies of another row, target included. "
                    "Copies of a row stay together, so that none is scored by a model that has seen it.",
                )
            )
        if dealt.divided:
            named = listed([classes[code] for code in dealt.divided]) if splitter.stratifies else None
            whose = f"class {named} of column {self._target!r} has" if named else "the data has"
            said.append(
                _remark(
                    "copies_divided",
                    self._target if named else None,
                    f"{whose} fewer different rows than the {self._splitting.n_splits} parts and the holdout need, so "
                    "its copies are on several sides: scores tell how well rows that are known are remembered.",
                    "cross_validation: {n_splits: 2}",
                )
            )
        for units, what in (
            (dealt.to_holdout, "went into the holdout, which else would have lacked a class, or rows"),
            (dealt.to_development, "came from the holdout to the parts, which else would have lacked a class, or rows"),
        ):
            if units:
                them = "groups" if splitter.needs == "group_column" else "different rows"
                text = f"{len(units)} {them} ({sum(units)} rows, copies included) {what}: those nearest to the line."
                said.append(_remark("holdout_mended", self._target, text, "cross_validation: {seed: 7}"))
        if self._key == "fold_column" and dealt.placements and "holdout" not in self._folds:
            text = (
                "no row has `holdout` in the fold column, so the holdout was drawn at random from all folds; rows that "
                "belong together, as those of one person, may be on both of its sides."
            )
            said.append(_remark("holdout_drawn", self._splitting.fold_column, text))
        smallest, largest = min(placed.part_rows), max(placed.part_rows)
        if splitter.needs in (None, "group_column") and largest > UNEQUAL * smallest and largest - smallest > 1:
            why = "groups" if self._key else "copies of a row"
            text = (
                f"the parts have {smallest:,} to {largest:,} rows, because {why} stay together; folds count the same."
            )
            said.append(_remark("unequal_parts", self._column(self._key) if self._key else None, text))
        return said


def _remark(code: str, column: str | None, text: str, remedy: str | None = None) -> Remark:
    return Remark(code=code, column=column, text=text, remedy=remedy, holds=False)


def _check_column(column: str, key: KeyColumn, header: Sequence[str], target: str, file: str) -> None:
    if column not in header:
        near = difflib.get_close_matches(column, header, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise DatasetRuleError(
            f"{file}: no column is called {column!r}, the `cross_validation.{key}` of experiment.yaml; "
            f"the columns are {listed(list(header))}.{hint}"
        )
    if column == target:
        raise DatasetRuleError(
            f"{file}: column {column!r} is the target, and `cross_validation.{key}` in experiment.yaml; name another."
        )
    if len(header) == 2:
        raise DatasetRuleError(
            f"{file}: there is no feature column beside {column!r}, {_CALLED[key]}; add at least one column to learn "
            "from."
        )


def _other(dated: bool) -> str:
    return "hold numbers" if dated else "hold dates"


def _timestamp(cell: str) -> float | None:
    """Seconds since 1970-01-01 UTC of a date in ISO 8601, which is UTC where it names no zone; None for no date."""
    try:
        moment = datetime.fromisoformat(cell.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
