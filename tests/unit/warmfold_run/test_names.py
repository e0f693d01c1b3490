"""Names are made in one place and parsed back in the same; each fits where it goes."""

from __future__ import annotations

import re

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
    assert names.first_execution(f"{first}_approved-0000000000") == f"{first}_approved-0000000000"


@given(st.text("abcXYZ019-_", min_size=1, max_size=names.longest_first_execution()))
def test_an_attempt_after_one_that_was_refused_is_the_same_run_under_a_name_of_its_own(name: str) -> None:
    first = ARN.format(name)
    attempts = [names.approved_execution(first, attempt) for attempt in range(names.MOST_APPROVALS + 1)]
    assert len(set(attempts)) == len(attempts)
    assert {names.run_id(one) for one in attempts} == {names.run_id(first)}
    assert {names.first_execution(one) for one in attempts} == {first}
    assert max(len(one.rsplit(":", 1)[-1]) for one in attempts) <= names.LONGEST_EXECUTION_NAME


@given(st.text("aZ0-_", min_size=1, max_size=20), st.text("aZ0-_", min_size=1, max_size=20))
def test_no_run_s_jobs_are_found_by_another_run_s_name(one: str, other: str) -> None:
    run, others = names.run_id(ARN.format(one)), names.run_id(ARN.format(f"{one}-{other}"))
    assert run != others
    for made in (names.tuning_job("wf", others, 9), names.final_job("wf", others), names.processing_job("wf", others)):
        assert not made.startswith(names.training_jobs("wf", run))
        assert not names.is_of_run(made, run)


def test_a_run_s_hash_leaves_its_slug_no_room_to_hold_another_run() -> None:
    slugs = {names.run_id(ARN.format("a-1234567890-1234567890" * 3)[:-i]).rpartition("-") for i in range(1, 40)}
    for slug, _, hashed in slugs:
        assert re.fullmatch("[0-9a-z]{10}", hashed)
        assert len(slug) < len(hashed)


def test_two_executions_whose_hashes_share_32_bits_are_two_runs() -> None:
    assert names.run_id(ARN.format("churn-a29044")) != names.run_id(ARN.format("churn-a73526"))


@given(st.text("Pp-_.ayments", min_size=1, max_size=63).filter(lambda name: names.DATASET.fullmatch(name) is not None))
def test_no_dataset_is_called_as_the_model_package_group_of_another(dataset: str) -> None:
    group = names.model_package_group("wf", dataset)
    assert len(names.model_package_group(LONGEST_PREFIX, dataset)) <= 63
    assert re.fullmatch(r"[a-z0-9](-*[a-z0-9]){0,62}", group)
    called_so = group.removeprefix("wf-")
    assert (names.model_package_group("wf", called_so) == group) == (called_so == dataset)


def test_a_plain_name_is_its_group_s() -> None:
    assert names.model_package_group("wf", "payments-632e1c") == "wf-payments-632e1c"
    assert names.model_package_group("wf", "Payments") != "wf-payments-632e1c"


@given(st.text(min_size=1, max_size=70))
def test_an_execution_s_name_is_one_that_step_functions_takes(dataset: str) -> None:
    name = names.execution_name("bucket", dataset, "v1")
    assert len(name) <= 55
    assert name != names.execution_name("bucket", dataset, "v2")
