"""What a good dataset is: one text for `plan_run` and `processing.py`.

Standard library only: a Lambda function imports it from the training-code layer, which it puts on its path.
`scan()` says what a dataset is; `Scanner` is the same thing row by row, for who also writes the rows. Of a row only a
hash and a class are kept.
"""

from __future__ import annotations

import difflib
import itertools
import math
from collections import Counter
from collections.abc import Sequence

from warmfold_data.cells import MISSING, NUMERIC, TEXT, kind_of, number, plain_reading
from warmfold_data.csv_records import BinaryStream, listed, read_records
from warmfold_data.csv_records import DatasetRuleError as DatasetRuleError
from warmfold_data.dealing import LEFT_OUT
from warmfold_data.placing import Placing
from warmfold_data.units import Splitting
from warmfold_run.experiment import CLASSIFICATION, REGRESSION, Problem
from warmfold_run.records import Kind, Profile

MAX_CLASSES = 1_000
"""More different target values than this are no classes; it also bounds the memory of a scan."""
SAMPLE_ROWS = 1000
"""Rows that `sample` looks at."""
INFERRED_CLASSES = 20
"""A numeric target with more different values than this is taken for regression."""


def scan(
    stream: BinaryStream,
    *,
    file: str,
    target: str | None = None,
    problem: Problem | None = None,
    splitting: Splitting,
) -> Profile:
    """Read a whole CSV dataset and say what it is, where its rows will go included.

    `file` is how errors call it. Without `target` it is the column called `target`, else the last; without `problem`
    the target's values decide. Raises DatasetRuleError for the first broken rule.
    """
    records = read_records(stream, file=file)
    scanner = Scanner(
        next(records)[1],
        file=file,
        target=target,
        problem=problem,
        splitting=splitting,
    )
    for line, row in records:
        scanner.observe(line, row)
    return scanner.finish()


def sample(
    stream: BinaryStream, *, file: str, target: str | None, problem: Problem | None, splitting: Splitting
) -> tuple[str, Problem]:
    """The target and the problem that the first SAMPLE_ROWS rows of a CSV dataset suggest, without further checks.

    For data too large to read before the run; raises DatasetRuleError for a header or rows that will not do.
    """
    records = read_records(stream, file=file)
    scanner = Scanner(next(records)[1], file=file, target=target, problem=problem, splitting=splitting)
    for line, row in itertools.islice(records, SAMPLE_ROWS):
        scanner.observe(line, row)
    return scanner.target, scanner.resolve_problem()


