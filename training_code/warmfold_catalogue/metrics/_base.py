"""What a metric of the catalogue is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

Task = Literal["binary", "multiclass", "regression"]
"""What a metric is for: two classes, three or more, or numbers."""
Scorer = Callable[[Any, Any, Any], float]
"""Takes a fitted model, features and labels, as scikit-learn's scorers do."""


class Metric:
    """A score by which models are compared, greater when better: its declaration, and its builder."""

    name: ClassVar[str]
    title: ClassVar[str]
    """What sentences call it: without `neg_`, for an error is told as it is."""
    summary: ClassVar[str]
    """What it tells, in one sentence."""
    tasks: ClassVar[tuple[Task, ...]]
    default_for: ClassVar[tuple[Task, ...]] = ()
    """The tasks for which it is taken when the experiment names none."""
    best_possible: ClassVar[float | None] = 1
    """The score of a perfect model; None where there is no bound."""
    needs_every_class: ClassVar[bool] = False
    """Whether it has no value for rows in which a class that the model knows is missing."""
    a_share_of: ClassVar[Literal["rows", "positives", "predicted positives"] | None] = None
    """What its value is a share of that is right, where it is one: rows, or those truly or by prediction positive."""
    constant: ClassVar[Literal["mean", "median"]] = "mean"
    """What a model that looks at no feature predicts of a target, to be held against.

    The mean is the best of all constants for squared errors, the median for the mean absolute error; for the median
    absolute error and for the percentage error, whose best constant is a weighted median, it is only the nearer one.
    """

    @property
    def is_error(self) -> bool:
        """Whether it is a negated error: told without its sign, and better when less."""
        return self.name.startswith("neg_")

    @property
    def class_bounds(self) -> list[int | None] | None:
        """The fewest and the most classes that it is for, where None is no bound; None if it is not for classes."""
        if "multiclass" not in self.tasks:
            return [2, 2] if "binary" in self.tasks else None
        return [2 if "binary" in self.tasks else 3, None]

    def scorer(self) -> Scorer:
        """Return what scores a model: scikit-learn's scorer of this name."""
        from sklearn.metrics import get_scorer

        scorer: Scorer = get_scorer(self.name)
        return scorer
