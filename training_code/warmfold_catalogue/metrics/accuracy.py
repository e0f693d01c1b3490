"""Accuracy: shares of rows whose class is predicted right."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class Accuracy(Metric):
    name = "accuracy"
    summary = "The share of rows whose class is predicted right."
    tasks = ("binary", "multiclass")


class BalancedAccuracy(Metric):
    name = "balanced_accuracy"
    summary = "The share predicted right within each class, averaged over the classes."
    tasks = ("binary", "multiclass")
    default_for = ("multiclass",)
