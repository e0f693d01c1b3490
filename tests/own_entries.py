"""An estimator, a splitter and a metric from outside the package, as somebody else would write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from warmfold_catalogue.domains import AT_LEAST_1, Domain
from warmfold_catalogue.estimators import Estimator, ModelSettings, Preprocessing
from warmfold_catalogue.metrics import Metric, Scorer
from warmfold_catalogue.splitters import Kind, UnitSplitter


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


class Uneven(UnitSplitter):
    name = "uneven"
    summary = "Half of the rows in the first part, the others in the other parts."
    problems = ("classification", "regression")

    def shares(self, kinds: Sequence[Kind], n_splits: int) -> list[list[int]]:
        shares = []
        for kind in kinds:
            rest = kind.units - kind.units // 2
            others = [rest // (n_splits - 1)] * (n_splits - 1)
            others[0] += rest - sum(others)
            shares.append([kind.units // 2, *others])
        return shares


class F2(Metric):
    name = "f2"
    title = "F2"
    summary = "The mean of precision and recall in which recall counts twice."
    tasks = ("binary",)

    def scorer(self) -> Scorer:
        from sklearn.metrics import fbeta_score, make_scorer

        scorer: Scorer = make_scorer(fbeta_score, beta=2)
        return scorer
