"""How much of what is told is true."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class Precision(Metric):
    name = "precision"
    summary = "The share of rows told to be of the positive class that are."
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
