"""Where folds are trained changes nothing but the time: the same scores to the last bit, and nothing left behind."""

from __future__ import annotations

import json
from typing import Any

from tests.local.runs import assert_nothing_is_left, breast_cancer, fold_starts, keys, read, succeeded, training_jobs
from warmfold.stack import Stack

EXPERIMENT = """\
cross_validation: {{n_splits: 3}}
search:
  strategy: Random
  max_candidates: 3
  max_parallel_candidates: 1
  abandon: "off"
  hyperparameters: {{learning_rate: {{min: 0.05, max: 0.3}}, max_leaf_nodes: {{min: 5, max: 31}}, max_iter: 30}}
compute: {{fold_placement: {placement}}}
"""


def placed(stack: Stack, placement: str) -> dict[str, Any]:
    experiment = EXPERIMENT.format(placement=placement)
    return succeeded(stack, f"placed-{placement}", breast_cancer(300), experiment=experiment)


def fold_scores(stack: Stack, summary: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Both scores of every fold by the candidate's hyperparameters and the fold's number."""
    hyperparameters = {c["candidate"]: json.dumps(c["hyperparameters"]) for c in summary["candidate_results"]}
    scores = {}
    for key in keys(stack, f"runs/{summary['run']}/candidates/"):
        if "/fold-" in key:
            result = json.loads(read(stack, key))
            name = f"{hyperparameters[result['candidate']]} {result['fold']}"
            scores[name] = (result["train_score"], result["validation_score"])
    return scores


def test_scores_are_equal_to_the_last_bit_in_the_candidate_and_in_warm_pools(stack: Stack) -> None:
    here, jobs = placed(stack, "in-process"), placed(stack, "warm-pool")
    every = (3 + 1) * 3  # with the default hyperparameters
    assert len(fold_scores(stack, here)) == every
    assert fold_scores(stack, here) == fold_scores(stack, jobs)
    assert (here["placement"]["folds_here"], here["placement"]["fold_jobs"]) == (every, 0)
    assert (jobs["placement"]["folds_here"], jobs["placement"]["fold_jobs"]) == (0, every)
    cold, warm = fold_starts(training_jobs(stack, jobs["run"]))
    assert len(cold) + len(warm) == every
    assert 3 <= len(cold) <= 2 * 3, "one candidate at a time, and the default hyperparameters beside it"
    assert fold_starts(training_jobs(stack, here["run"])) == (set(), set())
    for summary in (here, jobs):
        assert_nothing_is_left(stack, summary["run"])


def test_short_folds_are_trained_in_the_candidates_unasked(stack: Stack) -> None:
    experiment = "cross_validation: {n_splits: 3}\nestimator: linear\nsearch: {max_candidates: 4}\n"
    summary = succeeded(stack, "short", breast_cancer(200), experiment=experiment)
    assert summary["placement"]["asked"] == "auto"
    assert summary["placement"]["folds_here"] + summary["abandoning"]["folds_saved"] == (4 + 1) * 3
    assert fold_starts(training_jobs(stack, summary["run"])) == (set(), set())
    assert summary["final_job"]["status"] == "Completed"
