"""What a splitter of the catalogue is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

from warmfold_run.experiment import Problem

KeyColumn = Literal["group_column", "time_column", "fold_column"]
"""The keys of `cross_validation` that name a column by which rows are divided."""
MOST_FOLDS = 20
"""A candidate's folds, those of all repeats: more cost more than they tell, and a candidate waits for all of them."""


class TooManyFoldsError(ValueError):
    """The data makes more than MOST_FOLDS folds; said before any is made, for their lists would fill the memory."""

    def __init__(self, folds: int) -> None:
        super().__init__(f"{folds} folds, of which there may be {MOST_FOLDS}")
        self.folds = folds


class Kind(NamedTuple):
    """Units that are alike: rows that must stay together, and how many such bundles there are of the same make."""

    rows: tuple[tuple[int, int], ...]
    """Of one unit: (class, number of rows), by class; the class is 0 where there are none."""
    units: int

    @property
    def size(self) -> int:
        """The rows of one unit."""
        return sum(rows for _, rows in self.rows)


class Splitter(ABC):
    """A way of dividing rows: what it needs, and what it promises. Standard library only: Plan Run deals too."""

    name: ClassVar[str]
    summary: ClassVar[str]
    """What it does, in one sentence."""
    problems: ClassVar[tuple[Problem, ...]]
    default_for: ClassVar[tuple[Problem, ...]] = ()
    """The problems for which it is taken when the experiment names none, among those with the same column."""
    needs: ClassVar[KeyColumn | None] = None
    """The key of `cross_validation` without which it can't be."""
    data_has_folds: ClassVar[bool] = False
    """Whether the data decides how many folds there are, and not `n_splits`."""
    repeatable: ClassVar[bool] = False
    """Whether `repeats` can have it deal anew."""
    stratifies: ClassVar[bool] = False
    """Whether it looks at the classes of the rows."""
    every_part_has_every_class: ClassVar[bool] = False
    """Whether it promises so; data with too few rows of a class for it is refused."""


class UnitSplitter(Splitter):
    """A splitter that deals units, which are the copies of a row, or the rows of a group where it needs groups."""

    @abstractmethod
    def shares(self, kinds: Sequence[Kind], n_splits: int) -> list[list[int]]:
        """Return how many units of each kind each part gets; the parts are as many as the lists are long.

        Chance decides which units those are. Without `stratifies` the kinds differ in their size only.
        """
