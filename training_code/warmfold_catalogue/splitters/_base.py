"""What a splitter of the catalogue is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Protocol

from warmfold_run.experiment import Problem


class Dealer(Protocol):
    """What deals one dataset's rows, in the order in which they come."""

    def assign(self, label: str) -> int:
        """Return the part, from 0, of the next row; `label` is its class as written, empty where there are none."""


class Splitter(ABC):
    """A way of dividing rows into parts: its declaration, and what deals the rows of a dataset.

    Rows stream, so memory must not grow with them. Standard library only: Plan Run deals too, to know what will come of
    the data.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    """What it does, in one sentence."""
    problems: ClassVar[tuple[Problem, ...]]
    default_for: ClassVar[tuple[Problem, ...]] = ()
    """The problems for which it is taken when the experiment names none."""
    every_part_has_every_class: ClassVar[bool] = False
    """Whether it promises so; data with too few rows of a class for it is refused."""

    @abstractmethod
    def dealer(self, n_splits: int, seed: int) -> Dealer:
        """Return what deals rows into `n_splits` parts; the same seed deals the same."""
