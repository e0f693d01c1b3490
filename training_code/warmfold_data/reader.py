"""What a dataset's rows hold, column by column, gathered row by row in bounded memory.

Standard library only, as `rules.py`. Rows are looked at in blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from warmfold_data.asked import Asked
from warmfold_data.cells import number, trim
from warmfold_data.columns import ALL_DISTINCT, DISTINCT, Tally
from warmfold_data.errors import DatasetRuleError, no_column
from warmfold_data.leaks import Line, Recoding
from warmfold_data.target import resolve_target
from warmfold_run.experiment import ID, IGNORE

BLOCK_CELLS = 50_000
"""How many cells are looked at together."""
LEAST_DISTINCT = 100
"""How many different cells of each column are counted one by one, however many columns there are."""
_SEPARATOR = "\x1f"


class Reader:
    """Takes a dataset's rows; afterwards `tallies` say what the columns hold, by column."""

    def __init__(
        self, header: Sequence[str], *, file: str, asked: Asked, keep_rows: bool = False, sampled: bool = False
    ) -> None:
        """Raises DatasetRuleError when the columns will not do. With `keep_rows` the rows can be had again.

        `sampled`: it gets some of the rows only, and `observe_target` the target's cells of all of them.
        """
        self.file, self.asked = file, asked
        self.columns = list(header)
        self.rows = 0
        check_named(self.columns, asked, file)
        self.target, self.target_why = resolve_target(self.columns, asked, file)
        most = max(LEAST_DISTINCT, min(DISTINCT, ALL_DISTINCT // len(self.columns)))
        self.tallies = {column: Tally(asked.missing, most) for column in self.columns}
        features = [
            column for column in self.columns if column != self.target and asked.columns.get(column) not in (IGNORE, ID)
        ]
        self.recodings = {column: Recoding() for column in features}
        self.lines = {column: Line() for column in features}
        self.copies = set(features)
        """Columns whose cells are those of the target, so far."""
        self._target_place = self.columns.index(self.target)
        self._block: list[Sequence[str]] = []
        self._block_lines: list[int] = []
        self._block_rows = max(1, BLOCK_CELLS // len(self.columns))
        self._keep_rows, self._sampled = keep_rows, sampled
        self._kept: list[bytes | tuple[str, ...] | None] = []

    def observe(self, line: int, row: Sequence[str]) -> None:
        """Take the next row, which starts on this line; one whose target is empty only counts."""
        self.rows += not self._sampled
        label = row[self._target_place]
        without = not label or not trim(label)
        if self._keep_rows:
            self._kept.append(None if without else _packed(row))
        if without:
            return
        self._block.append(row)
        self._block_lines.append(line)
        if len(self._block) == self._block_rows:
            self.take_block()

    def observe_target(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take the target's cells of the next rows, which start on these lines."""
        self.rows += len(cells)
        blank = {cell for cell in set(cells) if not trim(cell)}
        if blank:
            there = [place for place, cell in enumerate(cells) if cell not in blank]
            cells, lines = [cells[place] for place in there], [lines[place] for place in there]
        self.tallies[self.target].observe(cells, lines)

    def settle(self) -> None:
        """Bring the tallies up to date, once, after the last row."""
        self.take_block()
        for tally in self.tallies.values():
            tally.settle()

    def kept_rows(self) -> Iterator[Sequence[str] | None]:
        """All rows again, in order; None for one whose target is empty."""
        for packed in self._kept:
            yield packed.decode().split(_SEPARATOR) if isinstance(packed, bytes) else packed

    def take_block(self) -> None:
        """Have the rows counted that were observed and not counted yet."""
        if not self._block:
            return
        columns = dict(zip(self.columns, zip(*self._block, strict=True), strict=True))
        for column, cells in columns.items():
            if column != self.target or not self._sampled:
                self.tallies[column].observe(cells, self._block_lines)
        labels = columns[self.target]
        self.copies = {column for column in self.copies if columns[column] == labels}
        for column, recoding in [*self.recodings.items()]:
            recoding.observe(columns[column], labels)
            if not recoding.holds:
                del self.recodings[column]
        numbers = [number(trim(label)) for label in labels] if self.lines else []
        if not any(value is not None for value in numbers):
            self.lines = {}
        for column, line in [*self.lines.items()]:
            line.observe(columns[column], numbers)
            if not line.holds:
                del self.lines[column]
        self._block, self._block_lines = [], []


def _packed(row: Sequence[str]) -> bytes | tuple[str, ...]:
    """A row in little memory."""
    joined = _SEPARATOR.join(row)
    return joined.encode() if joined.count(_SEPARATOR) == len(row) - 1 else tuple(row)


def check_named(columns: list[str], asked: Asked, file: str) -> None:
    """Raise DatasetRuleError for columns that the experiment names and the file has not got."""
    key = "which `columns` of experiment.yaml names"
    wrong = [no_column(file, column, key, columns) for column in asked.columns if column not in columns]
    if wrong:
        raise DatasetRuleError("\n".join(wrong))
