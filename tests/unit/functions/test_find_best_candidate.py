"""Only a candidate with all its fold scores, which average to its objective, is ever the best."""

from __future__ import annotations

from typing import Any

import pytest

import find_best_candidate
from pipeline.errors import NoCompleteCandidateError, SageMakerError, ScoreMismatchError, StorageError
from tests.unit.functions.fake_sagemaker import FakeSageMaker
from tests.unit.functions.runs import Run


@pytest.fixture
def find(run: Run, lambda_context: Any) -> Any:
    event = {"execution_arn": run.execution_arn, "tuning_job": run.tuning_job}
    return lambda: find_best_candidate.lambda_handler(event, lambda_context)


def test_the_highest_mean_wins_with_tuned_and_static_hyperparameters(run: Run, find: Any) -> None:
    run.candidate(1, [0.6, 0.7, 0.8])
    best = run.candidate(2, [0.7, 0.8, 0.9])
    run.candidate(3, [0.5, 0.5, 0.5])
    assert find() == {
        "candidate": best,
        "score": pytest.approx(0.8),
        "scores": [0.7, 0.8, 0.9],
        "hyperparameters": {"learning_rate": "0.2", "max_iter": "20"},
    }


@pytest.mark.parametrize("score", [0.85, 0.8])
def test_the_default_hyperparameters_win_unless_a_candidate_is_better(run: Run, find: Any, score: float) -> None:
    run.candidate(1, [0.7, 0.8, 0.9])
    name = run.defaults([score, score, score])
    assert find() == {
        "candidate": name,
        "score": pytest.approx(score),
        "scores": [score] * 3,
        "hyperparameters": {"max_iter": "20"},
    }


def test_the_default_hyperparameters_lose_to_a_better_candidate(run: Run, find: Any) -> None:
    best = run.candidate(1, [0.7, 0.8, 0.9])
    run.defaults([0.79, 0.79, 0.79])
    run.candidate(2, [0.1, 0.1, 0.1])
    assert find()["candidate"] == best


@pytest.mark.parametrize(("scores", "status"), [([0.9], "Completed"), ([0.9] * 3, "Failed")])
def test_default_hyperparameters_that_were_not_scored_cost_nothing(
    run: Run, find: Any, scores: list[float], status: str
) -> None:
    best = run.candidate(1, [0.7, 0.8, 0.9])
    run.defaults(scores, status)
    assert find()["candidate"] == best


def test_a_candidate_without_a_fold_s_score_is_passed_over(run: Run, find: Any) -> None:
    run.candidate(1, [0.9, 0.9])
    best = run.candidate(2, [0.7, 0.8, 0.9])
    assert find()["candidate"] == best


def test_a_candidate_that_was_stopped_is_passed_over(run: Run, find: Any) -> None:
    run.candidate(1, [0.9, 0.9, 0.9], status="Stopped")
    best = run.candidate(2, [0.7, 0.8, 0.9])
    assert find()["candidate"] == best


def test_a_candidate_that_was_given_up_never_wins_though_sagemaker_ranks_it_first(run: Run, find: Any) -> None:
    best = run.candidate(1, [0.7, 0.8, 0.9])
    run.abandoned(2, [0.95, 0.95], 0.95, [2])
    assert find()["candidate"] == best


def test_one_that_was_given_up_just_before_its_last_fold_ended_is_passed_over(run: Run, find: Any) -> None:
    run.abandoned(2, [0.6, 0.6, 0.99], 0.81, [2])
    best = run.candidate(1, [0.7, 0.8, 0.9])
    assert find()["candidate"] == best, "its objective is an estimate, not the mean of the folds that are there"


def test_an_objective_in_single_precision_is_the_mean_of_its_folds(run: Run, find: Any) -> None:
    run.candidate(1, [-3141.1, -3141.2, -3141.3], objective=-3141.199951171875)
    assert find()["score"] == pytest.approx(-3141.2, abs=1e-12)


def test_an_objective_that_is_not_the_mean_of_its_folds_is_an_error(run: Run, find: Any) -> None:
    name = run.candidate(1, [0.7, 0.8, 0.9], objective=0.80001)
    with pytest.raises(ScoreMismatchError, match=f"{name}.*0.80001"):
        find()


def test_no_complete_candidate_says_what_became_of_them(run: Run, find: Any) -> None:
    run.candidate(1, [0.9])
    name = run.candidate(2, [], status="Failed", FailureReason="AlgorithmError: no memory")
    with pytest.raises(NoCompleteCandidateError) as caught:
        find()
    assert "1 Completed, 1 Failed" in str(caught.value)
    assert f"{name}: AlgorithmError: no memory" in str(caught.value)


def test_a_tuning_job_without_candidates_is_told_apart(find: Any) -> None:
    with pytest.raises(NoCompleteCandidateError, match="it had no candidates"):
        find()


def test_a_refusal_names_what_was_refused(run: Run, sagemaker: FakeSageMaker, find: Any) -> None:
    sagemaker.refuse("ListTrainingJobsForHyperParameterTuningJob", "AccessDeniedException")
    with pytest.raises(SageMakerError, match=f"candidates of tuning job {run.tuning_job}.*AccessDeniedException"):
        find()


def test_a_plan_that_is_not_there_is_named(sample_event: Any, sagemaker: Any, s3: Any, lambda_context: Any) -> None:  # noqa: ARG001
    with pytest.raises(StorageError, match=r"plan\.json is not there"):
        find_best_candidate.lambda_handler(sample_event, lambda_context)
