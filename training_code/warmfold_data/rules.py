"""What a good dataset is: one text for `plan_run`, `processing.py` and the command.

Standard library only: a Lambda function imports it from the training-code layer, which it puts on its path.
`scan()` says what a dataset is; `Scanner` is the same thing row by row, for who also writes the rows.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from warmfold_catalogue.splitters import Splitter, default_splitter, load_splitter
from warmfold_data.asked import Asked
from warmfold_data.csv_records import BinaryStream, CsvRecords, listed, read_records
from warmfold_data.csv_records import DatasetRuleError as DatasetRuleError
from warmfold_data.dealing import HOLDOUT, LEFT_OUT, Rows, content_hash, deal
from warmfold_data.pieces import observe_target
from warmfold_data.reader import Reader
from warmfold_data.remarks import counted, remark
from warmfold_data.understanding import Understood, say_leaks, understand
from warmfold_run.experiment import CLASSIFICATION, Problem
from warmfold_run.predictions import prediction_columns
from warmfold_run.records import Profile, Remark

SAMPLE_ROWS = 1000
"""Rows that `sample` looks at."""
COPIES_SAID = 0.01
"""The share of rows that are copies of others from which on it is said: fewer change no score that can be seen."""
FEWEST_COUNTS = 5
"""A target of more different whole numbers than this counts something, and is predicted as a number where its rarest
values have too few rows to be classes; fewer are classes, of which one lacks rows."""


def scan(stream: BinaryStream, *, file: str, asked: Asked | None = None) -> Profile:
    """Read a whole CSV dataset and say what it is, where its rows will go included; `file` is how errors call it.

    What the experiment leaves open the data decides. Raises DatasetRuleError with a line for each rule that is broken.
    """
    asked = asked or Asked()
    records = read_records(stream, file=file, asked=asked.dialect)
    scanner = Scanner(next(records)[1], file=file, asked=asked)
    for line, row in records:
        scanner.observe(line, row)
    return scanner.finish(records)


def sample(stream: BinaryStream, *, file: str, asked: Asked | None = None, pieces: Iterable[bytes] = ()) -> Understood:
    """What the first SAMPLE_ROWS rows of a CSV dataset suggest, and the target's cells in pieces from further down.

    For data too large to read before the run; raises DatasetRuleError for a header or rows that will not do.
    """
    asked = asked or Asked()
    records = read_records(stream, file=file, asked=asked.dialect)
    reader = Reader(next(records)[1], file=file, asked=asked)
    for line, row in itertools.islice(records, SAMPLE_ROWS):
        reader.observe(line, row)
    reader.take_block()
    for piece in pieces:
        observe_target(reader, piece, records.dialect)
    return understand(reader)


class _Dealt(NamedTuple):
    """How many rows went where, and of which classes."""

    holdout_rows: int
    part_rows: list[int]
    developed: Counter[str]
    held: Counter[str]


class Scanner:
    """Takes a dataset row by row, holds the whole against the rules at the end, and says where each row goes."""

    def __init__(self, header: Sequence[str], *, file: str, asked: Asked | None = None) -> None:
        """As `scan`, with the header read; raises DatasetRuleError when the columns will not do."""
        self.file = file
        self.asked = asked or Asked()
        self.splitting = self.asked.splitting
        self._reader = Reader(header, file=file, asked=self.asked, keep_rows=True)
        self.columns, self.target = self._reader.columns, self._reader.target
        self._placements: list[int] = []
        self._without_target: list[int] = []
        self._total = 0

    def observe(self, line: int, row: Sequence[str]) -> None:
        """Take the next row; `line` is for errors."""
        self._reader.observe(line, row)

    def finish(self, records: CsvRecords) -> Profile:
        """The profile of all rows observed, which came of `records`.

        Raises DatasetRuleError for rules that only the whole can break.
        """
        understood = understand(self._reader)
        rows, without = self._rows(understood)
        return self.conclude(records, understood, rows, without, self._reader.rows)

    def conclude(
        self, records: CsvRecords, understood: Understood, rows: Rows, without: list[int], total: int
    ) -> Profile:
        """The profile of rows that were observed elsewhere, as `finish`.

        `rows` are those with a target, `without` the numbers of the others, `total` says how many there are together.
        """
        self._without_target, self._total = without, total
        dealt = self._deal(rows, understood)
        if isinstance(dealt, str) and understood.counts_something and len(understood.classes or ()) > FEWEST_COUNTS:
            understood = understood.as_numbers()
            rows.labels = []
            dealt = self._deal(rows, understood)
        if isinstance(dealt, str):
            raise DatasetRuleError(dealt)
        different = len(set(rows.contents))
        copies = len(rows.contents) - different
        if copies >= COPIES_SAID * len(rows.contents):
            text = f"{counted(copies, 'row')} of {len(rows.contents):,} are copies of others; copies stay on one side"
            understood.remarks.append(remark("copies", None, text))
        say_leaks(understood, self._reader, different)
        labelled = len(rows.contents)
        classes = understood.classes
        return Profile(
            file=self.file,
            dialect=records.dialect,
            rows=total,
            columns=self.columns,
            readings=understood.readings,
            left_out=understood.left_out,
            remarks=[*records.remarks, *understood.remarks, *_names_that_give_way(classes, self.columns)],
            missing=understood.missing,
            target=self.target,
            target_why=understood.target_why,
            problem=understood.problem,
            problem_why=understood.problem_why,
            positive_class=understood.positive_class,
            classes=classes,
            development_classes=None if classes is None else _ordered(dealt.developed),
            holdout_classes=None if classes is None else _ordered(dealt.held),
            facts=understood.facts,
            rows_without_target=len(self._without_target),
            development_rows=labelled - dealt.holdout_rows,
            holdout_rows=dealt.holdout_rows,
            part_rows=dealt.part_rows,
        )

    @property
    def placements(self) -> list[int]:
        """Where each row goes, once finished, in the order of the rows: HOLDOUT, LEFT_OUT or the number of a part."""
        without, dealt = set(self._without_target), iter(self._placements)
        return [LEFT_OUT if row in without else next(dealt) for row in range(self._total)]

    def _rows(self, understood: Understood) -> tuple[Rows, list[int]]:
        """What dealing wants to know of the rows that have a target, and which rows have none."""
        rows, without = Rows(), []
        of_class = understood.target_reader()
        target, seed = self.columns.index(self.target), self.splitting.seed
        kept = [place for place, column in enumerate(self.columns) if column not in understood.left_out]
        whole, classification = len(kept) == len(self.columns), understood.problem == CLASSIFICATION
        for number, row in enumerate(self._reader.kept_rows()):
            label = None if row is None else of_class(row[target])
            if row is None or label is None:
                without.append(number)
                continue
            rows.contents.append(content_hash(row if whole else [row[place] for place in kept], seed))
            if classification:
                rows.labels.append(label)
        return rows, without

    def _deal(self, rows: Rows, understood: Understood) -> _Dealt | str:
        """Where the rows go, or what is wrong with that."""
        problem, splitting = understood.problem, self.splitting
        splitter = load_splitter(splitting.strategy or default_splitter(problem))
        self._placements = deal(
            rows, splitter, n_splits=splitting.n_splits, holdout=splitting.holdout, seed=splitting.seed
        )
        counts = Counter(self._placements)
        parts = [counts[part] for part in range(splitting.n_splits)]
        dealt = _Dealt(counts[HOLDOUT], parts, Counter(), Counter())
        for label, placement in zip(rows.labels, self._placements, strict=False):
            (dealt.held if placement == HOLDOUT else dealt.developed)[label] += 1
        return self._unsplit(problem, splitter, dealt, understood) or dealt

    def _unsplit(self, problem: Problem, splitter: Splitter, dealt: _Dealt, understood: Understood) -> str | None:
        """Why the rows can't be divided so, if they can't."""
        development, folds = sum(dealt.part_rows), self.splitting.n_splits
        if development < folds:
            return (
                f"{self.file}: {development} rows are left for cross-validation, fewer than the {folds} folds "
                f"({dealt.holdout_rows} are in the holdout, {len(self._without_target)} have no target). "
                "Add rows, or lower `cross_validation.n_splits` in experiment.yaml."
            )
        wrong = self._unsplit_classes(splitter, dealt, understood) if problem == CLASSIFICATION else None
        if wrong is None and dealt.holdout_rows < 2:
            return (
                f"{self.file}: the holdout has {dealt.holdout_rows} of {self._total} rows, and needs 2. "
                + _HOLDOUT_REMEDY
            )
        return wrong

    def _unsplit_classes(self, splitter: Splitter, dealt: _Dealt, understood: Understood) -> str | None:
        developed, held, folds = dealt.developed, dealt.held, self.splitting.n_splits
        if splitter.every_part_has_every_class:
            for label in _ordered(developed + held):
                if developed[label] < folds:
                    return (
                        f"{self.file}: class {label[:80]!r} of column {self.target!r} has {developed[label]} rows for "
                        f"cross-validation ({held[label]} more are in the holdout), fewer than the {folds} "
                        f"folds. Add rows of this class, take it out, {understood.remedy_for_class(label)}or lower "
                        "`cross_validation.n_splits` in experiment.yaml."
                    )
        if len(developed) < 2:
            return (
                f"{self.file}: the rows for cross-validation are all of one class of column {self.target!r}, "
                f"{listed(list(developed))}; "
                "add rows of the other classes, or set another `cross_validation.seed` in experiment.yaml."
            )
        if dealt.holdout_rows >= 2 and len(held) < 2:
            return (
                f"{self.file}: the {dealt.holdout_rows} rows of the holdout are all of one class of column "
                f"{self.target!r}, {listed(list(held))}; no score can be told from them. " + _HOLDOUT_REMEDY
            )
        return None


def _names_that_give_way(classes: Collection[str] | None, columns: Sequence[str]) -> Iterator[Remark]:
    """Say where the data has a column that is called like one that predictions add."""
    labels = None if classes is None else list(classes)
    for usual, name in zip(prediction_columns(labels, ()), prediction_columns(labels, columns), strict=True):
        if name != usual:
            text = f"the data has a column {usual!r}, so predictions come in {name!r}"
            yield Remark(code="prediction_columns", column=usual, text=text, remedy=None, holds=False)


_HOLDOUT_REMEDY = (
    "Add rows, enlarge `cross_validation.holdout` or set another `cross_validation.seed` in experiment.yaml."
)


def _ordered(classes: Counter[str]) -> dict[str, int]:
    return dict(sorted(classes.items()))
