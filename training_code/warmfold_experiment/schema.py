"""experiment.yaml: its whole shape, what is built of it, and the one message that lists everything wrong with it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from warmfold_catalogue.entries import unknown
from warmfold_catalogue.estimators import DEFAULT_ESTIMATOR, ESTIMATORS
from warmfold_catalogue.metrics import METRICS
from warmfold_catalogue.splitters import SPLITTERS
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.file import SOURCE, parse
from warmfold_experiment.splitting import contradictions
from warmfold_run.experiment import FoldPlacement
from warmfold_run.warm_pools import LONGEST_KEEP_ALIVE_SECONDS

OVERRIDES_SOURCE = "execution input"
STANDS_FOR = "x-null-stands-for"
"""What a key's entry in the JSON Schema says of null where that is not simply nothing: the reference tells it."""
InstanceType = Annotated[StrictStr, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]
FiniteFloat = Annotated[StrictFloat, Field(allow_inf_nan=False)]


def _splitters() -> str:
    return " or ".join(f'"{name}"' for name in SPLITTERS)


def _known_splitter(name: str) -> str:
    if name not in SPLITTERS:
        raise PydanticCustomError("unknown_splitter", "must be {remedy}", {"remedy": _splitters()})
    return name


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CrossValidation(_Section):
    """How rows are divided."""

    n_splits: StrictInt = Field(default=5, ge=2, le=20, description="a whole number from 2 to 20")
    strategy: Annotated[StrictStr, AfterValidator(_known_splitter)] | None = Field(
        default=None,
        description=_splitters(),
        json_schema_extra={
            STANDS_FOR: "the splitter that the catalogue takes for the problem and the column that is named"
        },
    )
    group_column: StrictStr | None = Field(default=None, description="a column's name or null")
    time_column: StrictStr | None = Field(default=None, description="a column's name or null")
    fold_column: StrictStr | None = Field(default=None, description="a column's name or null")
    repeats: StrictInt = Field(default=1, ge=1, le=10, description="a whole number from 1 to 10")
    gap: StrictInt = Field(default=0, ge=0, le=2147483647, description="a whole number from 0 to 2147483647")
    window: Annotated[StrictInt, Field(ge=1)] | None = Field(
        default=None,
        description="a whole number from 1, or null",
        json_schema_extra={STANDS_FOR: "everything that is earlier"},
    )
    holdout: StrictInt | FiniteFloat = Field(default=0.2, ge=0.05, le=0.5, description="a number from 0.05 to 0.5")
    seed: StrictInt = Field(default=42, ge=0, le=2147483647, description="a whole number from 0 to 2147483647")


class Search(_Section):
    """How candidates are found."""

    strategy: Literal["Bayesian", "Random"] = Field(default="Bayesian", description='"Bayesian" or "Random"')
    max_candidates: StrictInt = Field(default=20, ge=1, le=750, description="a whole number from 1 to 750")
    max_parallel_candidates: StrictInt = Field(default=2, ge=1, le=100, description="a whole number from 1 to 100")
    abandon: Literal["forgiving", "off"] = Field(default="forgiving", description='"forgiving" or "off"')
    hyperparameters: dict[StrictStr, Any] | None = Field(
        default=None,
        description="a mapping of hyperparameters",
        json_schema_extra={STANDS_FOR: "the search space that the catalogue has for the estimator"},
    )


class Compute(_Section):
    """Which instances, where folds are trained, and how long warm pools wait for the next fold."""

    instance_type: InstanceType = Field(default="ml.m5.xlarge", description='an instance type such as "ml.m5.xlarge"')
    candidate_instance_type: InstanceType | None = Field(
        default=None,
        description='an instance type such as "ml.m5.large", or null',
        json_schema_extra={STANDS_FOR: "ml.m5.large where fold_placement is warm-pool, else instance_type"},
    )
    fold_placement: FoldPlacement = Field(default="auto", description='"auto", "warm-pool" or "in-process"')
    keep_alive_seconds: Literal["auto"] | Annotated[StrictInt, Field(ge=0, le=LONGEST_KEEP_ALIVE_SECONDS)] = Field(
        default="auto", description=f'"auto" or a whole number from 0 to {LONGEST_KEEP_ALIVE_SECONDS}'
    )


class QualityGate(_Section):
    """What the holdout score must reach, and who approves a model that reaches it."""

    min_score: StrictInt | FiniteFloat | None = Field(
        default=None, description="a number or null", json_schema_extra={STANDS_FOR: "no gate, any score will do"}
    )
    beat_champion: StrictBool = Field(default=False, description="false")
    approval: Literal["automatic", "manual"] = Field(default="automatic", description='"automatic" or "manual"')


class Budget(_Section):
    """What a run may cost."""

    max_usd: None = Field(default=None, description="null")


class Experiment(_Section):
    """The whole of experiment.yaml."""

    target: StrictStr | None = Field(
        default=None,
        description="a column's name; quote it when it looks like a number",
        json_schema_extra={STANDS_FOR: "the column called target, else the last one"},
    )
    problem: Literal["classification", "regression"] | None = Field(
        default=None,
        description='"classification" or "regression"',
        json_schema_extra={STANDS_FOR: "what the target's values suggest"},
    )
    metric: StrictStr | None = Field(
        default=None,
        description="a scikit-learn scorer's name",
        json_schema_extra={STANDS_FOR: "the metric that the catalogue takes for the problem and its number of classes"},
    )
    estimator: StrictStr = Field(default=DEFAULT_ESTIMATOR, description=f"one of {', '.join(ESTIMATORS)}")
    cross_validation: CrossValidation = Field(default=CrossValidation(), description="a mapping of keys")
    search: Search = Field(default=Search(), description="a mapping of keys")
    compute: Compute = Field(default=Compute(), description="a mapping of keys")
    quality_gate: QualityGate = Field(default=QualityGate(), description="a mapping of keys")
    budget: Budget = Field(default=Budget(), description="a mapping of keys")
    _overrides: dict[str, Any] = PrivateAttr(default_factory=dict)

    def place(self, *path: str) -> str:
        """Return where a key was given and its dotted path, as errors call it."""
        return _place(self._overrides, path)


