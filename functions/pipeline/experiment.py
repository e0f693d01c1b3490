"""experiment.yaml: its whole shape, what is built of it, and the one message that lists everything wrong with it."""

from __future__ import annotations

import difflib
import math
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError

from pipeline import estimators, metrics
from pipeline.errors import ExperimentError

SOURCE = "experiment.yaml"
MAX_TUNED = 30
MAX_CATEGORIES = 30
Number = StrictInt | StrictFloat
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr

# Values that experiment.yaml knows and that are not built yet: refused by name, never ignored.
NOT_BUILT: dict[str, tuple[Any, str]] = {
    "search.abandon": ("off", '"off"'),
    "compute.fold_placement": ("warm-pool", '"warm-pool"'),
    "quality_gate.beat_champion": (False, "false"),
    "quality_gate.approval": ("automatic", '"automatic"'),
    "budget.max_usd": (None, "null"),
    "cross_validation.group_column": (None, "null"),
    "cross_validation.time_column": (None, "null"),
}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CrossValidation(_Section):
    """How rows are divided; `strategy` None is stratified for classification and kfold for regression."""

    n_splits: Annotated[StrictInt, Field(ge=2, le=20)] = 5
    strategy: Literal["kfold", "stratified"] | None = None
    group_column: StrictStr | None = None
    time_column: StrictStr | None = None
    holdout: Annotated[Number, Field(ge=0.05, le=0.5)] = 0.2
    seed: Annotated[StrictInt, Field(ge=0, le=4294967295)] = 42


class Search(_Section):
    """How candidates are found."""

    strategy: Literal["Bayesian", "Random"] = "Bayesian"
    max_candidates: Annotated[StrictInt, Field(ge=1, le=750)] = 20
    max_parallel_candidates: Annotated[StrictInt, Field(ge=1, le=100)] = 2
    abandon: Any = "off"
    hyperparameters: dict[StrictStr, Any] | None = None


