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
from typing import NamedTuple

from warmfold_catalogue.splitters import Splitter, default_splitter, load_splitter
from warmfold_data.cells import MISSING, NUMERIC, TEXT, kind_of, number, plain_reading
from warmfold_data.csv_records import AS_IT_SHOWS, BinaryStream, CsvRecords, listed, read_records
from warmfold_data.csv_records import DatasetRuleError as DatasetRuleError
from warmfold_data.dealing import HOLDOUT, LEFT_OUT, Rows, content_hash, deal
from warmfold_run.experiment import CLASSIFICATION, REGRESSION, AskedDialect, Problem
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
    n_splits: int,
    strategy: str | None,
    holdout: float,
    seed: int,
    dialect: AskedDialect = AS_IT_SHOWS,
) -> Profile:
    """Read a whole CSV dataset and say what it is, where its rows will go included.

    `file` is how errors call it. Without `target` it is the column called `target`, else the last; without `problem`
    the target's values decide; without `strategy` the problem does. `dialect` is what the experiment says.
    Raises DatasetRuleError for the first broken rule.
    """
    records = read_records(stream, file=file, asked=dialect)
    scanner = Scanner(
        next(records)[1],
        file=file,
        target=target,
        problem=problem,
        n_splits=n_splits,
        strategy=strategy,
        holdout=holdout,
        seed=seed,
    )
    for line, row in records:
        scanner.observe(line, row)
    return scanner.finish(records)


def sample(
    stream: BinaryStream,
    *,
    file: str,
    target: str | None,
    problem: Problem | None,
    dialect: AskedDialect = AS_IT_SHOWS,
) -> tuple[str, Problem]:
    """The target and the problem that the first SAMPLE_ROWS rows of a CSV dataset suggest, without further checks.

    For data too large to read before the run; raises DatasetRuleError for a header or rows that will not do.
    """
    records = read_records(stream, file=file, asked=dialect)
    scanner = Scanner(
        next(records)[1], file=file, target=target, problem=problem, n_splits=2, strategy=None, holdout=0.2, seed=0
    )
    for line, row in itertools.islice(records, SAMPLE_ROWS):
        scanner.observe(line, row)
    return scanner.target, scanner.resolve_problem()


class _Dealt(NamedTuple):
    """How many rows went where, and of which classes."""

    holdout_rows: int
    part_rows: list[int]
    developed: Counter[str]
    held: Counter[str]


