"""Matthews correlation coefficient: the correlation of predicted and true classes."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class MatthewsCorrelation(Metric):
    name = "matthews_corrcoef"
    title = "Matthews correlation"
    summary = "The correlation between predicted and true classes."
    tasks = ("binary", "multiclass")
