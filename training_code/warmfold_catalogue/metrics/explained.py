"""R² and explained variance: how much of the target's variation a model explains."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class ExplainedVariance(Metric):
    name = "explained_variance"
    title = "explained variance"
    summary = "The share of the variance that is explained, whatever the bias."
    tasks = ("regression",)


class R2(Metric):
    name = "r2"
    title = "R²"
    summary = "The share of the squared deviation from the mean that is explained."
    tasks = ("regression",)
    default_for = ("regression",)
