"""The Brier score: how far predicted probabilities are from the outcome."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class BrierScore(Metric):
    name = "neg_brier_score"
    title = "Brier score"
    summary = "The mean squared difference between probability and outcome, negated."
    tasks = ("binary",)
    best_possible = 0
