"""Precision: how many of the rows that are predicted to be of a class are."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class Precision(Metric):
    name = "precision"
    summary = "Of the rows that are predicted to be of the positive class, the share that are."
    tasks = ("binary",)


class PrecisionMacro(Metric):
    name = "precision_macro"
    summary = "Precision of each class, averaged over the classes."
    tasks = ("binary", "multiclass")


class PrecisionMicro(Metric):
    name = "precision_micro"
    summary = "Precision over all the rows, whatever their class."
    tasks = ("binary", "multiclass")


class PrecisionWeighted(Metric):
    name = "precision_weighted"
    summary = "Precision of each class, averaged by how many rows it has."
    tasks = ("binary", "multiclass")
