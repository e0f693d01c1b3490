"""Columns that alone tell the target: copies of it, recodings, and lines through it.

Standard library only, as `rules.py`. A column is dropped at the first row that contradicts it, so nearly all
cost nothing after the first rows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from warmfold_data.cells import MISSING, number, trim

MOST_VALUES = 1_000
"""A column with more different values is not followed as a recoding of classes."""
LEAST_BITS = 50.0
"""How surprising it must be that a column that tells nothing never contradicts the classes: one chance in 2^50."""
LEAST_COVERED = 0.8
"""The share of the rows in which the column must have a value."""
LEAST_ROWS = 20
"""Rows in which numbers must lie on a line through the target: any two do."""
LINE_TOLERANCE = 1e-3
"""How far from the line, in spreads of the target, a row may lie: beyond an R2 of 0.999999 nothing is left to learn."""


class Told(NamedTuple):
    """What a column tells of the classes."""

    text: str
    one_to_one: bool
    """Whether each class has one value too, so that the column is the target under other names."""


@dataclass
class Recoding:
    """Whether each value of a column stands beside one class only."""

    class_of: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    """The classes that stand beside a missing cell."""
    holds: bool = True

    def observe(self, cells: Sequence[str], labels: Sequence[str]) -> None:
        """Take the next cells and the target's cells beside them."""
        for cell, label in set(zip(cells, labels, strict=True)):
            if cell in MISSING:
                self.missing.add(label)
            elif self.class_of.setdefault(cell, label) != label:
                self.holds = False
                return
        if len(self.class_of) > MOST_VALUES:
            self.holds = False

    def told(
        self, counts: Counter[str], rows: int, labels: Mapping[str, int], class_of: Mapping[str, str], share: float
    ) -> Told | None:
        """What the column tells of the classes; None if that may be chance.

        `counts` are the column's cells in the `rows` that were looked at, `labels` the rows of each class in all,
        `class_of` the class that a cell of the target stands for, `share` the share of rows that are no copies.
        """
        beside = {class_of[label] for label in self.missing if label in class_of}
        held = sum(times for cell, times in counts.items() if cell not in MISSING)
        covered = rows if len(beside) <= 1 else held
        values = len(self.class_of) + (1 if len(beside) == 1 else 0)
        total = sum(labels.values())
        agree = sum((times / total) ** 2 for times in labels.values())
        told = {class_of.get(label) for label in self.class_of.values()} | (beside if len(beside) == 1 else set())
        if covered < LEAST_COVERED * rows or len(told) < 2 or agree >= 1:
            return None
        if (covered * share - values) * -math.log2(agree) < LEAST_BITS:
            return None
        if values == len(told):
            text = f"each of its {values} values stands beside one class only, and each class beside one value"
            return Told(text, one_to_one=True)
        text = f"each of its {values:,} values stands beside one class only, in all {covered:,} rows"
        return Told(text, one_to_one=False)


@dataclass
class Line:
    """Whether a column's numbers lie on a line through the target."""

    holds: bool = True
    rows: int = 0
    covered: int = 0
    _first: list[tuple[float, float]] = field(default_factory=list)
    _line: tuple[float, float, float] | None = None

    def observe(self, cells: Sequence[str], labels: Sequence[float | None]) -> None:
        """Take the next cells and the target's numbers beside them, None where there is none."""
        for cell, y in zip(cells, labels, strict=True):
            if y is None:
                continue
            self.rows += 1
            x = number(trim(cell))
            if x is not None:
                self.covered += 1
                self.holds = self._is_on_line(x, y)
            elif cell and trim(cell) not in MISSING:
                self.holds = False
            if not self.holds:
                return

    def told(self) -> str | None:
        """What the column tells of the target, in words; None if that may be chance."""
        if not self.holds or self._line is None or self.covered < max(LEAST_ROWS, LEAST_COVERED * self.rows):
            return None
        slope, intercept, _ = self._line
        copy = math.isclose(slope, 1, rel_tol=LINE_TOLERANCE) and abs(intercept) <= self._line[2]
        return (
            f"it is {'the target itself' if copy else 'a multiple of the target, shifted'} in all {self.covered:,} rows"
        )

    def _is_on_line(self, x: float, y: float) -> bool:
        if self._line is None:
            self._first.append((x, y))
            if len(self._first) < LEAST_ROWS:
                return True
            (low, at_low), (high, at_high) = min(self._first), max(self._first)
            spread = max(y for _, y in self._first) - min(y for _, y in self._first)
            if low == high or not spread or not all(map(math.isfinite, (low, high, spread))):
                return False
            slope = (at_high - at_low) / (high - low)
            self._line = slope, at_low - slope * low, LINE_TOLERANCE * spread
            return all(self._is_on_line(*point) for point in self._first)
        slope, intercept, tolerance = self._line
        return abs(slope * x + intercept - y) <= tolerance
