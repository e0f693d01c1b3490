"""`search.hyperparameters` as a whole: what the estimator has, and that there is something to tune."""

from __future__ import annotations

import difflib
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
    return space, problems
