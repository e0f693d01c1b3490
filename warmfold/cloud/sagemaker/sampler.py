"""Which hyperparameters to try next: SageMaker's ranges and strategies over Optuna's samplers."""

import itertools
import math
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.trial import Trial, TrialState

from warmfold.cloud.sagemaker.errors import validation_error

AUTO_LOGARITHMIC_RATIO = 100.0
"""ScalingType Auto is logarithmic where a positive range spans at least this factor, and linear elsewhere."""
STARTUP_CANDIDATES = 8
"""How many candidates are drawn at random before the Bayesian strategy begins to learn."""
STRATEGIES = ("Bayesian", "Random", "Grid")

Values = dict[str, str]


class Sampler:
    """Proposes hyperparameter values and learns from what they scored; higher is better. Thread-safe.

    `ranges` is SageMaker's ParameterRanges, `strategy` is Bayesian, Random or Grid. One seed and one order of asks and
    tells give one sequence of values. Raises ServiceError (ValidationException) for ranges no job can be tuned over.
    """

    def __init__(self, ranges: Mapping[str, Sequence[Mapping[str, Any]]], strategy: str, seed: int) -> None:
        self._parameters: list[_Continuous | _Integer | _Categorical] = [
            *(_Continuous(item) for item in ranges.get("ContinuousParameterRanges", ())),
            *(_Integer(item) for item in ranges.get("IntegerParameterRanges", ())),
            *(_Categorical(item) for item in ranges.get("CategoricalParameterRanges", ())),
        ]
        _check(ranges, [parameter.name for parameter in self._parameters], strategy)
        self._lock = threading.Lock()
        self._asked: dict[int, Trial] = {}
        self._grid = _grid(ranges) if strategy == "Grid" else None
        self._next = 0
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            chooser = optuna.samplers.RandomSampler(seed=seed) if strategy == "Random" else _tree_parzen(seed)
            self._study = optuna.create_study(direction="maximize", sampler=chooser)

    @property
    def size(self) -> int | None:
        """How many combinations a Grid has; None for a strategy that never runs out."""
        return None if self._grid is None else len(self._grid)

    @property
    def combinations(self) -> int | None:
        """How many different candidates there can be; None with a continuous range, which has no end of them."""
        counts = [parameter.count for parameter in self._parameters]
        return None if None in counts else math.prod(count for count in counts if count is not None)

    def ask(self) -> tuple[int, Values]:
        """The next candidate: an id for `tell`, and its values as SageMaker writes them; LookupError past a grid."""
        with self._lock:
            if self._grid is not None:
                number = self._next
                if number >= len(self._grid):
                    raise LookupError(f"all {len(self._grid)} combinations of the grid were asked for")
                self._next += 1
                return number, dict(self._grid[number])
            trial = self._study.ask()
            self._asked[trial.number] = trial
            return trial.number, {parameter.name: parameter.suggest(trial) for parameter in self._parameters}

    def learn(self, values: Mapping[str, str], score: float) -> None:
        """Take in what values of another search scored; ignored where a range does not hold one, and by a Grid."""
        known = {parameter.name: parameter.known(values.get(parameter.name)) for parameter in self._parameters}
        if self._grid is not None or None in known.values():
            return
        distributions: dict[str, BaseDistribution] = {
            parameter.name: parameter.distribution for parameter in self._parameters
        }
        with self._lock:
            self._study.add_trial(optuna.trial.create_trial(params=known, distributions=distributions, value=score))

    def tell(self, number: int, value: float | None) -> None:
        """What the candidate scored; None, or a number that is not finite: it scored nothing."""
        with self._lock:
            if self._grid is not None:
                return
            trial = self._asked.pop(number)
            if value is None or not math.isfinite(value):
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                self._study.tell(trial, value)


def _tree_parzen(seed: int) -> optuna.samplers.TPESampler:
    return optuna.samplers.TPESampler(
        multivariate=True,
        constant_liar=True,
        n_startup_trials=STARTUP_CANDIDATES,
        seed=seed,
    )


