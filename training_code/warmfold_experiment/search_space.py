"""`search.hyperparameters` as a whole: what the estimator has, and that there is something to tune."""

from __future__ import annotations

import difflib
import math
from typing import Any

from warmfold_catalogue.estimators import Estimator
from warmfold_experiment.hyperparameters import check_hyperparameter
from warmfold_experiment.schema import Experiment


def search_space(experiment: Experiment, estimator: Estimator, problem: str) -> tuple[dict[str, Any], list[str]]:
    """Return the space that is asked for, else the estimator's own, and what is wrong with it."""
    asked = experiment.search.hyperparameters
    if asked is None:
        asked = estimator.default_search_space(problem)
    allowed = estimator.hyperparameters(problem)
    problems: list[str] = []
    space: dict[str, Any] = {}
    for name, value in asked.items():
        place = experiment.place("search", "hyperparameters", name)
        if len(name) > 256:
            problems.append(f"{place} is {len(name)} characters long; SageMaker takes at most 256")
        elif name not in allowed:
            near = difflib.get_close_matches(name, allowed, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            problems.append(f"{place} is unknown to {estimator.name}; {hint}it has {', '.join(sorted(allowed))}")
        else:
            space[name], wrong = check_hyperparameter(value, allowed[name])
            problems += [f"{place}{w}" for w in wrong]
    tuned = [name for name, value in space.items() if value and "value" not in value]
    place = experiment.place("search", "hyperparameters")
    if not problems and not tuned:
        problems.append(f"{place} has nothing to tune; give at least one `min` and `max`, or `values`")
    elif not problems:
        problems += _too_few(experiment, space)
    return space, problems


def _too_few(experiment: Experiment, space: dict[str, Any]) -> list[str]:
    """SageMaker takes no search that would have to try a combination twice."""
    counts = [_count(entry) for entry in space.values()]
    candidates, combinations = experiment.search.max_candidates, math.prod(counts)
    if combinations >= candidates:
        return []
    place = experiment.place("search", "max_candidates")
    if "max_candidates" not in experiment.search.model_fields_set:
        place = "the default of search.max_candidates"
    return [
        f"{place} is {candidates}, and search.hyperparameters has {combinations} combinations; "
        f"set search.max_candidates to {combinations} or less, or give wider ranges"
    ]


def _count(entry: dict[str, Any]) -> float:
    if "values" in entry:
        return len(entry["values"])
    if "min" not in entry:
        return 1
    return math.inf if entry["type"] == "continuous" else entry["max"] - entry["min"] + 1
