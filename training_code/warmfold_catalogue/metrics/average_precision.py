"""The area under the precision-recall curve."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class AveragePrecision(Metric):
    name = "average_precision"
    title = "average precision"
    summary = "The area under the precision-recall curve of the positive class."
    tasks = ("binary",)
