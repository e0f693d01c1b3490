"""Tunes live with the rule on and off: the local cloud's own Bayesian strategy is told what candidates report.

One seed is one pair: the same holdout, folds and first candidates on both sides, which part as soon as one is given up.
"""

from __future__ import annotations

import json
import math
import random
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from scipy.stats import t as student

from benchmarks.abandoning.datasets import load
from benchmarks.abandoning.fits import Fits, Pair
from benchmarks.abandoning.search_spaces import Between, Space
from benchmarks.abandoning.tuning import RULES, Run, Tuning, duration
from warmfold.cloud.sagemaker.sampler import Sampler

RESULTS = Path(__file__).parent / "live.json"
"""What the last live benchmark found: kept, because it takes minutes."""

CANDIDATES = 30
N_SPLITS = 5
SEEDS = range(20)
TASKS = (
    (Pair("breast_cancer", "boosting", "roc_auc"), None),
    (Pair("many_classes", "vectors", "roc_auc"), 500),
    (Pair("many_friedman", "boosting", "r2"), 400),
)
"""Models on datasets, and how many rows they train on where it is not the usual share."""

ERROR_RATE = 0.05
MARGIN = 0.5
"""No worse, settled before the first run: on no dataset does a one-sided paired t-test over the seeds find the winner's
holdout score lower with the rule (5%, shared among the datasets), and over all pairs the lower end of the one-sided 95%
interval of the mean difference is above minus so many points."""


@dataclass(frozen=True)
class Difference:
    """One seed's tuning with the rule against without; scores in points, on minus off, folds as a share."""

    task: str
    seed: int
    holdout: float
    validation: float
    folds: float
    wall: float


@dataclass(frozen=True)
class Comparison:
    """Differences put together; `p_value` is that of a holdout score no lower, `low` the end of its 95% interval."""

    task: str
    pairs: int
    holdout: float
    standard_error: float
    low: float
    p_value: float
    validation: float
    folds: float
    wall: float

    @classmethod
    def of(cls, task: str, differences: Sequence[Difference]) -> Comparison:
        """From some pairs; two at least."""
        holdout = [one.holdout for one in differences]
        mean, error, freedom = fmean(holdout), stdev(holdout) / math.sqrt(len(holdout)), len(holdout) - 1
        return cls(
            task,
            len(holdout),
            holdout=mean,
            standard_error=error,
            low=mean - float(student.ppf(1 - ERROR_RATE, freedom)) * error,
            p_value=float(student.cdf(mean / error, freedom)) if error else float(mean >= 0),
            validation=fmean(one.validation for one in differences),
            folds=fmean(one.folds for one in differences),
            wall=fmean(one.wall for one in differences),
        )


class Proposed:
    """Candidates that the Bayesian strategy proposes; their folds are fitted when they end."""

    def __init__(self, fits: Fits, seed: int, known: dict[tuple[str, int], float]) -> None:
        """`known` keeps scores by hyperparameters and fold, for both sides of a pair."""
        self.n_splits = N_SPLITS
        self._fits, self._known, self._left = fits, known, CANDIDATES
        self._space = fits.model.space
        self._sampler = Sampler(ranges(self._space), "Bayesian", seed)
        self._random = random.Random(seed)
        self._folds = fits.folds(N_SPLITS)
        self.drawn: dict[int, dict[str, Any]] = {}

    def ask(self) -> int | None:
        """The next candidate, while there are some left."""
        if not self._left:
            return None
        self._left -= 1
        number, values = self._sampler.ask()
        self.drawn[number] = {name: decoded(self._space[name], value) for name, value in values.items()}
        return number

    def tell(self, candidate: int, value: float) -> None:
        """The strategy learns from it, whether it was complete or not."""
        self._sampler.tell(candidate, value)

    def span(self, candidate: int, fold: int) -> tuple[float, float]:  # noqa: ARG002
        """When the fold begins and ends: all of a candidate's begin with it."""
        return 0.0, duration(self._random)

    def score(self, candidate: int, fold: int) -> float:
        """What the fold scores."""
        drawn = self.drawn[candidate]
        key = (json.dumps(drawn), fold)
        if key not in self._known:
            self._known[key] = self._fits.in_fold(drawn, *self._folds[fold])
        return self._known[key]


def ranges(space: Space) -> Mapping[str, list[dict[str, str]]]:
    """A search space as SageMaker's ParameterRanges; TypeError for a list, which no live task has."""
    found: dict[str, list[dict[str, str]]] = {"IntegerParameterRanges": [], "ContinuousParameterRanges": []}
    for name, entry in space.items():
        if not isinstance(entry, Between):
            raise TypeError(f"{name} is a list of values; live tasks tune ranges only")
        found["IntegerParameterRanges" if entry.whole else "ContinuousParameterRanges"].append(
            {
                "Name": name,
                "MinValue": str(entry.low),
                "MaxValue": str(entry.high),
                "ScalingType": "Logarithmic" if entry.logarithmic else "Linear",
            }
        )
    return found


def decoded(entry: Any, value: str) -> float | int:
    """A value as a number, from SageMaker's string."""
    return int(value) if entry.whole else float(value)


def difference(task: int, seed: int) -> Difference:
    """Tune with the rule and without."""
    pair, rows = TASKS[task]
    fits = Fits(pair, load(pair.dataset, rows, seed))
    known: dict[tuple[str, int], float] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a candidate may not converge: that is its score
        (off, off_score), (on, on_score) = (_tuned(rule, fits, seed, known) for rule in ("off", "forgiving"))
    points = 100 / fits.unit
    return Difference(
        pair.name,
        seed,
        holdout=points * (on_score - off_score),
        validation=points * (_best(on)[1] - _best(off)[1]),
        folds=on.folds / off.folds,
        wall=on.wall / off.wall,
    )


def compare(pool: Executor) -> list[Difference]:
    """All datasets and seeds."""
    pairs = [(task, seed) for task in range(len(TASKS)) for seed in SEEDS]
    return list(pool.map(difference, *zip(*pairs, strict=True)))


def comparisons(differences: Sequence[Difference]) -> list[Comparison]:
    """For each dataset, then for all."""
    return [
        *(Comparison.of(pair.name, [one for one in differences if one.task == pair.name]) for pair, _ in TASKS),
        Comparison.of("all", differences),
    ]


def no_worse(found: Sequence[Comparison]) -> bool:
    """Whether the rule costs nothing, as MARGIN's text says."""
    *datasets, every = found
    return every.low > -MARGIN and all(one.p_value >= ERROR_RATE / len(datasets) for one in datasets)


def keep(differences: Sequence[Difference]) -> None:
    """Write the results."""
    RESULTS.write_text("[\n" + ",\n".join(json.dumps(asdict(one)) for one in differences) + "\n]\n")


def kept() -> list[Difference]:
    """The results of the last time."""
    return [Difference(**one) for one in json.loads(RESULTS.read_text())]


def _tuned(rule: str, fits: Fits, seed: int, known: dict[tuple[str, int], float]) -> tuple[Run, float]:
    candidates = Proposed(fits, seed, known)
    run = Tuning(candidates, RULES[rule]).run()
    return run, fits.on_holdout(candidates.drawn[_best(run)[0]])


def _best(run: Run) -> tuple[int, float]:
    return min(((one, fmean(scores)) for one, scores in run.complete.items()), key=lambda found: (-found[1], found[0]))
