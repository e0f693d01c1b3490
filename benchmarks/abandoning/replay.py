"""Replays of the score matrices: four candidates at a time, folds in the order in which they end, with a rule."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from statistics import fmean

from benchmarks.abandoning.matrices import N_SPLITS, Matrix, load
from benchmarks.abandoning.tuning import RULES, Tuning, duration

SEEDS = range(50)
SAME_WINNER = 0.98
"""The least share of the replays that must keep the winner, for each K."""
TEST_LOSS = 0.05
"""The most points that the winner may lose on the holdout in the mean, for each K."""
EQUAL = 1e-8
"""Means that differ by less, in the matrix's unit, are a tie: scores are kept with nine digits."""


@dataclass(frozen=True)
class Replay:
    """One replay against the same tuning without a rule.

    `loss` is what the winner's holdout score is lower by, in points; the others are shares of what there was without.
    """

    matrix: str
    same: bool
    loss: float
    folds: float
    fold_time: float
    wall: float
    given_up: float


@dataclass(frozen=True)
class Summary:
    """All replays of one K with one rule; `worst_matrix` is the lowest share of the same winner in one matrix."""

    n_splits: int
    replays: int
    same: float
    worst_matrix: tuple[float, str]
    mean_loss: float
    worst_loss: float
    folds: float
    fold_time: float
    wall: float
    given_up: float

    @classmethod
    def of(cls, n_splits: int, replays: Sequence[Replay]) -> Summary:
        """From the replays of all matrices."""
        names = sorted({one.matrix for one in replays})
        return cls(
            n_splits,
            len(replays),
            same=fmean(one.same for one in replays),
            worst_matrix=min((fmean(one.same for one in replays if one.matrix == name), name) for name in names),
            mean_loss=fmean(one.loss for one in replays),
            worst_loss=max(one.loss for one in replays),
            folds=fmean(one.folds for one in replays),
            fold_time=fmean(one.fold_time for one in replays),
            wall=fmean(one.wall for one in replays),
            given_up=fmean(one.given_up for one in replays),
        )

    @property
    def met(self) -> bool:
        """Whether the winner is kept as often, and loses as little, as promised."""
        return self.same >= SAME_WINNER and self.mean_loss <= TEST_LOSS


class Drawn:
    """The candidates of a matrix in some order; with one seed always the same order and durations."""

    def __init__(self, matrix: Matrix, seed: int, side_by_side: bool = True) -> None:
        """Folds run side by side, as jobs do, or one after another, as in a candidate's own instance of one core."""
        self.n_splits = len(matrix.scores[0])
        self._matrix = matrix
        generator = random.Random(f"{matrix.name} {self.n_splits} {seed}")
        self._left = list(range(len(matrix.scores)))
        generator.shuffle(self._left)
        durations = [[duration(generator) for _ in range(self.n_splits)] for _ in matrix.scores]
        self._spans = [
            [(0.0, one) for one in some] if side_by_side else list(pairwise(accumulate(some, initial=0.0)))
            for some in durations
        ]

    def ask(self) -> int | None:
        """The next candidate."""
        return self._left.pop() if self._left else None

    def tell(self, candidate: int, value: float) -> None:
        """Nothing is learned: the order is fixed."""

    def span(self, candidate: int, fold: int) -> tuple[float, float]:
        """When the fold begins and ends."""
        return self._spans[candidate][fold]

    def score(self, candidate: int, fold: int) -> float:
        """What the fold scores."""
        return self._matrix.scores[candidate][fold]


def replay(matrix: Matrix, rule: str, seed: int, side_by_side: bool = True) -> Replay:
    """Tune in one order of the candidates, with the rule and without."""
    off, on = (Tuning(Drawn(matrix, seed, side_by_side), RULES[name]).run() for name in ("off", rule))
    best, kept = winner(matrix, off.complete), winner(matrix, on.complete)
    return Replay(
        matrix.name,
        same=_ties(matrix, fmean(matrix.scores[best]), fmean(matrix.scores[kept])),
        loss=100 * (matrix.test[best] - matrix.test[kept]) / matrix.unit,
        folds=on.folds / off.folds,
        fold_time=on.fold_time / off.fold_time,
        wall=on.wall / off.wall,
        given_up=on.given_up / len(matrix.scores),
    )


def summaries(rule: str, side_by_side: bool, pool: Executor) -> list[tuple[Summary, list[Replay]]]:
    """All matrices and seeds with each K, not pooled."""
    found = []
    for n_splits in N_SPLITS:
        of_each = pool.map(partial(_replays, rule=rule, side_by_side=side_by_side), load(n_splits))
        every = [one for some in of_each for one in some]
        found.append((Summary.of(n_splits, every), every))
    return found


def winner(matrix: Matrix, complete: Iterable[int]) -> int:
    """The complete candidate with the best mean, the first of those that tie."""
    means = {candidate: fmean(matrix.scores[candidate]) for candidate in complete}
    return min(one for one, mean in means.items() if _ties(matrix, mean, max(means.values())))


def _replays(matrix: Matrix, rule: str, side_by_side: bool) -> list[Replay]:
    return [replay(matrix, rule, seed, side_by_side) for seed in SEEDS]


def _ties(matrix: Matrix, one: float, other: float) -> bool:
    return abs(one - other) < EQUAL * matrix.unit
