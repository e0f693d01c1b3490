"""Makes the score matrices under data/: `python -m benchmarks.abandoning.make_matrices [--again]`.

For each pair of model and dataset some 100 candidates are drawn; each is scored in every fold of 3, 5 and 10, and on a
holdout. A pair whose file is there is left alone unless it is made `--again`; the same code makes the same file.
"""

from __future__ import annotations

import json
import sys
import warnings
import zlib
from typing import Any

import numpy as np

from benchmarks.abandoning.datasets import load
from benchmarks.abandoning.fits import Fits, Pair
from benchmarks.abandoning.matrices import DATA, N_SPLITS

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
    Pair("diabetes", "neighbours", "r2", 120),
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
    """The pair's matrix: `scores` by K and candidate, `test` by candidate, and the `unit` they are counted in."""
    fits = Fits(pair, load(pair.dataset))
    generator = np.random.default_rng(zlib.crc32(pair.name.encode()))
    candidates = [fits.model.draw(generator) for _ in range(pair.candidates)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a candidate may not converge: that is its score
        return {
            "unit": fits.unit,
            "scores": {
                n_splits: [[fits.in_fold(drawn, *rows) for rows in fits.folds(n_splits)] for drawn in candidates]
                for n_splits in N_SPLITS
            },
            "test": [fits.on_holdout(drawn) for drawn in candidates],
        }


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
