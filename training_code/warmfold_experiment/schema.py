"""experiment.yaml: its whole shape, what is built of it, and where a key was given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from warmfold_catalogue.estimators import DEFAULT_ESTIMATOR, ESTIMATORS
from warmfold_catalogue.splitters import SPLITTERS
from warmfold_experiment.file import SOURCE
from warmfold_experiment.wording import shown_key
from warmfold_run.experiment import COLUMN_KINDS, IGNORE, LONGEST_JOB_SECONDS, MOST_SPLIT_INSTANCES, FoldPlacement
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


class Overrides(NamedTuple):
    """Keys of an experiment that are laid over those of its file, and what errors call the place they come from."""

    keys: dict[str, Any]
    source: str = OVERRIDES_SOURCE

    def source_of(self, path: Iterable[str]) -> str:
        """Return where a key is given: here or in the file."""
        given: Any = self.keys
        for key in path:
            if not isinstance(given, dict):
                break
            if key not in given:
                return SOURCE
            given = given[key]
        return self.source

    def place(self, path: Sequence[str]) -> str:
        """Return where a key is given and its dotted path, as errors call it."""
        return f"{self.source_of(path)}: {'.'.join(map(shown_key, path))}"


NO_OVERRIDES = Overrides({})


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


Encoding = Literal[
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255",
    "cp1256", "cp1257", "cp1258", "cp437", "cp850", "cp852", "cp866", "iso8859-1", "iso8859-2", "iso8859-5",
    "iso8859-7", "iso8859-9", "iso8859-15", "koi8-r", "koi8-u", "mac-roman", "big5", "euc_jp", "euc_kr", "gb18030",
    "shift_jis",
]  # fmt: skip
"""Python's names of the encodings that files are met in."""


class Dialect(_Section):
    """What data.csv and predict.csv are written in, where that is not beyond doubt."""

    delimiter: Annotated[StrictStr, Field(pattern=r'^[^"\r\n]$')] | None = Field(
        default=None,
        description='one character, such as ";" or "\\t"',
        json_schema_extra={STANDS_FOR: "the one that the first lines show"},
    )
    decimal: Literal[".", ","] | None = Field(
        default=None,
        description='"." or ","',
        json_schema_extra={STANDS_FOR: "what the numbers of each column show"},
    )
    encoding: Encoding | None = Field(
        default=None,
        description=f"one of {', '.join(get_args(Encoding))}",
        json_schema_extra={STANDS_FOR: "the one that the bytes show"},
    )
    header: StrictBool | None = Field(
        default=None,
        description="true or false",
        json_schema_extra={STANDS_FOR: "there is one, and a first line that looks like a row is refused"},
    )


class CrossValidation(_Section):
    """How rows are divided."""

    n_splits: StrictInt = Field(default=5, ge=2, le=20, description="a whole number from 2 to 20")
    strategy: Annotated[StrictStr, AfterValidator(_known_splitter)] | None = Field(
        default=None,
        description=_splitters(),
        json_schema_extra={STANDS_FOR: "the splitter that the catalogue takes for problem and named column"},
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
    """Which instances, where folds are trained, how long warm pools wait for a fold, and how many split the data."""

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
    max_fold_seconds: Literal["auto"] | Annotated[StrictInt, Field(ge=60, le=LONGEST_JOB_SECONDS)] = Field(
        default="auto", description=f'"auto" or a whole number from 60 to {LONGEST_JOB_SECONDS}'
    )
    split_instances: Literal["auto"] | Annotated[StrictInt, Field(ge=1, le=MOST_SPLIT_INSTANCES)] = Field(
        default="auto", description=f'"auto" or a whole number from 1 to {MOST_SPLIT_INSTANCES}'
    )


class QualityGate(_Section):
    """What the holdout score must reach, and who approves a model that reaches it."""

    min_score: StrictInt | FiniteFloat | None = Field(
        default=None, description="a number or null", json_schema_extra={STANDS_FOR: "no gate, any score will do"}
    )
    beat_champion: StrictBool = Field(default=False, description="true or false")
    approval: Literal["automatic", "manual"] = Field(default="automatic", description='"automatic" or "manual"')
    suspicious: Literal["hold", "ignore"] = Field(default="hold", description='"hold" or "ignore"')


class Budget(_Section):
    """What a run may cost."""

    max_usd: None = Field(default=None, description="null")


def _as_mapping(columns: Any) -> Any:
    """A list of columns stands for a mapping in which each of them is left out, nothing for an empty one."""
    if columns is None:
        return {}
    return dict.fromkeys(columns, IGNORE) if _are_texts(columns) else columns


def _as_list(given: Any) -> Any:
    return [] if given is None else given


def _are_texts(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) for one in given)


