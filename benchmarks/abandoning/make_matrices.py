"""Makes the score matrices under data/: `python -m benchmarks.abandoning.make_matrices [--again]`.

For each pair of model and dataset some 100 candidates are drawn; each is scored in every fold of 3, 5 and 10, and on a
holdout. A pair whose file is there is left alone unless it is made `--again`; the same code makes the same file.
"""

from __future__ import annotations

import json
import sys
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold

from benchmarks.abandoning.datasets import Array, Dataset, load
from benchmarks.abandoning.matrices import DATA, N_SPLITS
from benchmarks.abandoning.search_spaces import CLASSIFIERS, REGRESSORS, Model

DIGITS = 9
"""Significant digits of a score that is kept."""


@dataclass(frozen=True)
class Pair:
    """A model on a dataset, scored by a scikit-learn scorer."""

    dataset: str
    model: str
    metric: str
    candidates: int = 110

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"{self.dataset}-{self.model}-{self.metric}"


PAIRS = (
    Pair("breast_cancer", "boosting", "roc_auc", 100),
    Pair("breast_cancer", "forest", "roc_auc", 100),
    Pair("breast_cancer", "linear", "neg_log_loss", 120),
    Pair("breast_cancer", "vectors", "accuracy", 120),
    Pair("breast_cancer", "neighbours", "roc_auc"),
    Pair("breast_cancer", "tree", "roc_auc", 120),
    Pair("wine", "linear", "neg_log_loss", 120),
    Pair("wine", "extra_trees", "neg_log_loss"),
    Pair("iris", "linear", "accuracy", 120),
    Pair("iris", "vectors", "accuracy", 120),
    Pair("digits", "vectors", "accuracy"),
    Pair("digits", "neighbours", "accuracy"),
    Pair("digits", "extra_trees", "accuracy", 100),
    Pair("noisy_classes", "boosting", "roc_auc", 100),
    Pair("noisy_classes", "forest", "neg_log_loss", 100),
    Pair("noisy_classes", "vectors", "roc_auc"),
    Pair("noisy_classes", "network", "accuracy", 100),
    Pair("rare_class", "boosting", "neg_log_loss", 100),
    Pair("rare_class", "linear", "roc_auc", 120),
    Pair("rare_class", "tree", "roc_auc", 120),
    Pair("four_classes", "network", "neg_log_loss", 100),
    Pair("four_classes", "tree", "accuracy", 120),
    Pair("four_classes", "neighbours", "accuracy"),
    Pair("diabetes", "linear", "neg_root_mean_squared_error", 120),
    Pair("diabetes", "boosting", "neg_root_mean_squared_error", 100),
    Pair("diabetes", "forest", "r2", 100),
    Pair("diabetes", "neighbours", "r2", 120),
    Pair("noisy_line", "linear", "neg_root_mean_squared_error", 120),
    Pair("noisy_line", "extra_trees", "r2", 100),
    Pair("friedman", "boosting", "r2", 100),
    Pair("friedman", "vectors", "neg_root_mean_squared_error", 120),
    Pair("friedman", "tree", "r2", 120),
)


def main(arguments: list[str]) -> int:
    """Make what is missing, or everything."""
    DATA.mkdir(exist_ok=True)
    for pair in PAIRS:
        path = DATA / f"{pair.name}.json"
        if path.exists() and "--again" not in arguments:
            continue
        path.write_text(as_text(pair, made(pair)))
        print(path.name, flush=True)
    return 0


def made(pair: Pair) -> dict[str, Any]:
    """The pair's matrix: `scores` by K and candidate, `test` by candidate, and the `unit` of a loss."""
    data = load(pair.dataset)
    model = (CLASSIFIERS if data.classifies else REGRESSORS)[pair.model]
    generator = np.random.default_rng(zlib.crc32(pair.name.encode()))
    candidates = [model.draw(generator) for _ in range(pair.candidates)]
    everything = np.arange(len(data.target))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a bad candidate may not converge: that is its score
        return {
            "metric": pair.metric,
            "unit": unit(pair, data),
            "scores": {
                n_splits: [fold_scores(pair, data, model, drawn, n_splits) for drawn in candidates]
                for n_splits in N_SPLITS
            },
            "test": [
                scored(pair, model, drawn, data, everything, data.holdout_features, data.holdout_target)
                for drawn in candidates
            ],
        }


def fold_scores(pair: Pair, data: Dataset, model: Model, drawn: dict[str, Any], n_splits: int) -> list[float]:
    """The candidate's K validation scores; all candidates of a pair have the same folds."""
    return [
        scored(pair, model, drawn, data, train, data.features[validation], data.target[validation])
        for train, validation in folds(data, n_splits)
    ]


def folds(data: Dataset, n_splits: int) -> Iterator[tuple[Array, Array]]:
    """Row numbers to train on and to validate on; classes are dealt evenly."""
    splitter = (StratifiedKFold if data.classifies else KFold)(n_splits, shuffle=True, random_state=n_splits)
    return iter(splitter.split(data.features, data.target))


def scored(
    pair: Pair, model: Model, drawn: dict[str, Any], data: Dataset, train: Array, features: Array, target: Array
) -> float:
    """The score on these rows of the candidate trained on those rows of the dataset."""
    fitted = model.build(**drawn).fit(data.features[train], data.target[train])
    return float(f"{get_scorer(pair.metric)(fitted, features, target):.{DIGITS}g}")


def unit(pair: Pair, data: Dataset) -> float:
    """1 for a score between 0 and 1; for a loss, what the best constant prediction loses on the holdout."""
    if not pair.metric.startswith("neg_"):
        return 1.0
    constant = DummyClassifier(strategy="prior") if data.classifies else DummyRegressor()
    constant.fit(data.features, data.target)
    return -float(f"{get_scorer(pair.metric)(constant, data.holdout_features, data.holdout_target):.{DIGITS}g}")


def as_text(pair: Pair, matrix: dict[str, Any]) -> str:
    """JSON with a line for each candidate."""
    scores = {
        str(n_splits): "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"
        for n_splits, rows in matrix["scores"].items()
    }
    return (
        f'{{"name": {json.dumps(pair.name)}, "metric": {json.dumps(pair.metric)}, "unit": {matrix["unit"]!r},\n'
        f'"test": {json.dumps(matrix["test"])},\n"scores": {{'
        + ",\n".join(f'"{n_splits}": {rows}' for n_splits, rows in scores.items())
        + "}}\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
