"""What a good dataset is: one text for `plan_run`, `processing.py` and the command.

Standard library only: a Lambda function imports it from the training-code layer, which it puts on its path.
`scan()` says what a dataset is; `Scanner` is the same thing row by row, for who also writes the rows.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from warmfold_data.asked import Asked
from warmfold_data.csv_records import BinaryStream, CsvRecords, read_records
from warmfold_data.csv_records import DatasetRuleError as DatasetRuleError
from warmfold_data.dealing import LEFT_OUT, Rows, content_hash
from warmfold_data.pieces import observe_target
from warmfold_data.placing import ROW_BY_ROW, Dealing, Placing
from warmfold_data.reader import Reader
from warmfold_data.remarks import remark
from warmfold_data.understanding import Understood, say_leaks, understand
from warmfold_run.experiment import CLASSIFICATION
from warmfold_run.predictions import prediction_columns
from warmfold_run.records import Profile, Remark

SAMPLE_ROWS = 1000
"""Rows that `sample` looks at."""
FEWEST_COUNTS = 5
"""A target of more different whole numbers than this counts something, and is predicted as a number where its rarest
values have too few rows to be classes; fewer are classes, of which one lacks rows."""


def scan(stream: BinaryStream, *, file: str, asked: Asked | None = None) -> Profile:
    """Read a whole CSV dataset and say what it is, where its rows will go included; `file` is how errors call it.

    What the experiment leaves open the data decides. Raises DatasetRuleError with a line for each rule that is broken.
    """
    asked = asked or Asked()
    return scan_records(read_records(stream, file=file, asked=asked.dialect), file=file, asked=asked)


def scan_records(records: CsvRecords, *, file: str, asked: Asked) -> Profile:
    """As `scan`, of records that begin with the header."""
    scanner = Scanner(next(records)[1], file=file, asked=asked)
    for line, row in records:
        scanner.observe(line, row)
    return scanner.finish(records)


def sample(records: CsvRecords, *, file: str, asked: Asked, pieces: Iterable[bytes] = ()) -> Understood:
    """What the first SAMPLE_ROWS rows of a dataset suggest, and the target's cells in pieces from further down.

    For data too large to read before the run; raises DatasetRuleError for a header or rows that will not do.
    """
    reader = Reader(next(records)[1], file=file, asked=asked)
    placing = Placing(reader.columns, file=file, target=reader.target, asked=asked)
    for line, row in itertools.islice(records, SAMPLE_ROWS):
        reader.observe(line, row)
    reader.take_block()
    for piece in pieces:
        observe_target(reader, piece, records.dialect)
    understood = understand(reader)
    placing.take_columns(understood)
    return understood


class Scanner:
    """Takes a dataset row by row, holds the whole against the rules at the end, and says where each row goes."""

    def __init__(self, header: Sequence[str], *, file: str, asked: Asked | None = None) -> None:
        """As `scan`, with the header read; raises DatasetRuleError when the columns will not do."""
        self.file = file
        self.asked = asked or Asked()
        self.splitting = self.asked.splitting
        self._reader = Reader(header, file=file, asked=self.asked, keep_rows=True)
        self.columns, self.target = self._reader.columns, self._reader.target
        self.placing = Placing(self.columns, file=file, target=self.target, asked=self.asked)
        self._placements: Sequence[int] = []
        self.further: Sequence[Sequence[int]] = []
        """By repeat but the first: where each row with a target goes, once finished."""
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
        self.placing.take_columns(understood)
        rows, labels, without = self._rows(understood)
        total = self._reader.rows
        return self.conclude(records, understood, rows, labels, without, total, self._reader)

    def conclude(
        self,
        records: CsvRecords,
        understood: Understood,
        rows: Rows,
        labels: Sequence[str],
        without: list[int],
        total: int,
        reader: Reader,
        dealing: Dealing = ROW_BY_ROW,
    ) -> Profile:
        """As `finish`, for `total` rows that were read elsewhere.

        `rows` and `labels` are of those with a target, in whatever form `dealing` takes them, `without` are the numbers
        of the others; `reader` has seen the rows, or some of them.
        """
        self._without_target, self._total = without, total
        try:
            placed = self.placing.place(rows, labels, understood, dealing)
        except DatasetRuleError:
            if not understood.counts_something or len(understood.classes or ()) <= FEWEST_COUNTS:
                raise
            understood = understood.as_numbers()
            placed = self.placing.place(rows, [], understood, dealing)
        self._placements, self.further = placed.placements, placed.further
        understood.remarks += placed.remarks
        labelled = placed.rows
        say_leaks(understood, reader, labelled - placed.copies)
        classes = understood.classes
        return Profile(
            file=self.file,
            dialect=records.dialect,
            rows=self._total,
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
            development_classes=None if classes is None else _ordered(placed.developed),
            holdout_classes=None if classes is None else _ordered(placed.held),
            facts=understood.facts,
            rows_without_target=len(self._without_target),
            development_rows=labelled - placed.holdout_rows,
            holdout_rows=placed.holdout_rows,
            part_rows=placed.part_rows,
            copies=placed.copies,
            folds=placed.folds,
            final_parts=placed.final_parts,
        )

    @property
    def dealt(self) -> Sequence[int]:
        """Where each row with a target goes, once finished."""
        return self._placements

    @property
    def placements(self) -> list[int]:
        """Where each row goes, once finished, in the order of the rows: HOLDOUT, LEFT_OUT or the number of a part."""
        without, dealt = set(self._without_target), iter(self._placements)
        return [LEFT_OUT if row in without else next(dealt) for row in range(self._total)]

    def _rows(self, understood: Understood) -> tuple[Rows, list[str], list[int]]:
        """What dealing wants to know of the rows that have a target, their classes, and which rows have none."""
        rows, labels, without = Rows(), list[str](), []
        of_class, divide = understood.target_reader(), self.placing.divider()
        target, seed = self.columns.index(self.target), self.splitting.seed
        kept = [place for place, column in enumerate(self.columns) if column not in understood.left_out]
        whole, classification = len(kept) == len(self.columns), understood.problem == CLASSIFICATION
        for number, row in enumerate(self._reader.kept_rows()):
            label = None if row is None else of_class(row[target])
            if row is None or label is None:
                without.append(number)
                continue
            rows.contents.append(content_hash(row if whole else [row[place] for place in kept], seed))
            divide(number, row, rows)
            if classification:
                labels.append(label)
        return rows, labels, without


def _names_that_give_way(classes: Collection[str] | None, columns: Sequence[str]) -> Iterator[Remark]:
    """Say where the data has a column that is called like one that predictions add."""
    labels = None if classes is None else list(classes)
    for usual, name in zip(prediction_columns(labels, ()), prediction_columns(labels, columns), strict=True):
        if name != usual:
            text = f"the data has a column {usual!r}, so predictions come in {name!r}"
            yield remark("prediction_columns", usual, text)


def _ordered(classes: Counter[str]) -> dict[str, int]:
    return dict(sorted(classes.items()))
