"""Shares of rows that are told right."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class Accuracy(Metric):
    name = "accuracy"
    summary = "The share of rows whose class is told right."
    tasks = ("binary", "multiclass")


class BalancedAccuracy(Metric):
    name = "balanced_accuracy"
    summary = "The share told right within each class, averaged over the classes."
    tasks = ("binary", "multiclass")
    default_for = ("multiclass",)
