"""Stratified group k-fold: the rows of a group in one part, each class spread over the parts."""

from __future__ import annotations

from warmfold_catalogue.splitters.balance import BalancedSplitter


class StratifiedGroup(BalancedSplitter):
    name = "stratified_group"
    summary = "Rows with the same value in `group_column` stay together; each class spread as evenly as groups allow."
    problems = ("classification",)
    default_for = ("classification",)
    needs = "group_column"
    repeatable = True
    stratifies = True
