"""What an experiment says about its data. Standard library only, as `rules.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from warmfold_catalogue.splitters import KeyColumn
from warmfold_run.experiment import AS_IT_SHOWS, AskedDialect, Problem


@dataclass(frozen=True)
class Splitting:
    """How rows are to be divided."""

    n_splits: int = 5
    strategy: str | None = None
    """The splitter's name in the catalogue; None: the problem's, or that of the column that is named."""
    group_column: str | None = None
    time_column: str | None = None
    fold_column: str | None = None
    repeats: int = 1
    gap: int = 0
    window: int | None = None
    holdout: float = 0.2
    """The share of the rows that no candidate sees."""
    seed: int = 42

    @property
    def key(self) -> KeyColumn | None:
        """The key that names the column by which rows are divided."""
        return next((key for key in get_args(KeyColumn) if getattr(self, key) is not None), None)

    @property
    def column(self) -> str | None:
        """The column by which rows are divided."""
        column: str | None = None if self.key is None else getattr(self, self.key)
        return column


@dataclass(frozen=True)
class Asked:
    """What the experiment says about its data; what it leaves open the data decides."""

    target: str | None = None
    problem: Problem | None = None
    metric: str | None = None
    """Its name in the catalogue; None: the problem's."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """What columns are: a kind, `ignore`, `id`, or the format of its dates as strptime has it."""
    missing_values: tuple[str, ...] = ()
    """Cells that hold no value, beside those known."""
    positive_class: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    """The kinds of columns that the file itself types as text."""
    dialect: AskedDialect = field(default_factory=lambda: AS_IT_SHOWS)
    splitting: Splitting = field(default_factory=Splitting)

    @classmethod
    def of(cls, experiment: Mapping[str, Any], *, problem: Problem | None) -> Asked:
        """What an experiment says, given by the keys of experiment.yaml; `problem` stands for its own."""
        return cls(
            target=experiment["target"],
            problem=problem,
            metric=experiment["metric"],
            columns=experiment.get("columns") or {},
            missing_values=tuple(experiment.get("missing_values") or ()),
            positive_class=experiment.get("positive_class"),
            dialect=experiment["dialect"],
            splitting=Splitting(**experiment["cross_validation"]),
        )

    def with_types(self) -> Asked:
        """The same with what the file itself says of columns, where the experiment does not."""
        return replace(self, columns={**self.types, **self.columns}) if self.types else self

    @property
    def missing(self) -> frozenset[str]:
        """Cells that hold no value in any column, the target included; a number in its usual spellings."""
        return frozenset(form for value in self.missing_values for form in _spellings(value.strip()))


def _spellings(value: str) -> list[str]:
    try:
        whole = float(value).is_integer()
    except ValueError:
        whole = False
    if not whole:
        return [value]
    digits = value.partition(".")[0]
    return [value, digits, f"{digits}.0", f"{digits}.00"]
