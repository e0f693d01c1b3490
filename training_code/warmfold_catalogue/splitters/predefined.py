"""Predefined folds: a column says which fold validates a row."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

from warmfold_catalogue.splitters._base import Splitter

HELD: Final = "holdout"
"""The value of a row of the holdout."""
ALWAYS_TRAINED: Final = "-1"
"""The value of a row that every fold trains on, as in scikit-learn's PredefinedSplit."""
_EXACT = 1 << 53
"""Whole numbers from here on may be others than those that were written."""


class Predefined(Splitter):
    name = "predefined"
    summary = "A fold for each value of `fold_column`; `-1` is always trained on, `holdout` is the holdout."
    problems = ("classification", "regression")
    default_for = ("classification", "regression")
    needs = "fold_column"
    data_has_folds = True


class Folds(NamedTuple):
    """Which part the rows of each value are."""

    parts: dict[str, int]
    validated: int
    """How many of the parts, the first ones, are validated."""


def fold_value(cell: str) -> str:
    """Return the value that a cell says: a whole number is the same however it is written, as `-1` and `-1.0`."""
    value = _finite(cell)
    exact = value is not None and value.is_integer() and abs(value) < _EXACT
    return str(int(value)) if value is not None and exact else cell


def folds_of(values: Iterable[str]) -> Folds:
    """Return the parts of the values that a fold column has, in their order: numbers by value, then texts."""
    different = set(values) - {HELD}
    ordered = sorted(different - {ALWAYS_TRAINED}, key=_order)
    parts = {value: part for part, value in enumerate(ordered)}
    if ALWAYS_TRAINED in different:
        parts[ALWAYS_TRAINED] = len(ordered)
    return Folds(parts, len(ordered))


def _order(value: str) -> tuple[bool, float, str]:
    number = _finite(value)
    return number is None, number or 0.0, value


def _finite(cell: str) -> float | None:
    """The number that a cell is; `1_0` is none, nor are digits of other scripts, as in the cells of features."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cell and cell.isascii() else None
