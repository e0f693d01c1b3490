"""The metrics that an experiment can name."""

from __future__ import annotations

from warmfold_catalogue.entries import load
from warmfold_catalogue.metrics._base import Metric, Scorer, Task

__all__ = ["METRICS", "Metric", "Scorer", "Task", "default_metric", "fitting_metrics", "load_metric"]

METRICS = {
    "accuracy": "warmfold_catalogue.metrics.accuracy:Accuracy",
    "average_precision": "warmfold_catalogue.metrics.average_precision:AveragePrecision",
    "balanced_accuracy": "warmfold_catalogue.metrics.accuracy:BalancedAccuracy",
    "explained_variance": "warmfold_catalogue.metrics.explained:ExplainedVariance",
    "f1": "warmfold_catalogue.metrics.f1:F1",
    "f1_macro": "warmfold_catalogue.metrics.f1:F1Macro",
    "f1_micro": "warmfold_catalogue.metrics.f1:F1Micro",
    "f1_weighted": "warmfold_catalogue.metrics.f1:F1Weighted",
    "jaccard": "warmfold_catalogue.metrics.jaccard:Jaccard",
    "matthews_corrcoef": "warmfold_catalogue.metrics.matthews_corrcoef:MatthewsCorrelation",
    "neg_brier_score": "warmfold_catalogue.metrics.brier:BrierScore",
    "neg_log_loss": "warmfold_catalogue.metrics.log_loss:LogLoss",
    "neg_max_error": "warmfold_catalogue.metrics.regression_errors:MaxError",
    "neg_mean_absolute_error": "warmfold_catalogue.metrics.regression_errors:MeanAbsoluteError",
    "neg_mean_absolute_percentage_error": "warmfold_catalogue.metrics.regression_errors:MeanAbsolutePercentageError",
    "neg_mean_squared_error": "warmfold_catalogue.metrics.regression_errors:MeanSquaredError",
    "neg_median_absolute_error": "warmfold_catalogue.metrics.regression_errors:MedianAbsoluteError",
    "neg_root_mean_squared_error": "warmfold_catalogue.metrics.regression_errors:RootMeanSquaredError",
    "precision": "warmfold_catalogue.metrics.precision:Precision",
    "precision_macro": "warmfold_catalogue.metrics.precision:PrecisionMacro",
    "precision_micro": "warmfold_catalogue.metrics.precision:PrecisionMicro",
    "precision_weighted": "warmfold_catalogue.metrics.precision:PrecisionWeighted",
    "r2": "warmfold_catalogue.metrics.explained:R2",
    "recall": "warmfold_catalogue.metrics.recall:Recall",
    "recall_macro": "warmfold_catalogue.metrics.recall:RecallMacro",
    "recall_micro": "warmfold_catalogue.metrics.recall:RecallMicro",
    "recall_weighted": "warmfold_catalogue.metrics.recall:RecallWeighted",
    "roc_auc": "warmfold_catalogue.metrics.roc_auc:RocAuc",
    "roc_auc_ovo": "warmfold_catalogue.metrics.roc_auc:RocAucOneVsOne",
    "roc_auc_ovo_weighted": "warmfold_catalogue.metrics.roc_auc:RocAucOneVsOneWeighted",
    "roc_auc_ovr": "warmfold_catalogue.metrics.roc_auc:RocAucOneVsRest",
    "roc_auc_ovr_weighted": "warmfold_catalogue.metrics.roc_auc:RocAucOneVsRestWeighted",
}
"""Each metric's class, "module:attribute", by the name that experiment.yaml calls it."""


def load_metric(name: str) -> Metric:
    """Return the metric of this name; raises UnknownNameError."""
    metric: Metric = load("metric", METRICS, name)
    return metric


def fitting_metrics(problem: str, classes: int | None) -> list[str]:
    """Return the names of the metrics that are for a problem; `classes` is None when they have not been counted."""
    tasks = {"binary", "multiclass"} if problem == "classification" and classes is None else {_task(problem, classes)}
    return [name for name in METRICS if tasks & set(load_metric(name).tasks)]


def default_metric(problem: str, classes: int | None) -> str:
    """Return the name of the metric of an experiment that names none."""
    return next(name for name in METRICS if _task(problem, classes) in load_metric(name).default_for)


def _task(problem: str, classes: int | None) -> Task:
    """The task that a problem is; classes that have not been counted may be more than two."""
    if problem == "regression":
        return "regression"
    return "binary" if classes == 2 else "multiclass"
