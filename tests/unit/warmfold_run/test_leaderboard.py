"""The leaderboard's names sort better means first."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmfold_run.places import leaderboard_name

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, FINITE)
def test_the_better_mean_comes_first(one: float, other: float) -> None:
    first, second = leaderboard_name(one, "c"), leaderboard_name(other, "c")
    assert (first < second) == (one > other)
    assert (first == second) == (one == other)


@pytest.mark.parametrize("mean", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_has_no_place(mean: float) -> None:
    with pytest.raises(ValueError, match="no place on the leaderboard"):
        leaderboard_name(mean, "c")