class Scanner:
    """Takes a dataset row by row, holds the whole against the rules at the end, and says where each row goes."""

    def __init__(
        self,
        header: Sequence[str],
        *,
        file: str,
        target: str | None,
        problem: Problem | None,
        splitting: Splitting,
    ) -> None:
        """As `scan`, with the header read; raises DatasetRuleError when the columns will not do."""
        self.file = file
        self.columns = list(header)
        self.target = _resolve_target(self.columns, target, file)
        self.rows = 0
        self._problem = problem
        self._placing = Placing(self.columns, file=file, target=self.target, splitting=splitting)
        self._without_target: list[int] = []
        self._named_target = f"column {self.target!r}, the target,"
        self._place = f"{file}: {self._named_target}"
        self._target_index = self.columns.index(self.target)
        self._kinds: list[Kind | None] = [None] * len(self.columns)
        self._missing = [0] * len(self.columns)
        self._labels: Counter[str] = Counter()
        self._integers = True
        self._counting = problem != REGRESSION
        self._first_value: float | None = None
        self._first_unfit: tuple[int, str] | None = None
        self._values_differ = False

    def observe(self, line: int, row: Sequence[str]) -> None:
        """Take the next row; `line` is for errors."""
        self.rows += 1
        for index, cell in enumerate(row):
            if cell in MISSING:
                self._missing[index] += 1
        label = row[self._target_index]
        if label in MISSING:
            self._without_target.append(self.rows - 1)
            return
        for index, cell in enumerate(row):
            kind = self._kinds[index]
            if kind != TEXT and cell not in MISSING:
                seen = kind_of(cell)
                if seen != kind:
                    self._kinds[index] = seen if kind is None else TEXT
        self._observe_label(line, label)
        self._placing.observe(line, row, label if self._counting else None)

    def finish(self) -> Profile:
        """The profile of all rows observed; raises DatasetRuleError for a rule that only the whole can break."""
        labelled = self.rows - self._missing[self._target_index]
        if not self.rows:
            raise DatasetRuleError(f"{self.file} has a header and no rows; add the rows to train on.")
        if not labelled:
            raise DatasetRuleError(
                f"{self._place} is missing in all {self.rows} rows; "
                "fill it in, or name another column as `target` in experiment.yaml."
            )
        problem = self.resolve_problem()
        classes = None
        if problem == CLASSIFICATION:
            classes = self._labels
            self._check_classes(classes, labelled)
        else:
            self._check_values()
            if not self._values_differ:
                raise DatasetRuleError(
                    f"{self._place} has the same value in every row; there is nothing to learn. "
                    "Name another column as `target` in experiment.yaml."
                )
        placed = self._placing.finish(problem, [] if classes is None else sorted(classes))
        self._placements = placed.placements
        left_out = self._placing.left_out
        return Profile(
            file=self.file,
            rows=self.rows,
            columns=self.columns,
            readings={
                column: plain_reading(kind or NUMERIC)
                for column, kind in zip(self.columns, self._kinds, strict=True)
                if column not in left_out
            },
            left_out=left_out,
            remarks=placed.remarks,
            missing=dict(zip(self.columns, self._missing, strict=True)),
            target=self.target,
            problem=problem,
            classes=None if classes is None else _ordered(classes),
            development_classes=None if classes is None else _ordered(placed.developed),
            holdout_classes=None if classes is None else _ordered(placed.held),
            rows_without_target=self.rows - labelled,
            development_rows=labelled - placed.holdout_rows,
            holdout_rows=placed.holdout_rows,
            part_rows=placed.part_rows,
            copies=placed.copies,
            folds=placed.folds,
            final_parts=placed.final_parts,
        )

    @property
    def placements(self) -> list[int]:
        """Where each row goes, once finished, in the order of the rows: HOLDOUT, LEFT_OUT or the number of a part."""
        without, dealt = set(self._without_target), iter(self._placements)
        return [LEFT_OUT if row in without else next(dealt) for row in range(self.rows)]

    def _observe_label(self, line: int, label: str) -> None:
        value = number(label) if self._kinds[self._target_index] == NUMERIC else None
        if (value is None or not math.isfinite(value)) and self._first_unfit is None:
            self._first_unfit = (line, label)
            if self._problem == REGRESSION:
                self._check_values()
        if value is not None:
            self._integers = self._integers and value.is_integer()
            if self._first_value is None:
                self._first_value = value
            self._values_differ = self._values_differ or value != self._first_value
        if self._counting:
            self._labels[label] += 1
            if len(self._labels) > MAX_CLASSES:
                self._settle_many_values(line)

    def _check_values(self) -> None:
        if self._first_unfit is not None:
            line, label = self._first_unfit
            raise DatasetRuleError(
                f"{self.file}, line {line}: {label[:80]!r} in {self._named_target} is not a finite number, and the "
                "problem is regression; correct or empty the cell, or set `problem: classification` in experiment.yaml."
            )

    def _settle_many_values(self, line: int) -> None:
        if self._problem is None and self._kinds[self._target_index] == NUMERIC:
            self._problem = REGRESSION
            self._counting = False
            self._check_values()
            return
        raise DatasetRuleError(
            f"{self.file}, line {line}: {self._named_target} has more than {MAX_CLASSES} different values by here, "
            "too many for classes; name another column as `target` in experiment.yaml, or, when it holds "
            "measurements, set `problem: regression`."
        )

    def resolve_problem(self) -> Problem:
        """The problem that was asked for, or the one that the rows observed so far suggest."""
        if self._problem is not None:
            return self._problem
        if self._kinds[self._target_index] != NUMERIC:
            return CLASSIFICATION
        return REGRESSION if len(self._labels) > INFERRED_CLASSES or not self._integers else CLASSIFICATION

    def _check_classes(self, classes: Counter[str], labelled: int) -> None:
        if len(classes) == 1:
            (only,) = classes
            raise DatasetRuleError(
                f"{self._place} has one class only, {only[:80]!r}; there is nothing to "
                "tell apart. Add rows of another class, or name another column as `target` in experiment.yaml."
            )
        if len(classes) > 100 and len(classes) * 2 > labelled:
            raise DatasetRuleError(
                f"{self._place} has {len(classes)} classes in {labelled} rows, so most have a "
                "single row; it looks like an id or a measurement. Name another column as `target` in experiment.yaml, "
                "or set `problem: regression`."
            )


def _resolve_target(columns: list[str], target: str | None, file: str) -> str:
    if target is None:
        target = "target" if "target" in columns else columns[-1]
    if target not in columns:
        near = difflib.get_close_matches(target, columns, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise DatasetRuleError(
            f"{file}: no column is called {target!r}, the `target` of experiment.yaml; "
            f"the columns are {listed(columns)}.{hint}"
        )
    if len(columns) == 1:
        other = next((name for mark, name in ((";", "semicolons"), ("\t", "tabs")) if mark in target), None)
        remedy = f"separate the cells by commas, not {other}" if other else "add at least one column to learn from"
        raise DatasetRuleError(f"{file}: the only column is {target!r}, so there is no feature column; {remedy}.")
    return target


def _ordered(classes: Counter[str]) -> dict[str, int]:
    return dict(sorted(classes.items()))
