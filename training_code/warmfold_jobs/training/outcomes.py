"""What becomes of the holdout's rows: curves, tables and worst rows, of bounded size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    auc,
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_curve,
)

from warmfold_jobs.data.table import Schema
from warmfold_jobs.training.scoring import Answers
from warmfold_run.diagnostics import Classes, ClassRow, Curve, Numbers, Threshold, WorstRow

MOST_POINTS = 150
"""Of a curve."""
MOST_CURVES = 10
MOST_CLASSES = 30
MOST_TABLE_ROWS = 200
MOST_ROWS = 500
"""Of the sample of true and predicted numbers."""
WORST_ROWS = 10
WORST_FEATURES = 20
CELL_CHARACTERS = 60
BINS = 10
_THRESHOLDS = np.linspace(0.05, 0.95, 19)
_QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
_Array = np.ndarray[Any, Any]


def digits(value: Any) -> float:
    """A number with six digits: more are noise and take room."""
    return float(f"{float(value):.6g}")


def deviation_of(values: _Array, ddof: int = 0) -> float:
    """The standard deviation, of numbers whose squares are beyond what a float holds too."""
    largest = float(np.abs(values).max())
    return largest * float(np.std(values / largest, ddof=ddof)) if largest else 0.0


def cut(value: object) -> str:
    """A cell as it is shown."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= CELL_CHARACTERS else f"{text[: CELL_CHARACTERS - 1]}…"


def sampled_rows(rows: int, most: int, seed: int) -> _Array:
    """The numbers of some of the rows, in order: all of them where there are few."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def residuals_overflow(answers: Answers, labels: _Array) -> bool:
    """Whether predicted numbers are further from the true ones, or those distances apart, than a float can say."""
    with np.errstate(over="ignore", invalid="ignore"):
        return not np.isfinite(np.ptp(labels - answers.predicted))


def classes_told(answers: Answers, labels: _Array, names: list[str]) -> Classes:
    """Curves of each class against the rest, or of the positive one of two; confusion and tables of the largest."""
    counts = np.bincount(labels, minlength=len(names))
    largest = [int(place) for place in np.argsort(-counts, kind="stable")]
    shown = sorted(largest[:MOST_CLASSES])
    binary = len(names) == 2
    drawn = [place for place in ([1] if binary else largest[:MOST_CURVES]) if 0 < counts[place] < len(labels)]
    curves = [(names[place], labels == place, _probability(answers, place)) for place in drawn]
    return {
        "names": [cut(names[place]) for place in shown],
        "confusion": confusion_matrix(labels, answers.predicted, labels=shown).tolist(),
        "table": _table(answers.predicted, labels, names, sorted(largest[:MOST_TABLE_ROWS])),
        "thresholds": [_threshold(value, *curves[0][1:]) for value in _THRESHOLDS] if binary and curves else [],
        "roc": [_roc(*curve) for curve in curves],
        "precision_recall": [_precision_recall(*curve) for curve in curves],
        "calibration": [_calibration(*curve) for curve in curves],
    }


def numbers_told(answers: Answers, labels: _Array, seed: int) -> Numbers:
    """A sample of true and predicted numbers, and how residuals are distributed."""
    residuals = labels - answers.predicted
    rows = sampled_rows(len(labels), MOST_ROWS, seed)
    counts, edges = np.histogram(
        residuals, bins=min(30, max(5, int(np.sqrt(len(labels))))), range=_told_apart(residuals.min(), residuals.max())
    )
    return {
        "true": [digits(value) for value in labels[rows]],
        "predicted": [digits(value) for value in answers.predicted[rows]],
        "residual_quantiles": {f"{share:g}": digits(np.quantile(residuals, share)) for share in _QUANTILES},
        "histogram_edges": [digits(edge) for edge in edges],
        "histogram_counts": [int(count) for count in counts],
    }


def _told_apart(low: float, high: float) -> tuple[float, float]:
    """Both ends, further apart where they are so close that the edges between them would be the same in six digits."""
    apart = max(abs(low), abs(high)) / 1000 or 0.5
    if high - low >= apart:
        return low, high
    largest = np.finfo(float).max
    return max(low - apart, -largest), min(high + apart, largest)


def worst_rows(answers: Answers, labels: _Array, features: pd.DataFrame, schema: Schema) -> list[WorstRow]:
    """The rows that are predicted worst, with their first features."""
    if schema.classes is None:
        errors = np.abs(labels - answers.predicted)
    else:
        errors = 1 - _probabilities_of(answers, labels)
    worst = np.argsort(-errors, kind="stable")[:WORST_ROWS]
    shown = schema.features[:WORST_FEATURES]

    def told(value: Any) -> str:
        return cut(float(value)) if schema.classes is None else cut(schema.classes[int(value)])

    return [
        {
            "row": int(row),
            "true": told(labels[row]),
            "predicted": told(answers.predicted[row]),
            "error": digits(errors[row]),
            "features": {cut(column): _shown(features[column].iloc[row]) for column in shown},
        }
        for row in worst
    ]


def _shown(value: Any) -> str:
    return "" if pd.isna(value) else cut(value)


def _probability(answers: Answers, place: int) -> _Array:
    """The probability of a class by row: 0 where no training row was of it."""
    if answers.probabilities is None or answers.classes is None:
        raise ValueError("a regression has no probabilities")
    known = np.flatnonzero(answers.classes == place)
    if not len(known):
        return np.zeros(len(answers.predicted))
    column: _Array = answers.probabilities[:, known[0]]
    return column


def _probabilities_of(answers: Answers, labels: _Array) -> _Array:
    """The probability of each row's own class: 0 where no training row was of it."""
    if answers.probabilities is None or answers.classes is None:
        raise ValueError("a regression has no probabilities")
    places = np.searchsorted(answers.classes, labels).clip(max=len(answers.classes) - 1)
    found: _Array = answers.probabilities[np.arange(len(labels)), places]
    return np.where(answers.classes[places] == labels, found, 0.0)