class _Continuous:
    count: int | None = None

    def __init__(self, item: Mapping[str, Any]) -> None:
        self.name: str = item["Name"]
        self._low, self._high = _bounds(item, float)
        self._scaling = _scaling(item, self._low, self._high)
        if self._scaling == "ReverseLogarithmic" and not (self._low >= 0 and self._high < 1):
            raise validation_error(
                f"The range of {self.name} is {self._low} to {self._high}; "
                "ReverseLogarithmic scaling needs 0 <= MinValue and MaxValue < 1."
            )

    @property
    def distribution(self) -> FloatDistribution:
        if self._scaling == "ReverseLogarithmic":
            return FloatDistribution(1.0 - self._high, 1.0 - self._low, log=True)
        return FloatDistribution(self._low, self._high, log=self._scaling == "Logarithmic")

    def suggest(self, trial: Trial) -> str:
        space = self.distribution
        value = trial.suggest_float(self.name, space.low, space.high, log=space.log)
        if self._scaling == "ReverseLogarithmic":
            return repr(min(max(1.0 - value, self._low), self._high))
        return repr(value)

    def known(self, text: str | None) -> float | None:
        value = _number(text, float)
        if value is None or not self._low <= value <= self._high:
            return None
        space = self.distribution
        return min(max(1.0 - value, space.low), space.high) if self._scaling == "ReverseLogarithmic" else float(value)


class _Integer:
    def __init__(self, item: Mapping[str, Any]) -> None:
        self.name: str = item["Name"]
        self._low, self._high = _bounds(item, int)
        self._scaling = _scaling(item, self._low, self._high)
        if self._scaling == "ReverseLogarithmic":
            raise validation_error(f"{self.name}: ReverseLogarithmic scaling is for continuous ranges only.")
        self.count: int | None = self._high - self._low + 1

    @property
    def distribution(self) -> IntDistribution:
        return IntDistribution(self._low, self._high, log=self._scaling == "Logarithmic")

    def suggest(self, trial: Trial) -> str:
        return str(trial.suggest_int(self.name, self._low, self._high, log=self._scaling == "Logarithmic"))

    def known(self, text: str | None) -> int | None:
        value = _number(text, int)
        return int(value) if value is not None and self._low <= value <= self._high else None


class _Categorical:
    def __init__(self, item: Mapping[str, Any]) -> None:
        self.name: str = item["Name"]
        self._values: list[str] = list(item["Values"])
        if len(set(self._values)) != len(self._values):
            raise validation_error(f"The values of {self.name} are not unique: {', '.join(self._values)}.")
        self.count: int | None = len(self._values)

    @property
    def distribution(self) -> CategoricalDistribution:
        return CategoricalDistribution(self._values)

    def known(self, text: str | None) -> str | None:
        return text if text in self._values else None

    def suggest(self, trial: Trial) -> str:
        value: str = trial.suggest_categorical(self.name, self._values)
        return value


def _number(text: str | None, kind: type[Any]) -> float | None:
    try:
        return None if text is None else float(kind(text))
    except ValueError:
        return None


def _bounds(item: Mapping[str, Any], kind: type[Any]) -> tuple[Any, Any]:
    try:
        low, high = kind(item["MinValue"]), kind(item["MaxValue"])
    except ValueError as error:
        raise validation_error(
            f"The range of {item['Name']} is {item['MinValue']} to {item['MaxValue']}; both must be {kind.__name__}s."
        ) from error
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise validation_error(f"The range of {item['Name']} is {low} to {high}; MinValue must be less than MaxValue.")
    return low, high


def _scaling(item: Mapping[str, Any], low: float, high: float) -> str:
    scaling: str = item.get("ScalingType", "Auto")
    if scaling == "Logarithmic" and low <= 0:
        raise validation_error(
            f"The range of {item['Name']} begins at {low}; Logarithmic scaling needs a MinValue over 0."
        )
    if scaling == "Auto":
        return "Logarithmic" if low > 0 and high / low >= AUTO_LOGARITHMIC_RATIO else "Linear"
    return scaling


def _check(ranges: Mapping[str, Sequence[Mapping[str, Any]]], names: Sequence[str], strategy: str) -> None:
    if strategy not in STRATEGIES:
        raise validation_error(
            f"The local cloud has no strategy {strategy}; Strategy must be one of {', '.join(STRATEGIES)}."
        )
    if ranges.get("AutoParameters"):
        raise validation_error(
            "The local cloud has no Autotune: give ranges instead of ParameterRanges.AutoParameters."
        )
    if not names:
        raise validation_error("ParameterRanges is empty; a tuning job needs at least one hyperparameter to tune.")
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise validation_error(f"ParameterRanges names {', '.join(doubles)} more than once.")
    if len(names) > 30:
        raise validation_error(f"ParameterRanges has {len(names)} hyperparameters; at most 30 can be tuned.")
    if strategy == "Grid" and (ranges.get("ContinuousParameterRanges") or ranges.get("IntegerParameterRanges")):
        raise validation_error("Grid search tunes categorical hyperparameters only: use CategoricalParameterRanges.")


def _grid(ranges: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Values]:
    items = ranges["CategoricalParameterRanges"]
    names = [item["Name"] for item in items]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(item["Values"] for item in items))]
