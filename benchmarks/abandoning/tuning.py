"""Tuning in virtual time, four candidates at once, with a rule that gives some of them up."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

from warmfold_jobs.fan_out import abandoning

IN_FLIGHT = 4
VARIATION = 0.2
"""Standard deviation of a fold's duration over its mean; lognormal."""

FEWEST_FOLDS = 2
"""Finished folds without which the rules that are here for comparison decide nothing."""

Rule = Callable[[Mapping[int, float], Sequence[float]], float | None]


def worst_fold(scores: Mapping[int, float], incumbent: Sequence[float]) -> float | None:
    """For comparison: give up when the mean of two or more folds is no better than the incumbent's worst fold."""
    if FEWEST_FOLDS <= len(scores) < len(incumbent) and fmean(scores.values()) <= min(incumbent):
        return fmean(scores.values())
    return None


def aggressive(scores: Mapping[int, float], incumbent: Sequence[float]) -> float | None:
    """For comparison: give up as soon as the mean of two folds is no better than the incumbent's mean."""
    if FEWEST_FOLDS <= len(scores) < len(incumbent) and fmean(scores.values()) <= fmean(incumbent):
        return fmean(scores.values())
    return None


def never(scores: Mapping[int, float], incumbent: Sequence[float]) -> float | None:  # noqa: ARG001
    """Abandoning switched off."""
    return None


RULES: Mapping[str, Rule] = {
    "off": never,
    "forgiving": abandoning.estimate_if_given_up,
    "worst fold": worst_fold,
    "aggressive": aggressive,
}


def duration(generator: random.Random) -> float:
    """How long a fold takes; 1 in the mean."""
    sigma = math.sqrt(math.log(1 + VARIATION**2))
    return generator.lognormvariate(-(sigma**2) / 2, sigma)


class Candidates(Protocol):
    """Where candidates come from and what they score."""

    n_splits: int

    def ask(self) -> int | None:
        """The next candidate's number; None: there is none left."""

    def tell(self, candidate: int, value: float) -> None:
        """What it reported: the mean of its folds, or what it was given up with."""

    def span(self, candidate: int, fold: int) -> tuple[float, float]:
        """When the fold begins and ends, counted from the candidate's beginning; asked once for each fold."""

    def score(self, candidate: int, fold: int) -> float:
        """What the fold scores; asked when it has ended."""


@dataclass(frozen=True)
class Run:
    """How a tuning went: the complete candidates with their scores, how many were given up, and what it took."""

    complete: Mapping[int, tuple[float, ...]]
    given_up: int
    folds: int
    fold_time: float
    wall: float


class Tuning:
    """Four candidates at a time: the next begins when one has all its folds, or is given up."""

    def __init__(self, candidates: Candidates, rule: Rule) -> None:
        """The rule is asked whenever a fold has ended and whenever there is a new incumbent."""
        self._candidates, self._rule = candidates, rule
        self._ends: list[tuple[float, int, int]] = []
        self._spans: dict[tuple[int, int], tuple[float, float]] = {}
        self._running: dict[int, dict[int, float]] = {}
        self._complete: dict[int, tuple[float, ...]] = {}
        self._incumbent: tuple[float, ...] | None = None
        self._given_up, self._folds, self._fold_time, self._now = 0, 0, 0.0, 0.0

    def run(self) -> Run:
        """Try all candidates."""
        self._fill()
        while self._running:
            self._now, candidate, fold = heapq.heappop(self._ends)
            if candidate in self._running:
                self._end(candidate, fold)
                self._fill()
        return Run(self._complete, self._given_up, self._folds, self._fold_time, self._now)

    def _fill(self) -> None:
        while len(self._running) < IN_FLIGHT and (candidate := self._candidates.ask()) is not None:
            self._running[candidate] = {}
            for fold in range(self._candidates.n_splits):
                begins, ends = self._candidates.span(candidate, fold)
                self._spans[candidate, fold] = self._now + begins, self._now + ends
                heapq.heappush(self._ends, (self._now + ends, candidate, fold))

    def _end(self, candidate: int, fold: int) -> None:
        finished = self._running[candidate]
        finished[fold] = self._candidates.score(candidate, fold)
        self._folds += 1
        self._fold_time += self._now - self._spans[candidate, fold][0]
        if len(finished) < self._candidates.n_splits:
            self._judge(candidate)
            return
        del self._running[candidate]
        scores = tuple(finished[one] for one in range(self._candidates.n_splits))
        self._complete[candidate] = scores
        self._candidates.tell(candidate, fmean(scores))
        if self._incumbent is None or fmean(scores) > fmean(self._incumbent):
            self._incumbent = scores
            for other in list(self._running):
                self._judge(other)

    def _judge(self, candidate: int) -> None:
        finished = self._running[candidate]
        value = None if self._incumbent is None else self._rule(finished, self._incumbent)
        if value is None:
            return
        del self._running[candidate]
        self._given_up += 1
        left = (self._spans[candidate, fold][0] for fold in range(self._candidates.n_splits) if fold not in finished)
        self._fold_time += sum(max(0.0, self._now - begun) for begun in left)
        self._candidates.tell(candidate, value)
