"""The Jaccard index: the overlap of predicted and true."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class Jaccard(Metric):
    name = "jaccard"
    title = "Jaccard index"
    summary = "Of the rows that are predicted or truly of the positive class, the share that are both."
    tasks = ("binary",)
