"""How much of what is true is told."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class Recall(Metric):
    name = "recall"
    summary = "The share of rows of the positive class that are told to be."
    tasks = ("binary",)


class RecallMacro(Metric):
    name = "recall_macro"
    summary = "Recall of each class, averaged over the classes."
    tasks = ("binary", "multiclass")


class RecallMicro(Metric):
    name = "recall_micro"
    summary = "Recall over all the rows, whatever their class."
    tasks = ("binary", "multiclass")


class RecallWeighted(Metric):
    name = "recall_weighted"
    summary = "Recall of each class, averaged by how many rows it has."
    tasks = ("binary", "multiclass")
