"""The datasets behind the matrices: those that come with scikit-learn, and made ones with noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split

HOLDOUT = 0.3
SEED = 20240607

Array = np.ndarray[Any, Any]
Rows = tuple[Array, Array]


@dataclass(frozen=True)
class Dataset:
    """Rows to cross-validate on, and rows that no candidate sees."""

    classifies: bool
    features: Array
    target: Array
    holdout_features: Array
    holdout_target: Array


def load(name: str, rows_to_train: int | None = None, seed: int = SEED) -> Dataset:
    """The dataset of this name; the seed says which rows are its holdout: a fixed share, or all but so many.

    Raises KeyError for a name there is none of.
    """
    size = {"test_size": HOLDOUT} if rows_to_train is None else {"train_size": rows_to_train}
    classifies, rows = SOURCES[name]
    features, target = rows()
    parts = train_test_split(features, target, **size, random_state=seed, stratify=target if classifies else None)
    return Dataset(classifies, parts[0], parts[2], parts[1], parts[3])


def _bundled(loader: Callable[..., Rows], rows: int | None = None) -> Callable[[], Rows]:
    def read() -> Rows:
        features, target = loader(return_X_y=True)
        chosen = np.random.default_rng(SEED).permutation(len(target))[:rows]
        return features[chosen], target[chosen]

    return read


def _made(maker: Callable[..., Rows], **settings: Any) -> Callable[[], Rows]:
    return lambda: maker(random_state=SEED, **settings)


SOURCES: dict[str, tuple[bool, Callable[[], Rows]]] = {
    "breast_cancer": (True, _bundled(datasets.load_breast_cancer)),
    "wine": (True, _bundled(datasets.load_wine)),
    "iris": (True, _bundled(datasets.load_iris)),
    "digits": (True, _bundled(datasets.load_digits, 700)),
    "diabetes": (False, _bundled(datasets.load_diabetes)),
    "noisy_classes": (
        True,
        _made(datasets.make_classification, n_samples=700, n_features=20, n_informative=6, flip_y=0.1, class_sep=0.8),
    ),
    "rare_class": (
        True,
        _made(datasets.make_classification, n_samples=900, n_features=12, n_informative=5, weights=[0.9], flip_y=0.03),
    ),
    "four_classes": (
        True,
        _made(datasets.make_classification, n_samples=600, n_features=15, n_informative=6, n_classes=4, flip_y=0.05),
    ),
    "friedman": (False, _made(datasets.make_friedman1, n_samples=500, noise=1.0)),
    "many_classes": (
        True,
        _made(datasets.make_classification, n_samples=4000, n_features=20, n_informative=6, flip_y=0.1, class_sep=0.8),
    ),
    "many_friedman": (False, _made(datasets.make_friedman1, n_samples=4000, noise=1.0)),
}
"""By name: whether it is a classification, and how its rows are read or made."""
