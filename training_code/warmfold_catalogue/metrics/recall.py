"""Recall: how many of the rows of a class are predicted to be of it."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class Recall(Metric):
    name = "recall"
    title = "recall"
    summary = "Of the rows of the positive class, the share that are predicted to be."
    tasks = ("binary",)
    a_share_of = "positives"


class RecallMacro(Metric):
    name = "recall_macro"
    title = "macro recall"
    summary = "Recall of each class, averaged over the classes."
    tasks = ("binary", "multiclass")


class RecallMicro(Metric):
    name = "recall_micro"
    title = "micro recall"
    summary = "Recall over all the rows, whatever their class."
    tasks = ("binary", "multiclass")
    a_share_of = "rows"


class RecallWeighted(Metric):
    name = "recall_weighted"
    title = "weighted recall"
    summary = "Recall of each class, averaged by how many rows it has."
    tasks = ("binary", "multiclass")
    a_share_of = "rows"
