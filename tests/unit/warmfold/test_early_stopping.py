"""The median rule: who falls behind."""

from __future__ import annotations

import pytest

from warmfold.cloud.sagemaker.early_stopping import falls_behind


@pytest.mark.parametrize(
    ("values", "others", "behind"),
    [
        ([1], [], False),
        ([1], [[2]], True),
        ([2], [[2]], False),
        ([3], [[2]], False),
        ([1], [[0], [2], [3]], True),
        ([2.5], [[0], [2], [3]], False),
        ([0, 5], [[0, 4, 100]], False),
        ([9, 1], [[0, 4, 100]], True),
        ([1, 1, 1], [[9], [9, 9]], False),
        ([1, 1, 1], [[9], [9, 9], [2, 2, 2]], True),
    ],
    ids=[
        "nobody to compare with",
        "worse",
        "equal",
        "better",
        "below the median",
        "above the median",
        "the mean of the others' epochs so far, and none after",
        "only the newest value of its own",
        "nobody has got as far",
        "those that have got as far",
    ],
)
def test_the_newest_value_is_held_against_the_median_of_the_others_means(
    values: list[float], others: list[list[float]], behind: bool
) -> None:
    assert falls_behind(values, others) is behind
