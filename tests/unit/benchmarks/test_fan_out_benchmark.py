"""Whole tuning jobs on the engine: what is known of them from elsewhere comes out."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

import pytest

from benchmarks.fan_out import checks, constants
from benchmarks.fan_out.chart import chart
from benchmarks.fan_out.engine import Result, Simulation
from benchmarks.fan_out.limits import barrier_limit, physical_limit
from benchmarks.fan_out.runs import Cell, Figures
from benchmarks.fan_out.sides import SIDES
from benchmarks.fan_out.workload import Case, Workload, drawn
from virtual.assumptions import Assumptions, Quota
from virtual.fates import Fate, failed

MATRIX = [[0.5 + 0.004 * row + 0.01 * (fold % 3) for fold in range(5)] for row in range(60)]


def workload(*seconds: Sequence[float]) -> Workload:
    """Candidates with such fold seconds, and scores that say which fold it is."""
    return Workload(seconds, [[0.5 + fold / 100 for fold in range(len(row))] for row in seconds])


def simulate(side: str, case: Case, folds: Workload | None = None, seed: int = 1, **options: object) -> Result:
    folds = folds or drawn(case, seed, [row[: case.n_splits] for row in MATRIX])
    return Simulation(case, SIDES[side], folds, seed, **options).run()  # type: ignore[arg-type]


def test_the_constants_are_those_of_the_specification() -> None:
    usual = Assumptions()
    assert (usual.cold.seconds, usual.cold.billed) == (180, 60)
    assert (usual.warm.seconds, usual.warm.billed) == (10, 5)
    assert (usual.tail, usual.gap) == (8, 15)
    assert (usual.creates.per_second, usual.creates.burst) == (2, 4)
    assert (usual.lists.per_second, usual.describes.per_second) == (2, 10)
    assert constants.VARIATION == 0.2
    assert constants.CANDIDATES == 120
    assert (constants.RECIPE_CREATE_PAUSE, constants.RECIPE_LOOK_PAUSE, constants.RECIPE_KEEP_ALIVE) == (5, 30, 600)


def test_the_targets_are_those_of_the_specification() -> None:
    told = {
        10: ((1.50, 0.43), (1.65, 0.43)),
        60: ((1.28, 0.57), (1.42, 0.54)),
        300: ((1.09, 0.74), (1.31, 0.62)),
        1200: ((1.03, 0.83), (1.27, 0.67)),
    }
    assert {seconds: (checks.TARGETS["off", seconds], checks.TARGETS["default", seconds]) for seconds in told} == told
    assert Case(5, 1, 30.0, 120) == checks.HEADLINE
    assert (checks.HEADLINE_HOURS, checks.RECIPE_HOURS, checks.RECIPE_TOLERANCE) == (2.8, 4.0, 0.05)


def test_the_recipe_takes_four_hours_on_the_headline_and_about_ten_without_warm_pools() -> None:
    recipe, cold = simulate("recipe", checks.HEADLINE), simulate("cold", checks.HEADLINE)
    assert recipe.wall / 3600 == pytest.approx(4.0, rel=0.05)
    assert cold.wall / 3600 == pytest.approx(10.0, rel=0.05)
    assert (recipe.cold, recipe.warm, cold.warm) == (5, 595, 0)


def test_the_recipe_for_two_candidates_is_what_it_is_by_hand() -> None:
    result = simulate("recipe", Case(3, 1, 30.0, 2), workload([30.0] * 3, [30.0] * 3))
    # the last fold is created at 10 s and over at 10 + 180 + 30 + 8 = 228: seen 15 + 8 x 30 = 255 s after the start
    first = 180 + 255 + 8
    # then warm: created at 10, over at 10 + 10 + 30 + 8 = 58, seen at 15 + 2 x 30 = 75
    second = first + 15 + 10 + 75 + 8
    assert result.wall == pytest.approx(second)
    assert result.bill.candidates == pytest.approx((60 + 255 + 8) + (5 + 75 + 8))
    assert result.bill.folds == pytest.approx(3 * (60 + 30 + 8) + 3 * (5 + 30 + 8))
    # a pool waits from 180 + 218 + 5i on; the second candidate's folds come at 468 + 5i; then 600 s to the end
    assert result.bill.retained == pytest.approx(3 * (468 - 398) + 3 * 600)
    assert result.calls == 3 + 9 * 3 + 3 + 3 * 3
    assert (result.cold, result.late_cold, result.warm) == (3, 0, 3)


def test_the_loop_for_one_candidate_is_what_it_is_by_hand() -> None:
    folds = workload([10.0, 20.0, 30.0], [10.0, 20.0, 30.0])
    result = simulate("loop", Case(3, 1, 20.0, 2), folds)
    assert result.wall == 180 + 60 + 8 + 15 + 10 + 60 + 8
    assert result.bill.total == (60 + 60 + 8) + (5 + 60 + 8)
    assert simulate("loop", Case(3, 2, 20.0, 2), folds).wall == 180 + 60 + 8


def test_the_same_seed_gives_the_same_result_and_another_one_another() -> None:
    case = Case(3, 2, 30.0, 8)
    one, again, other = (simulate("default", case, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one.wall != other.wall


def test_all_sides_see_the_same_folds_and_no_side_beats_the_hardware() -> None:
    case = Case(3, 2, 60.0, 12)
    folds = drawn(case, 5, [row[:3] for row in MATRIX])
    for key in SIDES:
        result = simulate(key, case, folds, seed=5)
        assert not result.lost
        assert [run.number for run in result.candidates] == list(range(1, 13))
        trained = [run for run in result.candidates if not run.abandoned]
        assert all(run.seconds >= max(folds.seconds[run.number - 1]) - 1e-6 for run in trained)


def test_production_code_and_the_loop_agree_when_all_folds_are_trained_in_the_candidate() -> None:
    case = Case(3, 1, 20.0, 4)
    folds = drawn(case, 2, [row[:3] for row in MATRIX])
    assert simulate("here", case, folds).wall == pytest.approx(simulate("loop", case, folds).wall, abs=0.01)


def test_candidates_that_cannot_win_are_given_up_and_it_pays() -> None:
    falling = Workload(
        [[50.0, 50, 50, 200, 200]] * 10, [[0.9 - 0.05 * row + 0.001 * fold for fold in range(5)] for row in range(10)]
    )
    case = Case(5, 1, 60.0, 10)
    off, on = simulate("off", case, falling), simulate("default", case, falling)
    assert sum(run.abandoned for run in on.candidates) >= 7
    assert not any(run.abandoned for run in off.candidates)
    assert on.bill.total < off.bill.total


def test_when_tuning_ends_no_pool_of_warmfolds_is_billed_on() -> None:
    folds = workload([30.0] * 3, [30.0] * 3)
    ours, recipe = (simulate(side, Case(3, 1, 30.0, 2), folds) for side in ("pool", "recipe"))
    assert recipe.bill.retained > 3 * 600
    assert ours.bill.retained < 3 * 100
    assert ours.warm == recipe.warm == 3


def test_a_fold_that_fails_once_is_tried_again_and_twice_loses_its_candidate_only() -> None:
    case, broken = Case(3, 1, 60.0, 3), failed("AlgorithmError: no", 5)

    def once(job: str) -> Fate | None:
        return broken if "-001-" in job and job.endswith("-f2") else None

    def always(job: str) -> Fate | None:
        return broken if "-001-" in job and "-f2" in job else None

    assert simulate("pool", case, failures=once).lost == {}
    lost = simulate("pool", case, failures=always).lost
    assert list(lost) == [1]
    assert "AlgorithmError: no" in lost[1]


def test_without_instances_for_folds_tuning_still_ends() -> None:
    result = simulate("default", Case(3, 2, 20.0, 4), quota=Quota(instances=2))
    assert result.lost == {}
    assert len(result.candidates) == 4


def test_durations_have_the_mean_and_the_spread_that_is_asked_for() -> None:
    flat = [one for row in drawn(Case(10, 1, 300.0, 500), 3, MATRIX).seconds for one in row]
    assert fmean(flat) == pytest.approx(300, rel=0.02)
    assert stdev(flat) / fmean(flat) == pytest.approx(0.2, rel=0.05)


def test_limits_are_what_they_are_by_hand() -> None:
    case = Case(2, 2, 10.0, 3)
    folds = workload([10.0, 30.0], [20.0, 5.0], [40.0, 1.0])
    assert physical_limit(case, folds) == 106 / 4
    # the third candidate follows the second, which is over first
    assert barrier_limit(case, folds, Assumptions()) == (180 + 20 + 8) + 15 + 10 + 40 + 8


def figures(wall: float, bill: float, later: float = 60.0, lost: float = 0.0) -> Figures:
    return Figures(
        wall=wall,
        bill=bill,
        calls=100,
        peak=5,
        s3_calls=10,
        fold_jobs=10,
        late_cold=0,
        given_up=0,
        lost=lost,
        in_flight=5,
        later_seconds=later,
        later_slowest=50.0,
        physical=1,
        barrier=1,
    )


def means(case: Case, speed: float = 2.0, **changes: Figures) -> tuple[Cell, dict[str, Figures]]:
    """Every side as good as the recipe, warmfold faster by `speed` and for less."""
    every = {key: figures(4.0, 10.0) for key in SIDES} | {
        key: figures(4.0 / speed, 1.0) for key in ("off", "default", "off-4", "default-4")
    }
    return Cell(case), every | changes


def unmet(found: Sequence[checks.Check]) -> list[str]:
    return [check.promise for check in found if not check.met]


def test_a_target_that_is_missed_is_said() -> None:
    good = dict(means(case) for case in checks.CASES)
    assert unmet(list(checks.check_targets({cell.case: one for cell, one in good.items()}))) == []
    slow = dict(means(case, speed=1.26) for case in checks.CASES)
    missed = unmet(list(checks.check_targets({cell.case: one for cell, one in slow.items()})))
    slow_cells = [
        "10 s folds, no abandoning",
        "60 s folds, no abandoning",
        "10 s folds, abandoning",
        "60 s folds, abandoning",
        "300 s folds, abandoning",
        "1200 s folds, abandoning",
    ]
    lanes = ("1 fold at a time in a candidate", "4 folds at a time in a candidate")
    each = [f"K=5, M=4, {cell}, {some}" for cell in slow_cells for some in lanes]
    assert [text.partition(":")[0] for text in missed] == [*each, "headline"]


def test_a_target_that_is_out_of_reach_is_held_to_what_is_reached_and_says_why() -> None:
    (seconds,) = {seconds for side, seconds in checks.OUT_OF_REACH if side == "off" and seconds > 60}
    reached, why = checks.OUT_OF_REACH["off", seconds]
    for speed, is_met in ((reached, True), (reached - 0.01, False)):
        found = dict(means(case, speed=speed) for case in checks.CASES)
        every = list(checks.check_targets({cell.case: one for cell, one in found.items()}))
        (check,) = [check for check in every if why in check.promise]
        assert check.met == is_met


def test_an_engine_that_gives_the_recipe_other_hours_is_wrong() -> None:
    good = dict(means(case) for case in checks.CASES)
    by_case = {cell.case: one for cell, one in good.items()}
    by_case[checks.HEADLINE] |= {"recipe": figures(4.3, 10.0)}
    assert unmet(list(checks.check_targets(by_case))) == ["headline: S1 takes 4.0 h ± 5%"]


def test_auto_may_be_five_percent_slower_than_the_better_placement_and_no_candidate_may_fail() -> None:
    case = checks.CASES[0]
    assert unmet(list(checks.check_cells([means(case, off=figures(4, 10, later=63.0))]))) == []
    assert len(unmet(list(checks.check_cells([means(case, off=figures(4, 10, later=63.1))])))) == 1
    assert unmet(list(checks.check_cells([means(case, pool=figures(4, 10, lost=1))]))) == [
        "1 cells: no candidate fails"
    ]


def test_the_chart_is_well_formed_and_reads_on_dark() -> None:
    from xml.etree import ElementTree

    text = chart([means(case) for case in checks.CASES if case != checks.HEADLINE])
    ElementTree.fromstring(text)
    assert "prefers-color-scheme: dark" in text
    assert text.count("2.00<") == 8  # both sides of warmfold are twice as fast in each of four cells
