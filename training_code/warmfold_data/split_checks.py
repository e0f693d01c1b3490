"""What a split must be: rows enough on every side, of classes enough.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from warmfold_catalogue.metrics import Metric
from warmfold_catalogue.splitters import MOST_FOLDS, Splitter
from warmfold_data.asked import Splitting
from warmfold_data.errors import DatasetRuleError, listed
from warmfold_data.understanding import Understood
from warmfold_data.units import needs_of
from warmfold_run.records import FoldParts, Remark

_HOLDOUT_REMEDY = (
    "Add rows, enlarge `cross_validation.holdout` or set another `cross_validation.seed` in experiment.yaml."
)


ByPart = Mapping[int, Counter[str]]
"""By part its rows of each class, those of no class under the empty one."""


@dataclass
class Placed:
    """How many rows went where, of which classes, and what a person should know of it."""

    placements: list[int]
    further: list[list[int]]
    folds: list[FoldParts]
    final_parts: list[int]
    holdout_rows: int
    part_rows: list[int]
    developed: Counter[str]
    held: Counter[str]
    rows: int
    copies: int
    remarks: list[Remark] = field(default_factory=list)


def wrong_folds(file: str, splitting: Splitting, splitter: Splitter, folds: int) -> DatasetRuleError:
    """What to say of folds that the data makes, too few or too many."""
    return DatasetRuleError(
        f"{file}: column {splitting.column!r} makes {folds} folds with strategy {splitter.name}, which must be 2 "
        f"to {MOST_FOLDS}; join some of its values"
        + (", or set `strategy: group`." if splitter.needs == "group_column" else ".")
    )


@dataclass(frozen=True)
class Checks:
    """Raises DatasetRuleError for a split that will not do."""

    file: str
    target: str
    splitting: Splitting
    splitter: Splitter
    metric: Metric
    groups: int
    """How many there are, where they are needed."""
    values: Sequence[str] = ()
    """By part: its value in the fold column, where there is one."""

    def all(self, placed: Placed, in_parts: Sequence[ByPart], understood: Understood) -> None:
        """Hold a split against all rules; `in_parts` has by repeat the rows of each class in each part."""
        splitter = self.splitter
        development, folds = sum(placed.part_rows), len(placed.folds)
        least = needs_of(splitter, self.splitting).units
        if splitter.data_has_folds and folds < 2:
            raise wrong_folds(self.file, self.splitting, splitter, folds)
        if development < least:
            raise DatasetRuleError(
                f"{self.file}: {development} rows are left for cross-validation, fewer than the {least} folds "
                f"({placed.holdout_rows} more are in the holdout). "
                "Add rows, or lower `cross_validation.n_splits` in experiment.yaml."
            )
        if understood.classes is not None:
            self._classes(placed, understood)
        self._folds(placed, in_parts, understood.classes is not None)
        if placed.holdout_rows < 2:
            raise DatasetRuleError(
                f"{self.file}: the holdout has {placed.holdout_rows} of {placed.rows} rows, and needs 2. "
                + _HOLDOUT_REMEDY
            )

    def _classes(self, placed: Placed, understood: Understood) -> None:
        developed, held, folds = placed.developed, placed.held, self.splitting.n_splits
        if self.splitter.every_part_has_every_class:
            for label in sorted(developed + held):
                if developed[label] < folds:
                    raise DatasetRuleError(
                        f"{self.file}: class {label[:80]!r} of column {self.target!r} has {developed[label]} rows "
                        f"for cross-validation ({held[label]} more are in the holdout), fewer than the {folds} "
                        f"folds. Add rows of this class, take it out, {understood.remedy_for_class(label)}or lower "
                        "`cross_validation.n_splits` in experiment.yaml."
                    )
        if len(developed) < 2:
            raise DatasetRuleError(
                f"{self.file}: the rows for cross-validation are all of one class of column {self.target!r}, "
                f"{listed(list(developed))}; "
                "add rows of the other classes, or set another `cross_validation.seed` in experiment.yaml."
            )
        if placed.holdout_rows >= 2 and len(held) < 2:
            raise DatasetRuleError(
                f"{self.file}: the {placed.holdout_rows} rows of the holdout are all of one class of column "
                f"{self.target!r}, {listed(list(held))}; no score can be told from them. " + _HOLDOUT_REMEDY
            )

    def _folds(self, placed: Placed, in_parts: Sequence[ByPart], classifies: bool) -> None:
        for number, fold in enumerate(placed.folds):
            of_repeat = in_parts[fold["repeat"]]
            train, validation = (
                sum((of_repeat[part] for part in parts), Counter[str]())
                for parts in (fold["train"], fold["validation"])
            )
            trained, validated = train.total(), validation.total()
            if not trained or not validated:
                raise DatasetRuleError(
                    f"{self.file}: fold {number} has {trained} rows to train on and {validated} to validate. "
                    + self._remedy()
                )
            if classifies and len(train) < 2:
                raise DatasetRuleError(
                    f"{self.file}: the {trained} rows that fold {number} trains on are all of one class of column "
                    f"{self.target!r}, {listed(sorted(train))}. " + self._remedy()
                )
            if classifies and self.metric.needs_every_class:
                self._every_class(f"fold {number}" + self._made_of(fold), train, validation)

    def _every_class(self, fold: str, train: Counter[str], validation: Counter[str]) -> None:
        """Refuse a fold that the metric has no score for."""
        absent, unknown = sorted(train.keys() - validation.keys()), sorted(validation.keys() - train.keys())
        if not absent and not unknown:
            return
        rows = f"the {validation.total()} rows that {fold} validates"
        if absent:
            what = f"{rows} have none of class {listed(absent)} of column {self.target!r}"
        else:
            what = f"{rows} have class {listed(unknown)} of column {self.target!r}, which it does not train on"
        raise DatasetRuleError(
            f"{self.file}: {what}; {self.metric.name} can't be told of them. {self._remedy_for_classes()}or set "
            "another `metric` in experiment.yaml, such as `accuracy`."
        )

    def _made_of(self, fold: FoldParts) -> str:
        splitting = self.splitting
        if self.values:
            return (
                f" ({listed([self.values[part] for part in fold['validation']])} in column {splitting.fold_column!r})"
            )
        return f" (of whole groups of column {splitting.group_column!r})" if splitting.group_column else ""

    def _remedy_for_classes(self) -> str:
        splitter = self.splitter
        if splitter.needs == "fold_column":
            return "Join some of the column's values, "
        if splitter.stratifies or splitter.needs == "time_column":
            return "Lower `cross_validation.n_splits` "
        return f"Set `strategy: {'stratified_group' if splitter.needs else 'stratified'}`, "

    def _remedy(self) -> str:
        splitter = self.splitter
        if splitter.needs == "time_column":
            return "Lower `cross_validation.n_splits` or `gap`, or widen `window`, in experiment.yaml."
        if splitter.data_has_folds:
            return "Join some of the column's values."
        if splitter.needs == "group_column":
            return (
                f"There are {self.groups} groups; lower `cross_validation.n_splits` in experiment.yaml, or add groups."
            )
        return "Lower `cross_validation.n_splits` in experiment.yaml, or add rows."
