"""TuningJobCompletionCriteria and MaxRuntimeInSeconds: when a tuning job needs no more candidates."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

IMPROVES = 0.01
"""By how much of the best value, in AWS's words 1%, a value must be better to be an improvement."""


def not_improving(values: Iterable[float]) -> int:
    """How many candidates, since the last that improved the best value by 1%, did not; higher values are better."""
    best: float | None = None
    count = 0
    for value in values:
        if best is None or (value >= best + abs(best) * IMPROVES and value > best):
            best, count = value, 0
        else:
            count += 1
    return count


def is_complete(config: Mapping[str, Any], values: Sequence[float], target: float | None) -> bool:
    """Whether a HyperParameterTuningJobConfig's criteria are met by the objective values so far, higher being better.

    `values` are in the order in which the candidates ended; `target` is the criteria's own, turned as they are.
    """
    criteria = config.get("TuningJobCompletionCriteria", {})
    most = criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving")
    if target is not None and any(value >= target for value in values):
        return True
    return most is not None and not_improving(values) >= most
