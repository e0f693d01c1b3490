"""Group k-fold: the rows of a group in one part, the parts of equal size."""

from __future__ import annotations

from collections.abc import Sequence

from warmfold_catalogue.splitters._base import Kind, UnitSplitter
from warmfold_catalogue.splitters.balance import balanced


class Group(UnitSplitter):
    name = "group"
    summary = "Rows with the same value in `group_column` stay together; parts as equal in size as groups allow."
    problems = ("classification", "regression")
    default_for = ("regression",)
    needs = "group_column"
    repeatable = True

    def shares(self, kinds: Sequence[Kind], n_splits: int) -> list[list[int]]:
        return balanced(kinds, n_splits)