SECTIONS: dict[str, type[_Section]] = {
    "cross_validation": CrossValidation,
    "search": Search,
    "compute": Compute,
    "quality_gate": QualityGate,
    "budget": Budget,
}


class NotBuilt(NamedTuple):
    """Values that a key of experiment.yaml will take one day, and until then refuses by name."""

    called: str
    """How the reference calls them."""
    holds: Callable[[Any], bool]
    remedy: str


NOT_BUILT: dict[tuple[str, str], NotBuilt] = {
    ("cross_validation", "repeats"): NotBuilt("more than `1`", lambda v: isinstance(v, int) and v > 1, "1"),
    ("search", "strategy"): NotBuilt(
        "`Grid` and `Hyperband`", lambda v: v in ("Grid", "Hyperband"), '"Bayesian" or "Random"'
    ),
    ("quality_gate", "beat_champion"): NotBuilt("`true`", lambda v: v is True, "false"),
    ("budget", "max_usd"): NotBuilt(
        "a number", lambda v: isinstance(v, int | float) and not isinstance(v, bool), "null"
    ),
}


def load_experiment(
    text: bytes | None, overrides: dict[str, Any] | None, compute: dict[str, str] | None = None
) -> Experiment:
    """Return the experiment that a file's text and the execution's overrides ask for; `compute` has a stack's defaults.

    Overrides win key by key. Raises ExperimentRuleError with one line for everything that is wrong.
    """
    overrides = overrides or {}
    asked = _merge(_sections_as_mappings(parse(text)), _sections_as_mappings(overrides))
    asked = _merge({"compute": compute or {}}, asked)
    problems = _take_out_not_built(asked, overrides)
    try:
        experiment = Experiment.model_validate(asked)
    except ValidationError as error:
        raise ExperimentRuleError("\n".join([*problems, *_said(error, overrides)])) from error
    experiment._overrides = overrides
    problems += _unknown_names(experiment) + contradictions(experiment.cross_validation, experiment.place)
    if problems:
        raise ExperimentRuleError("\n".join(problems))
    return experiment


def shown(value: Any) -> str:
    """Return a value as errors show it, cut short: JSON, which reads as YAML does."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _sections_as_mappings(asked: dict[str, Any]) -> dict[str, Any]:
    # a section whose keys are all commented out reads as null; a bare `off` reads as false in YAML 1.1
    asked = {key: {} if key in SECTIONS and value is None else value for key, value in asked.items()}
    search = asked.get("search")
    if isinstance(search, dict) and search.get("abandon") is False:
        asked["search"] = search | {"abandon": "off"}
    return asked


def _merge(base: Any, over: Any) -> Any:
    """Merge mappings key by key; a hyperparameter that changes its form (range, values, value) is replaced whole."""
    if not isinstance(base, dict) or not isinstance(over, dict) or ("values" in base) != ("values" in over):
        return over
    return base | {key: _merge(base[key], value) if key in base else value for key, value in over.items()}


def _place(overrides: Any, path: Iterable[str]) -> str:
    path = list(path)
    given = overrides
    for key in path:
        if not isinstance(given, dict):
            break
        if key not in given:
            return f"{SOURCE}: {'.'.join(path)}"
        given = given[key]
    return f"{OVERRIDES_SOURCE}: {'.'.join(path)}"


def _take_out_not_built(asked: dict[str, Any], overrides: dict[str, Any]) -> list[str]:
    problems = []
    for (section, key), not_built in NOT_BUILT.items():
        mapping = asked.get(section)
        if isinstance(mapping, dict) and key in mapping and not_built.holds(mapping[key]):
            place = _place(overrides, (section, key))
            problems.append(f"{place} is {shown(mapping[key])}, which is not built yet; use {not_built.remedy}")
            asked[section] = mapping = {k: v for k, v in mapping.items() if k != key}
    return problems


def _said(error: ValidationError, overrides: dict[str, Any]) -> list[str]:
    """Return one line for each key that pydantic refuses; a union refuses once for each of its members."""
    lines: dict[str, str] = {}
    for one in error.errors():
        location = [str(part) for part in one["loc"]]
        nested = location[0] in SECTIONS and len(location) > 1
        path = location[:2] if nested else location[:1]
        keys = (SECTIONS[location[0]] if nested else Experiment).model_fields
        if path[-1] not in keys:
            near = difflib.get_close_matches(path[-1], keys, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(keys)}"
            lines[".".join(path)] = f"{_place(overrides, path)} is an unknown key; {hint}"
            continue
        limit = {"greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}"}.get(one["type"])
        told = one.get("ctx", {})
        remedy = limit.format(**told) if limit else told.get("remedy", keys[path[-1]].description)
        line = f"{_place(overrides, path)} is {shown(one['input'])}; it must be {remedy}"
        if limit or ".".join(path) not in lines:
            lines[".".join(path)] = line
    return list(lines.values())


def _unknown_names(experiment: Experiment) -> list[str]:
    asked = (("estimator", experiment.estimator, ESTIMATORS), ("metric", experiment.metric, METRICS))
    return [
        f"{experiment.place(key)} {unknown(name, known)}"
        for key, name, known in asked
        if name is not None and name not in known
    ]
