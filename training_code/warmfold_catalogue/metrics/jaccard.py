"""The overlap of what is told and what is."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class Jaccard(Metric):
    name = "jaccard"
    summary = "Rows told and being of the positive class, of those that are told or are."
    tasks = ("binary",)
