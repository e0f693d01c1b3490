"""scikit-learn's scorers, by the problems that they fit."""

from __future__ import annotations

_ANY_CLASSES = frozenset(
    {
        "accuracy",
        "balanced_accuracy",
        "matthews_corrcoef",
        "neg_log_loss",
        "f1_macro",
        "f1_micro",
        "f1_weighted",
        "precision_macro",
        "precision_micro",
        "precision_weighted",
        "recall_macro",
        "recall_micro",
        "recall_weighted",
    }
)
BINARY = _ANY_CLASSES | {"roc_auc", "average_precision", "f1", "precision", "recall", "jaccard", "neg_brier_score"}
MULTICLASS = _ANY_CLASSES | {"roc_auc_ovr", "roc_auc_ovo", "roc_auc_ovr_weighted", "roc_auc_ovo_weighted"}
REGRESSION = frozenset(
    {
        "r2",
        "explained_variance",
        "neg_mean_absolute_error",
        "neg_mean_squared_error",
        "neg_root_mean_squared_error",
        "neg_median_absolute_error",
        "neg_mean_absolute_percentage_error",
        "neg_max_error",
    }
)
METRICS = BINARY | MULTICLASS | REGRESSION


def fitting(problem: str, classes: int | None) -> frozenset[str]:
    """Return the scorers that fit a problem; `classes` is None when they have not been counted."""
    if problem == "regression":
        return REGRESSION
    if classes is None:
        return BINARY | MULTICLASS
    return BINARY if classes == 2 else MULTICLASS


def best_possible(metric: str) -> int:
    """Return the score that a perfect model has: losses are negated, everything else is a share."""
    return 0 if metric.startswith("neg_") else 1


def class_bounds(metric: str) -> list[int | None]:
    """Return the fewest and the most classes that a metric of classification is for; None is no bound."""
    if metric not in MULTICLASS:
        return [2, 2]
    return [2, None] if metric in BINARY else [3, None]


def default(problem: str, classes: int | None) -> str:
    """Return the metric of an experiment that names none."""
    if problem == "regression":
        return "r2"
    return "roc_auc" if classes == 2 else "balanced_accuracy"
