"""Stratified group k-fold: the rows of a group in one part, each class spread over the parts."""

from __future__ import annotations

from collections.abc import Sequence

from warmfold_catalogue.splitters._base import Kind, UnitSplitter
from warmfold_catalogue.splitters.balance import balanced


class StratifiedGroup(UnitSplitter):
    name = "stratified_group"
    summary = "Rows with the same value in `group_column` stay together; each class spread as evenly as groups allow."
    problems = ("classification",)
    default_for = ("classification",)
    needs = "group_column"
    repeatable = True
    stratifies = True

    def shares(self, kinds: Sequence[Kind], n_splits: int) -> list[list[int]]:
        return balanced(kinds, n_splits)
