"""Precision: how many of the rows that are predicted to be of a class are."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class Precision(Metric):
    name = "precision"
    title = "precision"
    summary = "Of the rows that are predicted to be of the positive class, the share that are."
    tasks = ("binary",)
    a_share_of = "predicted positives"


class PrecisionMacro(Metric):
    name = "precision_macro"
    title = "macro precision"
    summary = "Precision of each class, averaged over the classes."
    tasks = ("binary", "multiclass")


class PrecisionMicro(Metric):
    name = "precision_micro"
    title = "micro precision"
    summary = "Precision over all the rows, whatever their class."
    tasks = ("binary", "multiclass")
    a_share_of = "rows"


class PrecisionWeighted(Metric):
    name = "precision_weighted"
    title = "weighted precision"
    summary = "Precision of each class, averaged by how many rows it has."
    tasks = ("binary", "multiclass")