def _as_text(given: Any) -> Any:
    """A cell as YAML has read it, spelled as in the data: to YAML `yes` is `true`, and 01 is 1."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, datetime):
        raise PydanticCustomError("a_time", "must be {remedy}", {"remedy": "in quotes, as YAML reads it as a time"})
    if isinstance(given, date):
        return given.isoformat()
    return str(given) if isinstance(given, int | float) else given


def _known_kind(said: str) -> str:
    if said not in COLUMN_KINDS and "%" not in said:
        raise PydanticCustomError("unknown_kind", "must be {remedy}", {"remedy": COLUMNS_DESCRIPTION})
    return said


Cell = Annotated[
    StrictStr, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number", "boolean"]}, mode="validation")
]
COLUMNS_DESCRIPTION = (
    f'a mapping of column names to {", ".join(COLUMN_KINDS)} or a format of dates such as "%d/%m/%Y", '
    "or a list of columns to ignore"
)


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
    columns: Annotated[
        dict[StrictStr, Annotated[StrictStr, AfterValidator(_known_kind)]],
        BeforeValidator(_as_mapping),
        WithJsonSchema(
            {"type": ["object", "array", "null"], "additionalProperties": {"type": "string"}}, mode="validation"
        ),
    ] = Field(default={}, description=COLUMNS_DESCRIPTION)
    missing_values: Annotated[
        list[Cell],
        BeforeValidator(_as_list),
        WithJsonSchema(
            {"type": ["array", "null"], "items": {"type": ["string", "number", "boolean"]}}, mode="validation"
        ),
    ] = Field(default=[], description="a list of cells that hold no value")
    positive_class: Cell | None = Field(
        default=None,
        description="a class of the target",
        json_schema_extra={STANDS_FOR: "the last of two classes: the greater number, or the later in the alphabet"},
    )
    metric: StrictStr | None = Field(
        default=None,
        description="a scikit-learn scorer's name",
        json_schema_extra={STANDS_FOR: "the metric that the catalogue takes for the problem and its number of classes"},
    )
    estimator: StrictStr = Field(default=DEFAULT_ESTIMATOR, description=f"one of {', '.join(ESTIMATORS)}")
    dialect: Dialect = Field(default=Dialect(), description="a mapping of keys")
    cross_validation: CrossValidation = Field(default=CrossValidation(), description="a mapping of keys")
    search: Search = Field(default=Search(), description="a mapping of keys")
    compute: Compute = Field(default=Compute(), description="a mapping of keys")
    quality_gate: QualityGate = Field(default=QualityGate(), description="a mapping of keys")
    budget: Budget = Field(default=Budget(), description="a mapping of keys")
    _overrides: Overrides = PrivateAttr(default=NO_OVERRIDES)

    def place(self, *path: str) -> str:
        """Return where a key was given and its dotted path, as errors call it."""
        return self._overrides.place(path)

    def source(self, *path: str) -> str:
        """Return where a key was given: the file, or what is laid over it."""
        return self._overrides.source_of(path)


SECTIONS: dict[str, type[_Section]] = {
    "dialect": Dialect,
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
    ("search", "strategy"): NotBuilt(
        "`Grid` and `Hyperband`", lambda v: v in ("Grid", "Hyperband"), '"Bayesian" or "Random"'
    ),
    ("budget", "max_usd"): NotBuilt(
        "a number", lambda v: isinstance(v, int | float) and not isinstance(v, bool), "null"
    ),
}
