"""Names are made in one place and parsed back in the same; each fits where it goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmfold_run import names

LONGEST_PREFIX = "a" * 12
ARN = "arn:aws:states:us-east-1:000000000000:execution:wf-tuning:{}"
EXECUTIONS = st.text("abcXYZ019-_", min_size=1, max_size=80)
SUFFIXES = st.text("0123456789abcdef", min_size=8, max_size=8)


@given(EXECUTIONS, st.integers(0, names.MOST_ATTEMPTS))
def test_a_tuning_job_s_name_fits_whatever_the_execution_is_called(name: str, attempt: int) -> None:
    job = names.tuning_job(LONGEST_PREFIX, names.run_id(ARN.format(name)), attempt)
    assert len(job) <= names.LONGEST_TUNING_JOB
    assert job == job.lower()


def test_an_attempt_that_a_name_has_no_room_for_is_refused() -> None:
    with pytest.raises(ValueError, match="attempt 10 of run churn-0a1b2c3d"):
        names.tuning_job("wf", "churn-0a1b2c3d", names.MOST_ATTEMPTS + 1)


@given(EXECUTIONS, st.integers(0, 9), st.integers(1, 750), SUFFIXES, st.integers(0, 19), st.integers(0, 99))
def test_what_is_made_is_parsed_back(
    name: str, tuning_attempt: int, number: int, suffix: str, fold: int, attempt: int
) -> None:
    tuning_job = names.tuning_job(LONGEST_PREFIX, names.run_id(ARN.format(name)), tuning_attempt)
    candidate = names.candidate_job(tuning_job, number, suffix)
    assert names.parse_candidate(candidate) == (tuning_job, number)
    assert names.parse_fold_job(candidate) is None
    job = names.fold_job(candidate, fold, attempt)
    assert len(job) <= 63
    assert names.parse_fold_job(job) == (candidate, fold, attempt)
    assert names.parse_candidate(job) is None


@given(EXECUTIONS, st.integers(0, 9))
def test_every_job_of_a_run_is_told_from_those_of_others(name: str, attempt: int) -> None:
    run = names.run_id(ARN.format(name))
    makers = (names.processing_job, names.tuning_job, names.final_job, names.model, names.transform_job)
    made = [make("wf", run, attempt) for make in makers]
    for job in made:
        assert names.is_of_run(job, run)
        assert not names.is_of_run(job, run + "0")
        assert not names.is_of_run(f"my-{job}", run)
        assert not names.is_of_run(job, run[1:])
    assert names.parse_candidate(made[2]) is None
    assert names.parse_fold_job(made[2]) is None
    assert made[2].startswith(names.training_jobs("wf", run))


def test_another_attempt_has_another_name() -> None:
    for make in (names.processing_job, names.tuning_job, names.final_job, names.model, names.transform_job):
        assert len({make("wf", "churn-0a1b2c3d", attempt) for attempt in range(10)}) == 10


@pytest.mark.parametrize("job", ["wf-churn-0a1b2c3d-final", "wf-churn-0a1b2c3d-split", "other-f0", "x-001-0a1b2c3d-f"])
def test_what_is_no_fold_is_not_taken_for_one(job: str) -> None:
    assert names.parse_fold_job(job) is None


def test_an_execution_that_goes_on_after_an_approval_is_the_same_run() -> None:
    first = ARN.format("churn-1")
    resumed = names.approved_execution(first)
    assert names.run_id(resumed) == names.run_id(first)
    assert names.first_execution(resumed) == first
    # a name that a person gives by chance is a run of its own
    assert names.first_execution(f"{first}_approved-00000000") == f"{first}_approved-00000000"


@given(st.text(min_size=1, max_size=70))
def test_an_execution_s_name_is_one_that_step_functions_takes(dataset: str) -> None:
    name = names.execution_name("bucket", dataset, "v1")
    assert len(name) <= 57
    assert name != names.execution_name("bucket", dataset, "v2")
