"""Stratified k-fold: parts with the same share of every class."""

from __future__ import annotations

from warmfold_catalogue.splitters._base import Dealer, Splitter
from warmfold_catalogue.splitters.part_assigner import PartAssigner


class Stratified(Splitter):
    name = "stratified"
    summary = "Rows at random, each class spread evenly over the parts."
    problems = ("classification",)
    default_for = ("classification",)
    every_part_has_every_class = True

    def dealer(self, n_splits: int, seed: int) -> Dealer:
        return PartAssigner(n_splits, seed, stratified=True)
