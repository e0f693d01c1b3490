"""TrainingJobEarlyStoppingType Auto: SageMaker's median rule over what candidates print as they train."""

import statistics
from collections.abc import Iterable, Sequence


def falls_behind(values: Sequence[float], others: Iterable[Sequence[float]]) -> bool:
    """Whether a candidate should be stopped, by its objective values so far, one per epoch; higher is better.

    It falls behind when its newest value is worse than the median, over the other candidates that have got as far, of
    the mean of their values up to the same epoch. Without such others nobody falls behind.
    """
    epoch = len(values)
    means = [statistics.fmean(other[:epoch]) for other in others if len(other) >= epoch]
    return bool(means) and values[-1] < statistics.median(means)
