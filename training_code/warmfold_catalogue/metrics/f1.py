"""F1: the harmonic mean of precision and recall."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class F1(Metric):
    name = "f1"
    title = "F1"
    summary = "The harmonic mean of precision and recall of the positive class."
    tasks = ("binary",)


class F1Macro(Metric):
    name = "f1_macro"
    title = "macro F1"
    summary = "F1 of each class, averaged over the classes."
    tasks = ("binary", "multiclass")


class F1Micro(Metric):
    name = "f1_micro"
    title = "micro F1"
    summary = "F1 over all the rows, whatever their class."
    tasks = ("binary", "multiclass")
    a_share_of = "rows"


class F1Weighted(Metric):
    name = "f1_weighted"
    title = "weighted F1"
    summary = "F1 of each class, averaged by how many rows it has."
    tasks = ("binary", "multiclass")
