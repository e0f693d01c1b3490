"""diagnostics.json: what the holdout tells of the final model in detail, bounded, with what it lacks."""

from __future__ import annotations

from typing import Annotated, TypedDict

SCHEMA = 1
MOST_BYTES = 1_000_000
"""How large the file may be."""


class Curve(TypedDict):
    """A curve of one class against the rest, thinned out."""

    name: Annotated[str, "the class"]
    x: Annotated[list[float], "false positive rates, recalls, or mean predicted probabilities"]
    y: Annotated[list[float], "true positive rates, precisions, or the share that truly is of the class"]
    area: Annotated[float | None, "under the curve; of precision and recall the average precision"]


class Threshold(TypedDict):
    """What becomes of the rows where the positive class is predicted from a probability on."""

    threshold: Annotated[float, "the least probability"]
    true_positives: Annotated[int, "rows rightly predicted to be positive"]
    false_positives: Annotated[int, "rows wrongly predicted to be"]
    false_negatives: Annotated[int, "positive rows that are missed"]
    true_negatives: Annotated[int, "rows rightly predicted not to be"]
    precision: Annotated[float | None, "null where no row is predicted to be positive"]
    recall: Annotated[float | None, "null where no row is positive"]


class ClassRow(TypedDict):
    """How one class is predicted."""

    name: Annotated[str, "the class, as written in the data"]
    precision: Annotated[float, "of the rows predicted to be of it, the share that are"]
    recall: Annotated[float, "of its rows, the share predicted to be"]
    f1: Annotated[float, "the harmonic mean of both"]
    support: Annotated[int, "its rows in the holdout"]


class Classes(TypedDict):
    """How classes are predicted; curves and the confusion are of the most frequent ones where there are many."""

    names: Annotated[list[str], "the classes of `confusion`"]
    confusion: Annotated[list[list[int]], "rows by true class and, in them, by predicted class"]
    table: Annotated[list[ClassRow], "class by class"]
    thresholds: Annotated[list[Threshold], "of two classes; else empty"]
    roc: Annotated[list[Curve], "ROC curves"]
    precision_recall: Annotated[list[Curve], "precision by recall"]
    calibration: Annotated[list[Curve], "observed by predicted probability, in bins of equally many rows"]


class Numbers(TypedDict):
    """How numbers are predicted; a residual is the true number less the predicted one."""

    true: Annotated[list[float], "of a sample of rows"]
    predicted: Annotated[list[float], "of the same rows"]
    residual_quantiles: Annotated[dict[str, float], "by share of the rows, such as `0.05`"]
    histogram_edges: Annotated[list[float], "of the residuals: one more than counts"]
    histogram_counts: Annotated[list[int], "rows between two edges"]


class WorstRow(TypedDict):
    """A row of the holdout that is predicted worst."""

    row: Annotated[int, "its number in the holdout, from 0"]
    true: Annotated[str, "the target"]
    predicted: Annotated[str, "the prediction"]
    error: Annotated[float, "the absolute residual, or 1 less the probability of the true class"]
    features: Annotated[dict[str, str], "its first features, cut short"]


class Importance(TypedDict):
    """How much worse the model does when features that belong together are shuffled together."""

    features: Annotated[list[str], "one, or several whose rank correlation is high"]
    drop: Annotated[float, "the score lost, mean over the shuffles"]
    deviation: Annotated[float, "its standard deviation over the shuffles"]


class Dependence(TypedDict):
    """What the model predicts on average when a feature has a value in every row."""

    feature: Annotated[str, "which"]
    values: Annotated[list[float | str], "of the feature: quantiles of numbers and dates, frequent texts"]
    predicted: Annotated[list[float], "for each of them"]
    what: Annotated[str, "what is predicted: the target, or the probability of a class"]


class ColumnDrift(TypedDict):
    """How a column of the rows to score differs from the training rows."""

    column: Annotated[str, "which"]
    psi: Annotated[float | None, "population stability index; over 0.25 is much. Null where either has no value"]
    missing_training: Annotated[float, "share of the training rows without a value"]
    missing_score: Annotated[float, "share of the rows to score without one"]
    unseen: Annotated[float, "share of values that training has not: categories, or numbers out of its range"]
    examples: Annotated[list[str], "some of them"]


class Drift(TypedDict):
    """The rows to score against the training rows."""

    rows: Annotated[int, "rows to score that were looked at"]
    whole: Annotated[bool, "whether these are all"]
    columns: Annotated[list[ColumnDrift], "those that differ most first"]


class LeftOut(TypedDict):
    """What the file does not say."""

    what: Annotated[str, "which part"]
    why: Annotated[str, "the reason, with numbers"]


class Diagnostics(TypedDict):
    """model/diagnostics.json: the whole of it."""

    schema: Annotated[int, "the version of this shape"]
    run: Annotated[str, "the run that made it"]
    rows: Annotated[int, "of the holdout"]
    classes: Annotated[Classes | None, "of a classification"]
    numbers: Annotated[Numbers | None, "of a regression"]
    worst_rows: Annotated[list[WorstRow], "the worst first"]
    importance: Annotated[list[Importance], "the most important first"]
    dependence: Annotated[list[Dependence], "of the three most important features"]
    drift: Annotated[Drift | None, "null where there was no predict.csv"]
    left_out: Annotated[list[LeftOut], "what is not there, and why"]
    seconds: Annotated[float, "that it took"]
