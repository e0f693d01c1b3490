"""Which folds are trained in the candidate: the fastest way, and of equally fast ones the one with the fewest jobs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmfold_jobs.fan_out.fold_placement import COLD_START, MARGIN, SHORTEST_WARM_START, Measured, choose


def known(start: float | None, seconds: float, cpu: float | None = None, pools: int = 10) -> Measured:
    return Measured(
        fold_seconds=seconds, cpu_seconds=seconds if cpu is None else cpu, warm_start=start, pools=pools, slowest=1.2
    )


def entry(seconds: list[float], jobs: int, **changes: Any) -> dict[str, Any]:
    times = {"fold_seconds": seconds, "cpu_seconds": seconds, "start_seconds": [], "cold_seconds": []}
    return {**times, "jobs": jobs, "job": "a-f1" if jobs else None, **changes}


@pytest.mark.parametrize(
    ("folds", "lanes", "start", "seconds", "here"),
    [
        (5, 1, 10, 60, 1),  # a second one here would end long after the jobs
        (5, 1, 10, 2, 5),  # all of them are over before a warm start is
        (5, 1, 10, 5, 3),  # three here take as long as two jobs with their start
        (5, 1, 20, 4, 5),
        (5, 4, 10, 300, 4),  # four cores are free
        (3, 1, 10, 8, 2),
        (10, 1, 10, 3, 4),
    ],
)
def test_folds_are_spread_so_that_they_are_over_soonest(
    folds: int, lanes: int, start: float, seconds: float, here: int
) -> None:
    assert choose(folds, lanes, known(start, seconds), seconds).here == here


def test_fits_that_use_all_cores_are_not_trained_side_by_side() -> None:
    choice = choose(5, 4, known(10, 300, cpu=1100), 300)
    assert (choice.here, choice.at_a_time) == (1, 1)


def test_jobs_beyond_the_pools_that_are_there_count_as_cold() -> None:
    assert choose(5, 1, known(10, 20, pools=0), 20).here == 5
    assert choose(5, 1, known(10, 20, pools=3), 20).here == 2
    assert choose(5, 1, known(10, 20, pools=4), 20).here == 1
    assert choose(5, 1, known(10, COLD_START, pools=0), COLD_START).here < 5


@given(
    st.integers(2, 20),
    st.integers(1, 8),
    st.floats(0.05, 100),
    st.floats(0.01, 2000),
    st.integers(0, 20),
)
def test_no_choice_is_slower_than_all_here_or_all_but_one_as_jobs(
    folds: int, lanes: int, start: float, seconds: float, pools: int
) -> None:
    measured = known(start, seconds, pools=pools)
    here = choose(folds, lanes, measured, seconds).here

    def takes(here: int) -> float:
        return max(-(-here // lanes) * seconds, measured.seconds_as_jobs(folds - here, seconds))

    assert 1 <= here <= folds
    assert takes(here) <= MARGIN * 1.0001 * min(takes(1), takes(folds))


def test_what_is_known_comes_from_recent_candidates() -> None:
    assert Measured.of([]).fold_seconds is None
    first = entry([10.0, 20.0], 2, cold_seconds=[180.0, 190.0])
    measured = Measured.of([first])
    assert (measured.fold_seconds, measured.slowest, measured.pools, measured.job) == (
        15.0,
        pytest.approx(4 / 3),
        2,
        "a-f1",
    )
    assert measured.start(2) == SHORTEST_WARM_START
    assert measured.start(3) == 185.0
    later = Measured.of([first, entry([30.0, 30.0], 1, start_seconds=[9.0, 11.0, 200.0]), entry([1.0, 1.0], 0)])
    assert later.warm_start == 11.0
    assert later.job == "a-f1"
