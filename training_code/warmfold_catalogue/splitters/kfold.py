"""K-fold: parts of equal size, whatever is in them."""

from __future__ import annotations

from warmfold_catalogue.splitters._base import Dealer, Splitter
from warmfold_catalogue.splitters.part_assigner import PartAssigner


class KFold(Splitter):
    name = "kfold"
    summary = "Rows at random, into parts of equal size."
    problems = ("classification", "regression")
    default_for = ("regression",)

    def dealer(self, n_splits: int, seed: int) -> Dealer:
        return PartAssigner(n_splits, seed, stratified=False)
