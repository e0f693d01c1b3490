"""The abandoning benchmark: it can tell a rule that loses winners from one that does not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from benchmarks.abandoning import live, make_matrices, matrices, replay, report, tuning
from benchmarks.abandoning.fits import Pair
from benchmarks.abandoning.matrices import Matrix


class Listed:
    """Candidates with given scores; every fold takes as long as it is told."""

    def __init__(self, scores: Sequence[Sequence[float]], durations: Mapping[tuple[int, int], float]) -> None:
        self.n_splits = len(scores[0])
        self.scores, self.durations = scores, durations
        self.told: dict[int, float] = {}
        self.running = self.most_running = self.asked = 0

    def ask(self) -> int | None:
        if self.asked == len(self.scores):
            return None
        self.asked += 1
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        return self.asked - 1

    def tell(self, candidate: int, value: float) -> None:
        self.told[candidate] = value
        self.running -= 1

    def span(self, candidate: int, fold: int) -> tuple[float, float]:
        return 0.0, self.durations.get((candidate, fold), 1.0)

    def score(self, candidate: int, fold: int) -> float:
        return self.scores[candidate][fold]


GOOD, BAD = (0.8, 0.9, 0.85), (0.5, 0.6, 0.7)
LATE_WINNER = (0.7, 0.7, 1.8)
"""Worse than GOOD in the first two folds, and better in the mean of all three."""


def matrix(*scores: tuple[float, ...], test: tuple[float, ...] = (), unit: float = 1.0) -> Matrix:
    return Matrix("made", "r2", unit, scores, test or tuple(math.fsum(row) for row in scores))


def test_without_a_rule_every_candidate_is_complete() -> None:
    candidates = Listed([GOOD, BAD, LATE_WINNER, BAD, GOOD], {})
    run = tuning.Tuning(candidates, tuning.RULES["off"]).run()
    assert sorted(run.complete) == [0, 1, 2, 3, 4]
    assert (run.given_up, run.folds, run.fold_time, run.wall) == (0, 15, 15.0, 2.0)


def test_no_more_than_four_candidates_run_at_a_time() -> None:
    candidates = Listed([BAD] * 11, {})
    tuning.Tuning(candidates, tuning.RULES["forgiving"]).run()
    assert candidates.most_running == tuning.IN_FLIGHT == 4


def test_a_candidate_is_given_up_when_its_second_fold_ends_and_the_next_begins_then() -> None:
    slow = {(4, 0): 2.0, (4, 1): 3.0, (4, 2): 10.0}
    candidates = Listed([GOOD, BAD, BAD, BAD, BAD, BAD], {**slow, **{(5, fold): 20.0 for fold in range(3)}})
    run = tuning.Tuning(candidates, tuning.RULES["forgiving"]).run()
    assert candidates.told[4] == pytest.approx(0.85 + (0.5 - 0.8 + 0.6 - 0.9) / 2)
    # four candidates end at 1, the fifth is given up at 1 + 3, the sixth's folds all end at 1 + 20
    assert run.wall == 21.0
    assert run.fold_time == pytest.approx(4 * 3 * 1.0 + (2.0 + 3.0 + 3.0) + 3 * 20.0)


def test_folds_in_turn_take_as_long_as_all_of_them_and_those_not_begun_cost_nothing() -> None:
    one = matrix(*[GOOD] * 4, *[BAD] * 4)
    side_by_side, in_turn = (
        tuning.Tuning(replay.Drawn(one, 3, way), tuning.RULES["off"]).run() for way in (True, False)
    )
    assert in_turn.fold_time == pytest.approx(side_by_side.fold_time)
    assert in_turn.wall > 2 * side_by_side.wall
    found = replay.replay(one, "forgiving", 3, side_by_side=False)
    assert found.given_up > 0
    assert found.folds <= 1 - found.given_up / 3 + 1e-9


def test_a_running_candidate_is_judged_again_when_there_is_a_new_incumbent() -> None:
    candidates = Listed([BAD, GOOD], {(0, 2): 9.0, (1, 2): 2.0})
    run = tuning.Tuning(candidates, tuning.RULES["forgiving"]).run()
    assert list(run.complete) == [1]
    assert run.wall == 2.0


def test_a_winner_that_the_rule_gives_up_is_noticed_with_its_test_loss() -> None:
    scores = (*[GOOD] * 8, LATE_WINNER)
    found = [replay.replay(matrix(*scores, test=(*[0.5] * 8, 0.75)), "forgiving", seed) for seed in range(60)]
    assert {one.same for one in found} == {True, False}
    assert {(one.same, round(one.loss, 9)) for one in found} == {(True, 0.0), (False, 25.0)}


def test_a_loss_is_counted_in_its_matrix_unit() -> None:
    scores = (*[GOOD] * 8, LATE_WINNER)
    found = [
        replay.replay(matrix(*scores, test=(*[-4.0] * 8, -3.0), unit=50.0), "forgiving", seed) for seed in range(60)
    ]
    assert max(one.loss for one in found) == pytest.approx(2.0)


def test_another_candidate_with_the_same_mean_is_the_same_winner() -> None:
    tied = matrix(*[(0.8, 0.9, 1.0), (1.0, 0.9, 0.8), (0.9, 0.8, 1.0)] * 3)
    assert all(replay.replay(tied, rule, seed).same for rule, _ in report.VARIANTS for seed in range(20))


def test_a_seed_gives_the_same_replay_and_another_seed_another() -> None:
    one = matrices.load(5)[0]
    assert replay.replay(one, "forgiving", 1) == replay.replay(one, "forgiving", 1)
    assert replay.replay(one, "forgiving", 1) != replay.replay(one, "forgiving", 2)


@pytest.mark.parametrize(("same", "loss", "met"), [(0.98, 0.05, True), (0.979, 0.0, False), (1.0, 0.051, False)])
def test_both_promises_are_asked_for(same: float, loss: float, met: bool) -> None:
    assert replace(summary(), same=same, mean_loss=loss).met == met


def test_a_broken_promise_is_reported_where_the_rule_is_on_and_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = replace(summary(), same=0.9)
    broken: dict[report.Variant, report.Found] = {
        report.PROMISED[0]: [(summary(), [])],
        report.PROMISED[1]: [(lost, [])],
    }
    fine = live.comparisons([difference(task, seed, 0.0) for task in TASKS for seed in range(3)])
    (line,) = report.missed(broken, fine)
    assert line.startswith("K=5, folds in turn: same winner 90.0% of 98%")
    monkeypatch.setattr("warmfold_jobs.fan_out.abandoning.MEASURED_SPLITS", (10,))
    assert report.missed(broken, fine) == []


@pytest.mark.parametrize("n_splits", matrices.N_SPLITS)
def test_the_kept_matrices_are_those_that_the_script_makes_complete_and_finite(n_splits: int) -> None:
    loaded = matrices.load(n_splits)
    assert {one.name: len(one.scores) for one in loaded} == {pair.name: pair.candidates for pair in make_matrices.PAIRS}
    assert len(loaded) >= 22
    for one in loaded:
        assert len(one.test) == len(one.scores)
        assert {len(row) for row in one.scores} == {n_splits}
        assert all(math.isfinite(score) for row in (*one.scores, one.test) for score in row)


def test_a_matrix_made_again_is_the_kept_one() -> None:
    pair = next(pair for pair in make_matrices.PAIRS if pair.name == "iris-vectors-accuracy")
    kept = next(one for one in matrices.load(3) if one.name == pair.name)
    few = make_matrices.made(replace(pair, candidates=5))
    assert [tuple(row) for row in few["scores"][3]] == [pytest.approx(row) for row in kept.scores[:5]]
    assert few["test"] == pytest.approx(kept.test[:5])


TASKS = [pair.name for pair, _ in live.TASKS]


def summary() -> replay.Summary:
    return replay.Summary(5, 50, 1.0, (1.0, "made"), 0.0, 0.0, 0.7, 0.9, 0.85, 0.5)


def difference(task: str, seed: int, holdout: float) -> live.Difference:
    return live.Difference(task, seed, holdout, validation=0.0, folds=0.7, wall=0.85)


def judged(holdout: Mapping[str, Sequence[float]]) -> bool:
    every = [difference(task, seed, one) for task, some in holdout.items() for seed, one in enumerate(some)]
    return live.no_worse(live.comparisons(every))


def test_live_is_no_worse_when_differences_go_both_ways_or_there_are_none() -> None:
    assert judged({task: [0.3, -0.3, 0.2, -0.2] for task in TASKS})
    assert judged({task: [0.0] * 4 for task in TASKS})


def test_live_is_worse_when_one_dataset_loses_in_nearly_every_seed() -> None:
    fine = {task: [0.3, -0.3, 0.2, -0.2] for task in TASKS}
    assert not judged({**fine, TASKS[1]: [-0.1, -0.12, -0.09, -0.11]})


def test_live_is_worse_when_the_data_cannot_rule_out_a_loss_beyond_the_margin() -> None:
    assert not judged({task: [6.0, -6.0, 5.0, -5.0] for task in TASKS})


def test_live_candidates_are_proposed_and_given_up_as_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CANDIDATES", 12)
    monkeypatch.setattr(live, "SEEDS", range(2))
    monkeypatch.setattr(live, "TASKS", ((Pair("iris", "vectors", "accuracy"), None),))
    with ThreadPoolExecutor(1) as pool:
        first, again = live.compare(pool), live.compare(pool)
    assert first == again
    assert {one.folds < 1.0 for one in first} == {True}
