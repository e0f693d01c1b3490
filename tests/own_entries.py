"""An estimator, a splitter and a metric from outside the package, as somebody else would write them."""

from __future__ import annotations

from typing import Any

from warmfold_catalogue.domains import AT_LEAST_1, Domain
from warmfold_catalogue.estimators import Estimator, ModelSettings, Preprocessing
from warmfold_catalogue.metrics import Metric, Scorer
from warmfold_catalogue.splitters import Dealer, Splitter

BLOCK_ROWS = 10


class NearestNeighbours(Estimator):
    name = "nearest_neighbours"
    summary = "The class that most of the nearest training rows have."
    problems = ("classification",)
    preprocessing = Preprocessing(scale=True)

    def hyperparameters(self, problem: str) -> dict[str, Domain]:  # noqa: ARG002 - there is one only
        return {"n_neighbors": Domain(whole=AT_LEAST_1), "weights": Domain(words=("uniform", "distance"))}

    def default_search_space(self, problem: str) -> dict[str, Any]:  # noqa: ARG002 - as above
        return {"n_neighbors": {"min": 1, "max": 30}}

    def build(self, settings: ModelSettings) -> Any:
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(**settings.hyperparameters)


class Blocks(Splitter):
    name = "blocks"
    summary = "Rows that follow each other stay together."
    problems = ("classification", "regression")

    def dealer(self, n_splits: int, seed: int) -> Dealer:  # noqa: ARG002 - nothing is left to chance
        return BlockDealer(n_splits)


class BlockDealer:
    def __init__(self, n_splits: int) -> None:
        self._n_splits, self._rows = n_splits, 0

    def assign(self, label: str) -> int:  # noqa: ARG002 - its place decides
        part = self._rows // BLOCK_ROWS % self._n_splits
        self._rows += 1
        return part


class F2(Metric):
    name = "f2"
    title = "F2"
    summary = "The mean of precision and recall in which recall counts twice."
    tasks = ("binary",)

    def scorer(self) -> Scorer:
        from sklearn.metrics import fbeta_score, make_scorer

        scorer: Scorer = make_scorer(fbeta_score, beta=2)
        return scorer
