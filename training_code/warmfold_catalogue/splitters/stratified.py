"""Stratified k-fold: parts with the same share of every class."""

from __future__ import annotations

from warmfold_catalogue.splitters.balance import BalancedSplitter


class Stratified(BalancedSplitter):
    name = "stratified"
    summary = "Rows at random, each class spread evenly over the parts."
    problems = ("classification",)
    default_for = ("classification",)
    repeatable = True
    stratifies = True
    every_part_has_every_class = True
