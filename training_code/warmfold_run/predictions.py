"""What the columns are called that predictions add to rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count

PREDICTION = "prediction"


def prediction_columns(classes: Sequence[str] | None, taken: Collection[str]) -> list[str]:
    """Return the names of the columns that a model adds: `prediction`, and `probability_<class>` for each class.

    They give way to names that are taken.
    """
    return free_names([PREDICTION, *(f"probability_{label}" for label in classes or ())], taken)


def free_names(names: Sequence[str], taken: Collection[str]) -> list[str]:
    """Return the names, those that are taken with the first of `_1`, `_2` and so on behind them that is free."""
    held = {*names, *taken}
    return [_free(name, held) if name in taken else name for name in names]


def _free(name: str, held: Collection[str]) -> str:
    return next(other for number in count(1) if (other := f"{name}_{number}") not in held)