class Compute(_Section):
    """Which instances, and how long warm pools wait for the next fold."""

    instance_type: Annotated[StrictStr, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")] = "ml.m5.xlarge"
    candidate_instance_type: Annotated[StrictStr, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")] = "ml.m5.large"
    fold_placement: Any = "warm-pool"
    keep_alive_seconds: Literal["auto"] | Annotated[StrictInt, Field(ge=0, le=3600)] = "auto"


class QualityGate(_Section):
    """What the holdout score must reach."""

    min_score: Number | None = None
    beat_champion: Any = False
    approval: Any = "automatic"


class Budget(_Section):
    """What a run may cost."""

    max_usd: Any = None


class Experiment(_Section):
    """The whole of experiment.yaml."""

    target: StrictStr | None = None
    problem: Literal["classification", "regression"] | None = None
    metric: StrictStr | None = None
    estimator: StrictStr = estimators.DEFAULT
    cross_validation: CrossValidation = CrossValidation()
    search: Search = Search()
    compute: Compute = Compute()
    quality_gate: QualityGate = QualityGate()
    budget: Budget = Budget()


def load_experiment(text: bytes | None, overrides: dict[str, Any] | None) -> Experiment:
    """Return the experiment that a file's text and the execution's overrides ask for.

    Raises
    ------
    ExperimentError
        With one line for everything that is wrong.
    """
    asked = _merge(_parse(text), overrides or {})
    try:
        experiment = Experiment.model_validate(asked)
    except ValidationError as error:
        raise ExperimentError("\n".join(_say(e) for e in error.errors())) from error
    problems = [*_not_built(experiment), *_unknown_names(experiment)]
    if problems:
        raise ExperimentError("\n".join(problems))
    return experiment


def resolve(experiment: Experiment, *, target: str, problem: str, classes: int | None) -> dict[str, Any]:
    """Return the experiment with every key present, for a target, problem and number of classes that are known.

    Raises
    ------
    ExperimentError
        When the metric, strategy or a hyperparameter does not fit the problem.
    """
    resolved = experiment.model_dump() | {"target": target, "problem": problem}
    problems = []
    metric = experiment.metric or metrics.default(problem, classes)
    fitting = metrics.fitting(problem, classes)
    if metric not in fitting:
        kind = problem if problem == "regression" or classes is None else f"{problem} with {classes} classes"
        problems.append(f"{SOURCE}: metric {metric} does not fit {kind}; use one of {', '.join(sorted(fitting))}")
    resolved["metric"] = metric
    strategy = experiment.cross_validation.strategy
    if strategy == "stratified" and problem == "regression":
        problems.append(f"{SOURCE}: cross_validation.strategy stratified does not fit regression; use kfold")
    resolved["cross_validation"]["strategy"] = strategy or ("kfold" if problem == "regression" else "stratified")
    space = experiment.search.hyperparameters
    if space is None:
        space = estimators.default_search_space(experiment.estimator, problem)
    allowed = estimators.allowed_hyperparameters(experiment.estimator, problem)
    normal: dict[str, Any] = {}
    for name, value in space.items():
        place = f"{SOURCE}: search.hyperparameters.{name}"
        if name not in allowed:
            problems.append(f"{place} is unknown to {experiment.estimator}; it has {', '.join(sorted(allowed))}")
            continue
        normal[name], wrong = _hyperparameter(value)
        problems += [f"{place}{w}" for w in wrong]
    tuned = [n for n, v in normal.items() if v and "value" not in v]
    if not problems and not tuned:
        problems.append(f"{SOURCE}: search.hyperparameters has nothing to tune; give at least one a range or `values`")
    if len(tuned) > MAX_TUNED:
        problems.append(f"{SOURCE}: search.hyperparameters tunes {len(tuned)}; SageMaker takes at most {MAX_TUNED}")
    if problems:
        raise ExperimentError("\n".join(problems))
    resolved["search"]["hyperparameters"] = normal
    return resolved


def _parse(text: bytes | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        parsed = yaml.safe_load(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ExperimentError(f"{SOURCE} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise ExperimentError(f"{SOURCE} is not YAML: {error}") from error
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise ExperimentError(
            f"{SOURCE} must be a mapping of keys such as `target: price`, not {type(parsed).__name__}"
        )
    # YAML 1.1 reads a bare `off` as false
    search = parsed.get("search")
    if isinstance(search, dict) and search.get("abandon") is False:
        search["abandon"] = "off"
    return parsed


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict) and key != "hyperparameters"
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _say(error: Any) -> str:
    location = [str(part) for part in error["loc"] if part in _KEYS]
    path = ".".join(location)
    if error["type"] == "extra_forbidden":
        unknown = ".".join(str(part) for part in error["loc"])
        siblings = _KEYS_OF.get(
            ".".join(location[:-1] if location and location[-1] == error["loc"][-1] else location), ()
        )
        near = difflib.get_close_matches(str(error["loc"][-1]), siblings, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(siblings)}"
        return f"{SOURCE}: unknown key {unknown}; {hint}"
    return f"{SOURCE}: {path} is {error['input']!r}; {error['msg'][0].lower()}{error['msg'][1:]}"


def _not_built(experiment: Experiment) -> list[str]:
    problems = []
    for path, (built, remedy) in NOT_BUILT.items():
        section, key = path.split(".")
        value = getattr(getattr(experiment, section), key)
        if value != built or type(value) is not type(built):
            problems.append(f"{SOURCE}: {path} is {value!r}, which is not built yet; use {remedy}")
    return problems


def _unknown_names(experiment: Experiment) -> list[str]:
    problems = []
    for key, value, known in (
        ("estimator", experiment.estimator, estimators.ESTIMATORS),
        ("metric", experiment.metric, sorted(metrics.METRICS)),
    ):
        if value is not None and value not in known:
            problems.append(f"{SOURCE}: {key} {value} is unknown; use one of {', '.join(known)}")
    return problems


def _hyperparameter(value: Any) -> tuple[dict[str, Any], list[str]]:
    """Return a hyperparameter as {value} | {values} | {min, max, type, scaling}, and what is wrong with it."""
    if isinstance(value, bool | int | float | str):
        return ({"value": value}, []) if len(str(value)) <= 2500 else ({}, [" is longer than 2500 characters"])
    if not isinstance(value, dict):
        return {}, [f" is {value!r}; give a value, `values: [...]`, or `min` and `max`"]
    if set(value) == {"values"}:
        values = value["values"]
        if (
            not isinstance(values, list)
            or not values
            or not all(isinstance(v, bool | int | float | str) for v in values)
        ):
            return {}, [".values must be a list of at least one plain value"]
        if len(values) > MAX_CATEGORIES:
            return {}, [f".values has {len(values)} entries; SageMaker takes at most {MAX_CATEGORIES}"]
        return {"values": values}, []
    return _range(value)


def _range(value: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    wrong = [f".{key} is unknown; there is min, max, scaling, type" for key in value if key not in _RANGE_KEYS]
    low, high = value.get("min"), value.get("max")
    for key in ("min", "max"):
        number = value.get(key)
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            wrong.append(f".{key} is {number!r}; it must be a number")
    if wrong:
        return {}, wrong
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    integers = isinstance(low, int) and isinstance(high, int)
    kind = value.get("type", "integer" if integers else "continuous")
    scaling = value.get("scaling", "Auto")
    if kind not in ("integer", "continuous"):
        wrong.append(f".type is {kind!r}; use integer or continuous")
    elif kind == "integer" and not integers:
        wrong.append(f" is an integer from {low} to {high}; min and max must be whole numbers")
    if scaling not in ("Auto", "Linear", "Logarithmic", "ReverseLogarithmic"):
        wrong.append(f".scaling is {scaling!r}; use Auto, Linear, Logarithmic or ReverseLogarithmic")
    if low >= high:
        wrong.append(f".min is {low} and max is {high}; min must be less than max")
    if scaling == "Logarithmic" and low <= 0:
        wrong.append(f".min is {low}; on a logarithmic scale it must be greater than 0")
    if scaling == "ReverseLogarithmic" and (low < 0 or high >= 1 or kind == "integer"):
        wrong.append(f" is from {low} to {high}; a reverse logarithmic scale needs a continuous range in [0, 1)")
    return {"min": low, "max": high, "type": kind, "scaling": scaling}, wrong


_RANGE_KEYS = ("min", "max", "scaling", "type")
_KEYS_OF: dict[str, tuple[str, ...]] = {"": tuple(Experiment.model_fields)} | {
    name: tuple(section.model_fields)
    for name, section in (
        ("cross_validation", CrossValidation),
        ("search", Search),
        ("compute", Compute),
        ("quality_gate", QualityGate),
        ("budget", Budget),
    )
}
_KEYS = frozenset(key for keys in _KEYS_OF.values() for key in keys)
