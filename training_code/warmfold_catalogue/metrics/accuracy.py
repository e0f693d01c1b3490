"""Accuracy: shares of rows whose class is predicted right."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class Accuracy(Metric):
    name = "accuracy"
    title = "accuracy"
    summary = "The share of rows whose class is predicted right."
    tasks = ("binary", "multiclass")
    a_share_of = "rows"


class BalancedAccuracy(Metric):
    name = "balanced_accuracy"
    title = "balanced accuracy"
    summary = "The share predicted right within each class, averaged over the classes."
    tasks = ("binary", "multiclass")
    default_for = ("multiclass",)
