"""Errors of regression: how far predicted numbers are from the true ones; negated, so that greater is better."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class MaxError(Metric):
    name = "neg_max_error"
    title = "largest error"
    summary = "The largest difference between predicted and true, negated."
    tasks = ("regression",)
    best_possible = 0


class MeanAbsoluteError(Metric):
    name = "neg_mean_absolute_error"
    title = "mean absolute error"
    summary = "The mean difference between predicted and true, negated."
    tasks = ("regression",)
    best_possible = 0
    constant = "median"


class MeanAbsolutePercentageError(Metric):
    name = "neg_mean_absolute_percentage_error"
    title = "mean absolute percentage error"
    summary = "The mean difference as a share of the true number, negated."
    tasks = ("regression",)
    best_possible = 0
    constant = "median"


class MeanSquaredError(Metric):
    name = "neg_mean_squared_error"
    title = "mean squared error"
    summary = "The mean squared difference between predicted and true, negated."
    tasks = ("regression",)
    best_possible = 0


class MedianAbsoluteError(Metric):
    name = "neg_median_absolute_error"
    title = "median absolute error"
    summary = "The median difference between predicted and true, negated."
    tasks = ("regression",)
    best_possible = 0
    constant = "median"


class RootMeanSquaredError(Metric):
    name = "neg_root_mean_squared_error"
    title = "root mean squared error"
    summary = "The root of the mean squared difference, negated."
    tasks = ("regression",)
    best_possible = 0