class Scanner:
    """Takes a dataset row by row, holds the whole against the rules at the end, and says where each row goes."""

    def __init__(
        self,
        header: Sequence[str],
        *,
        file: str,
        target: str | None,
        problem: Problem | None,
        n_splits: int,
        strategy: str | None,
        holdout: float,
        seed: int,
    ) -> None:
        """As `scan`, with the header read; raises DatasetRuleError when the columns will not do."""
        self.file = file
        self.columns = list(header)
        self.target = _resolve_target(self.columns, target, file)
        self.rows = 0
        self._problem = problem
        self._strategy, self._n_splits = strategy, n_splits
        self._holdout, self._seed = holdout, seed
        self._contents: list[int] = []
        self._observed: list[str] = []
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
        self._contents.append(content_hash(row, self._seed))
        if self._counting:
            self._observed.append(label)

    def finish(self, records: CsvRecords) -> Profile:
        """The profile of all rows observed, which came of `records`.

        Raises DatasetRuleError for a rule that only the whole can break.
        """
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
        dealt = self._deal(problem)
        return Profile(
            file=self.file,
            dialect=records.dialect,
            rows=self.rows,
            columns=self.columns,
            readings={
                column: plain_reading(kind or NUMERIC) for column, kind in zip(self.columns, self._kinds, strict=True)
            },
            left_out={},
            remarks=records.remarks,
            missing=dict(zip(self.columns, self._missing, strict=True)),
            target=self.target,
            problem=problem,
            classes=None if classes is None else _ordered(classes),
            development_classes=None if classes is None else _ordered(dealt.developed),
            holdout_classes=None if classes is None else _ordered(dealt.held),
            rows_without_target=self.rows - labelled,
            development_rows=labelled - dealt.holdout_rows,
            holdout_rows=dealt.holdout_rows,
            part_rows=dealt.part_rows,
        )

    @property
    def placements(self) -> list[int]:
        """Where each row goes, once finished, in the order of the rows: HOLDOUT, LEFT_OUT or the number of a part."""
        without, dealt = set(self._without_target), iter(self._placements)
        return [LEFT_OUT if row in without else next(dealt) for row in range(self.rows)]

    def _deal(self, problem: Problem) -> _Dealt:
        splitter = load_splitter(self._strategy or default_splitter(problem))
        labels = self._observed if problem == CLASSIFICATION else []
        rows = Rows(self._contents, labels)
        self._placements = deal(rows, splitter, n_splits=self._n_splits, holdout=self._holdout, seed=self._seed)
        counts = Counter(self._placements)
        dealt = _Dealt(counts[HOLDOUT], [counts[part] for part in range(self._n_splits)], Counter(), Counter())
        for label, placement in zip(labels, self._placements, strict=False):
            (dealt.held if placement == HOLDOUT else dealt.developed)[label] += 1
        self._check_split(problem, splitter, dealt)
        return dealt

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

    def _check_split(self, problem: Problem, splitter: Splitter, dealt: _Dealt) -> None:
        development, folds = sum(dealt.part_rows), self._n_splits
        if development < folds:
            raise DatasetRuleError(
                f"{self.file}: {development} rows are left for cross-validation, fewer than the {folds} folds "
                f"({dealt.holdout_rows} are in the holdout, {self._missing[self._target_index]} have no target). "
                "Add rows, or lower `cross_validation.n_splits` in experiment.yaml."
            )
        if problem == CLASSIFICATION:
            self._check_class_split(splitter, dealt)
        if dealt.holdout_rows < 2:
            raise DatasetRuleError(
                f"{self.file}: the holdout has {dealt.holdout_rows} of {self.rows} rows, and needs 2. "
                + _HOLDOUT_REMEDY
            )

    def _check_class_split(self, splitter: Splitter, dealt: _Dealt) -> None:
        developed, held, folds = dealt.developed, dealt.held, self._n_splits
        if splitter.every_part_has_every_class:
            for label in _ordered(developed + held):
                if developed[label] < folds:
                    raise DatasetRuleError(
                        f"{self.file}: class {label[:80]!r} of column {self.target!r} has {developed[label]} rows for "
                        f"cross-validation ({held[label]} more are in the holdout), fewer than the {folds} "
                        "folds. Add rows of this class, take it out, or lower `cross_validation.n_splits` in "
                        "experiment.yaml."
                    )
        if len(developed) < 2:
            raise DatasetRuleError(
                f"{self.file}: the rows for cross-validation are all of one class of column {self.target!r}, "
                f"{listed(list(developed))}; "
                "add rows of the other classes, or set another `cross_validation.seed` in experiment.yaml."
            )
        if dealt.holdout_rows >= 2 and len(held) < 2:
            raise DatasetRuleError(
                f"{self.file}: the {dealt.holdout_rows} rows of the holdout are all of one class of column "
                f"{self.target!r}, {listed(list(held))}; no score can be told from them. " + _HOLDOUT_REMEDY
            )


_HOLDOUT_REMEDY = (
    "Add rows, enlarge `cross_validation.holdout` or set another `cross_validation.seed` in experiment.yaml."
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
        raise DatasetRuleError(
            f"{file}: the only column is {target!r}, so there is no feature column; add at least one to learn from, or "
            "name the character between cells by `dialect: {delimiter: …}` in experiment.yaml."
        )
    return target


def _ordered(classes: Counter[str]) -> dict[str, int]:
    return dict(sorted(classes.items()))