def _table(predicted: _Array, labels: _Array, names: list[str], shown: list[int]) -> list[ClassRow]:
    told = precision_recall_fscore_support(labels, predicted, labels=shown, zero_division=0)
    return [
        {
            "name": cut(names[place]),
            "precision": digits(precision),
            "recall": digits(recall),
            "f1": digits(f1),
            "support": int(support),
        }
        for place, precision, recall, f1, support in zip(shown, *told, strict=True)
    ]


def _threshold(value: float, truth: _Array, probability: _Array) -> Threshold:
    (tn, fp), (fn, tp) = confusion_matrix(truth, probability >= value, labels=[False, True]).tolist()
    return {
        "threshold": digits(value),
        "true_positives": tp,
        "false_positives": fp,
        "false_negatives": fn,
        "true_negatives": tn,
        "precision": digits(tp / (tp + fp)) if tp + fp else None,
        "recall": digits(tp / (tp + fn)) if tp + fn else None,
    }


def _roc(name: str, truth: _Array, probability: _Array) -> Curve:
    x, y, _ = roc_curve(truth, probability)
    return _curve(name, x, y, auc(x, y))


def _precision_recall(name: str, truth: _Array, probability: _Array) -> Curve:
    precision, recall, _ = precision_recall_curve(truth, probability)
    return _curve(name, recall[::-1], precision[::-1], average_precision_score(truth, probability))


def _calibration(name: str, truth: _Array, probability: _Array) -> Curve:
    observed, predicted = calibration_curve(truth, probability, n_bins=BINS, strategy="quantile")
    return _curve(name, predicted, observed, None)


def _curve(name: str, x: _Array, y: _Array, area: float | None) -> Curve:
    """Its points thinned out by their place, the ends kept."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).round().astype(int))
    return {
        "name": cut(name),
        "x": [digits(value) for value in x[kept]],
        "y": [digits(value) for value in y[kept]],
        "area": None if area is None else digits(area),
    }
