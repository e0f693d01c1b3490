"""A candidate's folds on a virtual clock: nothing doubled, nothing lost, nothing left running."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import pytest
from botocore.exceptions import CredentialRetrievalError, EndpointConnectionError, IncompleteReadError

from tests.unit.training_code.virtual_candidate import BEGIN, CANDIDATE, EXPECTED, Candidate, Trains, plan
from virtual.calls import client_error
from virtual.fates import Fate
from warmfold_jobs.fan_out.backoff import PASSING_ATTEMPTS
from warmfold_jobs.fan_out.job_calls import FoldRequestError
from warmfold_jobs.fan_out.loop import LONGEST_TICK, FoldFailedError, Outcome
from warmfold_jobs.fan_out.place import Failure
from warmfold_run import encoding

NO_ROUTE = EndpointConnectionError(endpoint_url="https://sagemaker")


def test_every_fold_is_created_at_once_and_complete() -> None:
    candidate = Candidate()
    assert candidate.run() == EXPECTED
    jobs = candidate.sagemaker.jobs
    assert list(jobs) == [f"{CANDIDATE}-f{fold}" for fold in range(5)]
    assert {job.created for job in jobs.values()} == {BEGIN}
    request = jobs[f"{CANDIDATE}-f3"].request
    assert request["HyperParameters"] == {
        "sagemaker_program": "training.py",
        "max_iter": "20",
        "learning_rate": "0.3",
    }
    assert request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://bucket/runs/r/parts/"
    assert candidate.outcome == Outcome(fmean(EXPECTED) + 0.05, fmean(EXPECTED), abandoned=False)


def test_waiting_adds_little_to_the_folds_and_calls_stay_few() -> None:
    for seconds in (0.5, 10, 60, 1200):
        candidate = Candidate(**{f"f{fold}": Trains(seconds, tail=0) for fold in range(5)})
        candidate.run()
        assert candidate.seconds <= min(seconds * 1.12 + 0.3, seconds + 2 * LONGEST_TICK)
        assert candidate.calls("DescribeTrainingJob") <= 5 * (10 + seconds / 15)


def test_where_starts_are_instant_the_candidate_waits_for_the_pools_of_its_folds_and_elsewhere_it_does_not() -> None:
    instant = Candidate(**{f"f{fold}": Trains(60, tail=1) for fold in range(5)})
    instant.run()
    assert instant.seconds >= 61
    usual = Candidate(**{f"f{fold}": Trains(50, start=10, tail=1) for fold in range(5)})
    usual.run()
    assert usual.seconds < 61 + LONGEST_TICK
    assert usual.calls("DescribeTrainingJob") < instant.calls("DescribeTrainingJob")
    lasting = Candidate(**{f"f{fold}": Trains(60, tail=100) for fold in range(5)})
    lasting.run()
    assert lasting.seconds < 70


def test_a_fold_job_that_exists_is_adopted_and_a_score_that_is_there_is_taken() -> None:
    candidate = Candidate()
    candidate.put_score(1, 0.5)
    fold_request = plan(5)["requests"]["fold"]
    candidate.sagemaker.create_training_job(TrainingJobName=f"{CANDIDATE}-f0", **fold_request)
    assert candidate.run() == [EXPECTED[0], 0.5, *EXPECTED[2:]]
    assert sorted(candidate.created) == ["f0", "f2", "f3", "f4"]
    assert any("is adopted" in line for line in candidate.log)


def test_a_score_of_an_earlier_try_that_cannot_be_read_at_once_is_read_later_and_not_made_again() -> None:
    candidate = Candidate()
    candidate.no_instance_for(30)
    candidate.put_score(1, 0.5)
    candidate.refuse("GetObject", client_error("SlowDown"))
    assert candidate.run() == [EXPECTED[0], 0.5, *EXPECTED[2:]]
    assert "f1" not in candidate.created


def test_a_failed_fold_is_tried_again_under_another_name() -> None:
    candidate = Candidate(f2=Fate(5, status="Failed", reason="AlgorithmError: oom"))
    assert candidate.run() == EXPECTED
    assert "f2-r1" in candidate.created


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        (Fate(5, status="Failed", reason="AlgorithmError: too many zebras"), "Failed: AlgorithmError: too many"),
        (Fate(5, status="Stopped", secondary="MaxRuntimeExceeded"), "ran longer than its MaxRuntimeInSeconds, 3600"),
        (Fate(5), "Completed without writing its score"),
    ],
)
def test_a_fold_lost_for_good_stops_its_siblings_and_gives_its_own_reason(fate: Fate, reason: str) -> None:
    candidate = Candidate(f2=fate, f2_r1=fate)
    with pytest.raises(FoldFailedError, match=f"fold 2 is lost.*{CANDIDATE}-f2-r1 {reason}"):
        candidate.run()
    assert candidate.stopped == ["f0", "f1", "f3", "f4"]


def test_a_dead_fold_is_noticed_within_30_seconds_of_its_end() -> None:
    dead = Fate(400, status="Failed", reason="x", tail=0)
    candidate = Candidate(f0=dead, f0_r1=Trains(1), **{f"f{fold}": Trains(2000) for fold in range(1, 5)})
    candidate.run()
    assert candidate.created_at("f0-r1") - 400 <= 30


def test_a_fold_that_was_stopped_from_outside_is_not_started_again() -> None:
    candidate = Candidate(f1=Fate(5, status="Stopped"))
    with pytest.raises(FoldFailedError, match="fold 1 is lost"):
        candidate.run()
    assert "f1-r1" not in candidate.created


def test_throttling_is_waited_out_and_backs_off() -> None:
    candidate = Candidate()
    candidate.refuse("CreateTrainingJob", *[client_error("ThrottlingException", "Rate exceeded")] * 8)
    candidate.refuse("DescribeTrainingJob", *[client_error("ThrottlingException")] * 3)
    candidate.refuse("ListObjectsV2", client_error("SlowDown"))
    assert candidate.run() == EXPECTED
    assert candidate.calls("CreateTrainingJob") == 8 + 5
    assert 60 < candidate.created_at("f0") < 180


def test_a_fleeting_failure_of_the_service_is_waited_out_and_a_lasting_one_is_not() -> None:
    candidate = Candidate()
    candidate.refuse("CreateTrainingJob", NO_ROUTE, client_error("InternalFailure"))
    assert candidate.run() == EXPECTED
    lasting = Candidate()
    lasting.refuse("CreateTrainingJob", *[NO_ROUTE] * (PASSING_ATTEMPTS + 1))
    with pytest.raises(type(NO_ROUTE)):
        lasting.run()


def test_a_score_that_breaks_off_and_credentials_that_are_late_are_read_again() -> None:
    candidate = Candidate()
    broken = IncompleteReadError(actual_bytes=1, expected_bytes=2)
    late = CredentialRetrievalError(provider="container-role", error_msg="timeout")
    candidate.refuse("GetObject", broken, late, client_error("RequestTimeout"))
    assert candidate.run() == EXPECTED


def test_with_all_scores_in_hand_no_refusal_fails_the_candidate() -> None:
    candidate = Candidate()
    refusals = [client_error("AccessDeniedException")] * 100
    candidate.clock.at(BEGIN + 59.9, lambda: candidate.refuse("DescribeTrainingJob", *refusals))
    assert candidate.run() == EXPECTED
    assert any("was not waited for" in line for line in candidate.log)


def test_a_fold_for_which_aws_had_no_capacity_is_created_again_without_counting_it_as_a_failure() -> None:
    none = Fate(5, status="Failed", reason="CapacityError: Unable to provision requested ML compute capacity")
    candidate = Candidate(f1=none, f1_r1=none, f1_r2=none)
    assert candidate.run() == EXPECTED
    assert "f1-r3" in candidate.created
    started = [candidate.created_at(f"f1{retry}") for retry in ("", "-r1", "-r2", "-r3")]
    assert started == sorted(set(started))


def test_a_full_quota_is_waited_for() -> None:
    candidate = Candidate()
    candidate.no_instance_for(300)
    assert candidate.run() == EXPECTED
    assert candidate.here.started == []
    assert candidate.seconds < 300 + 30 + 80


def test_folds_that_find_no_instance_for_ten_minutes_are_trained_here() -> None:
    candidate = Candidate(folds=3)
    candidate.no_instance_for(1e9)
    assert candidate.run() == EXPECTED[:3]
    assert candidate.here.started == [0, 1, 2]
    assert candidate.created == []
    assert candidate.seconds >= 600


def test_an_instance_that_becomes_free_meanwhile_is_used_for_the_rest() -> None:
    candidate = Candidate(folds=3)
    candidate.no_instance_for(640)
    assert candidate.run() == EXPECTED[:3]
    assert candidate.here.started == [0]
    assert len(candidate.created) == 2


def test_a_candidate_with_a_running_fold_waits_for_its_instance_however_long() -> None:
    candidate = Candidate(folds=2, f0=Trains(1500))
    full = client_error("ResourceLimitExceeded")
    create = candidate.sagemaker.create_training_job

    def one_at_a_time(**request: Any) -> None:
        if candidate.sagemaker.in_progress:
            raise full
        create(**request)

    candidate.sagemaker.create_training_job = one_at_a_time  # type: ignore[method-assign]
    assert candidate.run() == EXPECTED[:2]
    assert candidate.here.started == []


def test_a_request_that_is_refused_stops_everything_with_sagemaker_s_words() -> None:
    candidate = Candidate()
    create = candidate.sagemaker.create_training_job

    def refuse_the_third(**request: Any) -> None:
        if request["TrainingJobName"].endswith("f2"):
            raise client_error("AccessDeniedException", "not authorized to perform: sagemaker:CreateTrainingJob")
        create(**request)

    candidate.sagemaker.create_training_job = refuse_the_third  # type: ignore[method-assign]
    with pytest.raises(FoldRequestError, match=f"{CANDIDATE}-f2 was refused: AccessDenied.*not authorized"):
        candidate.run()
    assert candidate.sagemaker.in_progress == []


def test_a_stop_that_is_throttled_is_repeated_and_one_that_comes_too_late_is_no_error() -> None:
    dead = Fate(5, status="Failed", reason="x")
    candidate = Candidate(folds=3, f0=dead, f0_r1=dead)
    candidate.refuse(
        "StopTrainingJob", client_error("ThrottlingException"), client_error("ValidationException", "it ended")
    )
    with pytest.raises(FoldFailedError):
        candidate.run()
    assert candidate.calls("StopTrainingJob") == 3


def test_a_fold_whose_training_here_fails_is_tried_again_and_then_fails_the_candidate() -> None:
    candidate = Candidate(folds=2, placement="in-process")
    candidate.here.failures = [Failure("trained here: MemoryError: no room")]
    assert candidate.run() == EXPECTED[:2]
    candidate = Candidate(folds=2, placement="in-process")
    candidate.here.failures = [Failure("trained here: MemoryError: no room")] * 2
    with pytest.raises(FoldFailedError, match=r"fold 0 is lost .attempt 2.: trained here: MemoryError: no room"):
        candidate.run()
    assert candidate.here.stopped


def test_only_what_the_tuning_job_chose_is_added_to_a_fold_s_request() -> None:
    given = {"learning_rate": "0.3", "max_iter": "20", "_tuning_objective_metric": "validation:score"}
    space = plan(3)["experiment"]["search"]["hyperparameters"]
    assert encoding.tuned(space, given) == {"learning_rate": "0.3"}
