"""The experiment with nothing left to infer, once target, problem and classes are known."""

from __future__ import annotations

from typing import Any, cast

from warmfold_catalogue.estimators import fitting_estimators, load_estimator
from warmfold_catalogue.metrics import default_metric, fitting_metrics, load_metric
from warmfold_catalogue.splitters import default_splitter, fitting_splitters
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.schema import Compute, Experiment
from warmfold_experiment.search_space import search_space
from warmfold_experiment.splitting import key_column
from warmfold_experiment.wording import first_lines
from warmfold_run.experiment import Experiment as Resolved

WAITING_INSTANCE_TYPE = "ml.m5.large"
"""What a candidate runs on that only waits for its fold jobs."""


def resolve(experiment: Experiment, *, target: str, problem: str, classes: int | None) -> Resolved:
    """Return the experiment with every key present, for a target, problem and number of classes that are known.

    Raises
    ------
    ExperimentRuleError
        When the metric, strategy, estimator or a hyperparameter does not fit the problem.
    """
    metric, wrong_metric = _metric(experiment, problem, classes)
    strategy, wrong_strategy = _strategy(experiment, problem)
    space, wrong_space = _space(experiment, problem)
    problems = [*wrong_metric, *wrong_strategy, *wrong_space]
    if problems:
        raise ExperimentRuleError("\n".join(first_lines(problems)))
    resolved = experiment.model_dump() | {"target": target, "problem": problem, "metric": metric}
    resolved["cross_validation"]["strategy"] = strategy
    resolved["compute"]["candidate_instance_type"] = _candidate_instance_type(experiment.compute)
    resolved["search"]["hyperparameters"] = space
    return cast(Resolved, resolved)


def _metric(experiment: Experiment, problem: str, classes: int | None) -> tuple[str, list[str]]:
    """Return the metric, asked for or the problem's own, and what is wrong with it and its gate."""
    metric, problems = experiment.metric or default_metric(problem, classes), []
    fitting = fitting_metrics(problem, classes)
    if metric not in fitting:
        kind = problem if problem == "regression" or classes is None else f"{problem} with {classes} classes"
        problems.append(f"{experiment.place('metric')} {metric} does not fit {kind}; use one of {', '.join(fitting)}")
    best, least = load_metric(metric).best_possible, experiment.quality_gate.min_score
    if best is not None and least is not None and least > best:
        place = experiment.place("quality_gate", "min_score")
        problems.append(f"{place} is {least}, and {metric} is never above {best}; lower it")
    return metric, problems


def _strategy(experiment: Experiment, problem: str) -> tuple[str, list[str]]:
    needs = key_column(experiment.cross_validation)
    strategy = experiment.cross_validation.strategy or default_splitter(problem, needs)
    fitting = fitting_splitters(problem, needs)
    if strategy in fitting:
        return strategy, []
    place = experiment.place("cross_validation", "strategy")
    return strategy, [f"{place} {strategy} does not fit {problem}; use {' or '.join(fitting)}"]


def _space(experiment: Experiment, problem: str) -> tuple[dict[str, Any], list[str]]:
    estimator = load_estimator(experiment.estimator)
    if problem in estimator.problems:
        return search_space(experiment, estimator, problem)
    fitting = ", ".join(fitting_estimators(problem))
    return {}, [f"{experiment.place('estimator')} {estimator.name} does not fit {problem}; use one of {fitting}"]


def _candidate_instance_type(compute: Compute) -> str:
    """Return the type of the candidates' instances: that of the folds where a candidate trains folds itself."""
    if compute.candidate_instance_type is not None:
        return compute.candidate_instance_type
    return WAITING_INSTANCE_TYPE if compute.fold_placement == "warm-pool" else compute.instance_type
