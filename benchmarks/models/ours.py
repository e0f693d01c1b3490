"""Warmfold's side: its pipelines, the local cloud's Bayesian strategy, the rule that gives candidates up."""

from __future__ import annotations

from statistics import fmean
from typing import Any, cast

from benchmarks.models.datasets import SEED, Rows
from pipeline.planning.requests.tuning import parameter_ranges
from warmfold.cloud.sagemaker.sampler import Sampler
from warmfold_catalogue.estimators import load_estimator
from warmfold_experiment.hyperparameters import check_hyperparameter
from warmfold_jobs.fan_out.abandoning import estimate_if_given_up
from warmfold_jobs.training.fit import fitted
from warmfold_jobs.training.scoring import score
from warmfold_run.experiment import Range
from warmfold_run.plan import Plan


class Tuning:
    """The estimator of a dataset with its own search space."""

    def __init__(self, rows: Rows) -> None:
        """Nothing is fitted yet."""
        self._rows = rows
        self.space = search_space(rows)
        self._plan = cast(
            Plan,
            {
                "experiment": {
                    "estimator": rows.source.estimator,
                    "problem": rows.source.problem,
                    "metric": rows.source.metric,
                    "cross_validation": {"seed": SEED},
                    "search": {"hyperparameters": self.space},
                }
            },
        )

    def fit(self, given: dict[str, str]) -> Any:
        """A model on all rows but the holdout's; without hyperparameters, the default ones."""
        return fitted(self._plan, self._rows.schema, given, self._rows.features, self._rows.labels)[0]

    def best(self, candidates: int) -> tuple[dict[str, str], int]:
        """The best hyperparameters by their folds' mean, of so many candidates, and the folds that were fitted.

        The first candidate is the default ones.
        """
        sampler = Sampler(parameter_ranges(self.space), "Bayesian", SEED)
        incumbent, best, fits = self._scores({}, None), dict[str, str](), len(self._rows.folds)
        for _ in range(candidates - 1):
            number, given = sampler.ask()
            scores = self._scores(given, incumbent)
            fits += len(scores)
            estimate = estimate_if_given_up(dict(enumerate(scores)), incumbent)
            if len(scores) == len(self._rows.folds):
                estimate = fmean(scores)
                if estimate > fmean(incumbent):
                    incumbent, best = scores, given
            sampler.tell(number, estimate)
        return best, fits

    def _scores(self, given: dict[str, str], incumbent: list[float] | None) -> list[float]:
        """Those of the folds, in order; of fewer when the candidate is given up."""
        rows, scores = self._rows, list[float]()
        for train, validation in rows.folds:
            features, labels = rows.features.iloc[train].reset_index(drop=True), rows.labels[train]
            model, _ = fitted(self._plan, rows.schema, given, features, labels)
            scores.append(score(model, rows.features.iloc[validation], rows.labels[validation], rows.source.metric))
            if incumbent is not None and estimate_if_given_up(dict(enumerate(scores)), incumbent) is not None:
                break
        return scores


def search_space(rows: Rows) -> dict[str, Range]:
    """Where the catalogue searches when an experiment does not say."""
    estimator, problem = load_estimator(rows.source.estimator), rows.source.problem
    domains = estimator.hyperparameters(problem)
    asked = estimator.default_search_space(problem)
    return {name: cast(Range, check_hyperparameter(value, domains[name])[0]) for name, value in asked.items()}
