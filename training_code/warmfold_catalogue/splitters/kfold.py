"""K-fold: parts of equal size, whatever is in them."""

from __future__ import annotations

from collections.abc import Sequence

from warmfold_catalogue.splitters._base import Kind, UnitSplitter
from warmfold_catalogue.splitters.balance import balanced


class KFold(UnitSplitter):
    name = "kfold"
    summary = "Rows at random, into parts of equal size."
    problems = ("classification", "regression")
    default_for = ("regression",)
    repeatable = True

    def shares(self, kinds: Sequence[Kind], n_splits: int) -> list[list[int]]:
        return balanced(kinds, n_splits)
