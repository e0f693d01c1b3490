"""The correlation of classes told and true."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class MatthewsCorrelation(Metric):
    name = "matthews_corrcoef"
    summary = "The correlation between the classes told and the true ones."
    tasks = ("binary", "multiclass")
