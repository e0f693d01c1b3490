"""Giving up candidates: when, with what score, and how the best one is found in a listing."""

from __future__ import annotations

import math
from statistics import fmean, stdev

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warmfold_jobs.fan_out.abandoning import can_abandon, estimate_if_given_up
from warmfold_run.places import leaderboard_name

INCUMBENT = (0.90, 0.80, 0.95, 0.85, 0.90)
MEAN = 0.88

finite = st.floats(allow_nan=False, allow_infinity=False)
anything = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def situations(draw: st.DrawFn, numbers: st.SearchStrategy[float]) -> tuple[dict[int, float], list[float]]:
    incumbent = draw(st.lists(numbers, min_size=2, max_size=20))
    finished = draw(st.sets(st.integers(0, len(incumbent) - 1), max_size=len(incumbent)))
    return {fold: draw(numbers) for fold in finished}, incumbent


def behind(folds: int, by: float) -> dict[int, float]:
    """So many finished folds, each worse than the incumbent's by so many of the standard errors of their mean."""
    error = stdev(INCUMBENT) * math.sqrt(1 / folds - 1 / len(INCUMBENT))
    return {fold: INCUMBENT[fold] - by * error for fold in range(folds)}


@pytest.mark.parametrize("finished", [{}, dict.fromkeys(range(5), 0.1)])
def test_nothing_is_decided_before_the_first_fold_nor_after_the_last(finished: dict[int, float]) -> None:
    assert estimate_if_given_up(finished, INCUMBENT) is None


@pytest.mark.parametrize("folds", [2, 3, 4])
def test_a_candidate_is_given_up_when_it_is_two_standard_errors_behind(folds: int) -> None:
    assert estimate_if_given_up(behind(folds, 1.99), INCUMBENT) is None
    assert estimate_if_given_up(behind(folds, 2.01), INCUMBENT) is not None


def test_one_fold_alone_decides_only_at_twice_the_distance_and_among_many() -> None:
    assert estimate_if_given_up(behind(1, 3.99), INCUMBENT) is None
    assert estimate_if_given_up(behind(1, 4.01), INCUMBENT) is not None
    assert estimate_if_given_up({0: 0.1}, INCUMBENT[:4]) is None
    assert estimate_if_given_up({0: 0.1}, (0.9,) * 5) is None  # an incumbent without spread says nothing of what is far
    assert estimate_if_given_up({0: 0.1, 1: 0.1}, (0.9,) * 5) is not None


def test_it_reports_the_incumbents_mean_and_its_difference_in_the_same_folds() -> None:
    assert estimate_if_given_up({2: 0.70, 1: 0.60}, INCUMBENT) == pytest.approx(
        MEAN + fmean([0.70 - 0.95, 0.60 - 0.80])
    )
    assert estimate_if_given_up({4: 0.50, 0: 0.40, 3: 0.60}, INCUMBENT) == pytest.approx(
        MEAN - fmean([0.40, 0.50, 0.25])
    )


def test_losses_are_compared_as_scores_below_zero() -> None:
    incumbent = (-1.0, -3.0, -2.0)
    assert estimate_if_given_up({0: -1.5, 2: -2.5}, incumbent) is None
    assert estimate_if_given_up({0: -2.0, 2: -4.0}, incumbent) == pytest.approx(-2.0 - 1.5)


def test_a_candidate_that_is_not_worse_in_each_of_its_folds_goes_on() -> None:
    assert estimate_if_given_up({0: 0.90, 1: 0.10}, INCUMBENT) is None
    assert estimate_if_given_up({0: 0.10, 1: 0.80, 2: 0.10}, INCUMBENT) is None


def test_one_that_is_a_hair_behind_an_incumbent_without_spread_reports_less_than_its_mean() -> None:
    incumbent = (0.1, 0.1, 0.1, 0.1, 0.1)
    hair = math.nextafter(0.1, 0.0)
    reported = estimate_if_given_up({0: hair, 1: hair}, incumbent)
    assert reported is not None
    assert reported < fmean(incumbent)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_give_nobody_up(wrong: float) -> None:
    assert estimate_if_given_up({0: wrong, 1: 0.1}, INCUMBENT) is None
    assert estimate_if_given_up({0: 0.1, 1: 0.1}, (0.9, 0.9, wrong)) is None


@given(situations(anything))
@example(({0: -1.7e308, 1: -1.7e308}, [1.7e308, 1.7e308, 1.7e308]))
@example(({0: -1.1e308, 2: -6.1e307}, [1.2e308, -6e307, -6e307]))
def test_what_is_reported_is_finite_and_below_the_incumbents_mean(
    situation: tuple[dict[int, float], list[float]],
) -> None:
    scores, incumbent = situation
    reported = estimate_if_given_up(scores, incumbent)
    assert reported is None or (math.isfinite(reported) and reported < fmean(incumbent))


@given(situations(st.floats(-1e6, 1e6)))
def test_a_candidate_as_good_as_the_incumbent_in_one_fold_is_never_given_up(
    situation: tuple[dict[int, float], list[float]],
) -> None:
    scores, incumbent = situation
    for fold in scores:
        assert estimate_if_given_up(scores | {fold: incumbent[fold]}, incumbent) is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20), st.data())
def test_the_incumbent_itself_is_never_given_up(incumbent: list[float], data: st.DataObject) -> None:
    finished = data.draw(st.sets(st.integers(0, len(incumbent) - 1)))
    assert estimate_if_given_up({fold: incumbent[fold] for fold in finished}, incumbent) is None


@pytest.mark.parametrize("n_splits", [3, 4, 5, 10])
def test_candidates_may_be_given_up_with_the_numbers_of_folds_it_was_measured_for(n_splits: int) -> None:
    assert can_abandon(n_splits)


@pytest.mark.parametrize("n_splits", [2, 11, 20])
def test_no_candidate_is_given_up_with_numbers_of_folds_it_was_not_measured_for(n_splits: int) -> None:
    assert not can_abandon(n_splits)


@given(finite, finite)
@example(0.0, -0.0)
@example(5e-324, -5e-324)
@example(1.7e308, -1.7e308)
def test_keys_sort_as_means_do_the_better_first(one: float, other: float) -> None:
    names = leaderboard_name(one, "candidate"), leaderboard_name(other, "candidate")
    assert (names[0] < names[1]) == (one > other)
    assert (names[0] == names[1]) == (one == other)


@given(finite)
def test_a_key_is_sixteen_hex_digits(mean: float) -> None:
    key, _, rest = leaderboard_name(mean, "wf-run-001-0a1b2c3d").partition("-")
    assert rest == "wf-run-001-0a1b2c3d.json"
    assert len(key) == 16
    assert set(key) <= set("0123456789abcdef")


@pytest.mark.parametrize("mean", [math.nan, math.inf, -math.inf])
def test_what_is_no_score_has_no_key(mean: float) -> None:
    with pytest.raises(ValueError, match="leaderboard"):
        leaderboard_name(mean, "candidate")
