"""What an estimator of the catalogue is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from warmfold_catalogue.domains import Domain
from warmfold_run.experiment import Problem


@dataclass(frozen=True)
class Preprocessing:
    """What is done to the features before the estimator sees them.

    Dates, texts of many values and scales of words become columns of numbers besides, whatever is said here.
    """

    impute: bool = True
    """Whether missing numbers become the median, with a column that says where; else they stay missing."""
    scale: bool = False
    """Whether numbers get mean 0 and standard deviation 1; heavy-tailed ones come a second time, by their ranks."""
    text: Literal["one_hot", "ordinal"] = "one_hot"
    """Whether a text column becomes a column for each category, or one column of whole numbers."""
    max_categories: int = 30
    """The most categories of a text column; rarer ones become one."""
    max_categories_from: str | None = None
    """The hyperparameter that says so where it is set."""


@dataclass(frozen=True)
class ModelSettings:
    """What one model is built for."""

    problem: str
    hyperparameters: Mapping[str, Any]
    """Those that the experiment sets, which may be none."""
    seed: int
    numeric_features: int
    """Columns of numbers, which come first."""
    text_features: int
    """Columns of categories in the features, which follow; others may come after them."""


class Estimator(ABC):
    """A model that can be tuned: its declaration, and its builder."""

    name: ClassVar[str]
    summary: ClassVar[str]
    """What it is, in one sentence."""
    problems: ClassVar[tuple[Problem, ...]]
    preprocessing: ClassVar[Preprocessing]

    @abstractmethod
    def hyperparameters(self, problem: str) -> dict[str, Domain]:
        """Return what may be set, and what each hyperparameter takes."""

    @abstractmethod
    def default_search_space(self, problem: str) -> dict[str, Any]:
        """Return where to search when the experiment does not say, as experiment.yaml's `search.hyperparameters`."""

    def takes_sparse(self, problem: str, hyperparameters: Mapping[str, Any]) -> bool:
        """Return whether it takes tables that are mostly 0 as sparse ones: then texts keep all their words."""
        return False

    @abstractmethod
    def build(self, settings: ModelSettings) -> Any:
        """Return an unfitted scikit-learn estimator; the same seed gives the same fit.

        A classifier has `predict_proba`. A saved model must load without this code, so its class comes from a library.
        """
