"""K-fold: parts of equal size, whatever is in them."""

from __future__ import annotations

from warmfold_catalogue.splitters.balance import BalancedSplitter


class KFold(BalancedSplitter):
    name = "kfold"
    summary = "Rows at random, into parts of equal size."
    problems = ("classification", "regression")
    default_for = ("regression",)
    repeatable = True
