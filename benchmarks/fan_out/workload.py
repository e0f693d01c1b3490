"""What the folds of a tuning job take and score: the same for every side."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.fan_out.constants import CANDIDATES, VARIATION
from warmfold_run import names
from warmfold_run.records import FoldResult


@dataclass(frozen=True)
class Case:
    """A tuning job: K, M, how many candidates, and the mean seconds of a fold."""

    n_splits: int
    slots: int
    fold_seconds: float
    candidates: int = CANDIDATES


@dataclass(frozen=True)
class Workload:
    """Seconds and scores by candidate (from 0) and fold."""

    seconds: Sequence[Sequence[float]]
    scores: Sequence[Sequence[float]]

    def result(self, candidate: int, fold: int) -> FoldResult:
        """What training code makes of a fold: a single-threaded fit that takes all of its time."""
        seconds, score = self.seconds[candidate][fold], self.scores[candidate][fold]
        return {
            "train_score": score,
            "validation_score": score,
            "fit_seconds": seconds,
            "seconds": seconds,
            "cpu_seconds": seconds,
            "rows": {"train": 400, "validation": 100},
        }


def drawn(case: Case, seed: int, matrix: Sequence[Sequence[float]]) -> Workload:
    """A seed's seconds, and the candidates of a score matrix in a seed's order, over and over if it has too few."""
    generator = random.Random(seed)
    sigma = math.sqrt(math.log(1 + VARIATION**2))
    mu = math.log(case.fold_seconds) - sigma**2 / 2
    seconds = [[generator.lognormvariate(mu, sigma) for _ in range(case.n_splits)] for _ in range(case.candidates)]
    scores: list[Sequence[float]] = []
    while len(scores) < case.candidates:
        rows = list(matrix)
        generator.shuffle(rows)
        scores += rows
    return Workload(seconds, scores[: case.candidates])


def candidate_and_fold(job: str) -> tuple[str, int, int]:
    """Candidate, its number from 0, and fold, by the name of a fold job; ValueError for another job's."""
    fold_job = names.parse_fold_job(job)
    candidate = names.parse_candidate(fold_job.candidate) if fold_job else None
    if fold_job is None or candidate is None:
        raise ValueError(f"training job {job} is no fold job")
    return fold_job.candidate, candidate.number - 1, fold_job.fold
