"""Stratified k-fold: parts with the same share of every class."""

from __future__ import annotations

from collections.abc import Sequence

from warmfold_catalogue.splitters._base import Kind, UnitSplitter
from warmfold_catalogue.splitters.balance import balanced


class Stratified(UnitSplitter):
    name = "stratified"
    summary = "Rows at random, each class spread evenly over the parts."
    problems = ("classification",)
    default_for = ("classification",)
    repeatable = True
    stratifies = True
    every_part_has_every_class = True

    def shares(self, kinds: Sequence[Kind], n_splits: int) -> list[list[int]]:
        return balanced(kinds, n_splits)
