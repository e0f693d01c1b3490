"""Log loss, or cross-entropy: how improbable the model finds the outcome."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class LogLoss(Metric):
    name = "neg_log_loss"
    title = "log loss"
    summary = "The mean negative logarithm of the true class's probability, negated."
    tasks = ("binary", "multiclass")
    best_possible = 0
    needs_every_class = True
