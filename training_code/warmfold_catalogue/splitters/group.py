"""Group k-fold: the rows of a group in one part, the parts of equal size."""

from __future__ import annotations

from warmfold_catalogue.splitters.balance import BalancedSplitter


class Group(BalancedSplitter):
    name = "group"
    summary = "Rows with the same value in `group_column` stay together; parts as equal in size as groups allow."
    problems = ("classification", "regression")
    default_for = ("regression",)
    needs = "group_column"
    repeatable = True
