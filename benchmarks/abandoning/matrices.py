"""The score matrices under data/, made by make_matrices.py."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
N_SPLITS = (3, 5, 10)


@dataclass(frozen=True)
class Matrix:
    """What the candidates of one model on one dataset score; higher is better.

    `scores[candidate][fold]` are validation scores, `test[candidate]` holdout scores; `unit` is what a score is counted
    in: 1, or for a loss that of the best constant prediction.
    """

    name: str
    metric: str
    unit: float
    scores: tuple[tuple[float, ...], ...]
    test: tuple[float, ...]


def load(n_splits: int) -> list[Matrix]:
    """All matrices with so many folds, by name; KeyError for another number than 3, 5 and 10."""
    read = [json.loads(path.read_text()) for path in sorted(DATA.glob("*.json"))]
    return [
        Matrix(
            one["name"],
            one["metric"],
            one["unit"],
            tuple(tuple(row) for row in one["scores"][str(n_splits)]),
            tuple(one["test"]),
        )
        for one in read
    ]
