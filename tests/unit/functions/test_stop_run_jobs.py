"""One look at what a run has left, one push to stop it; clean means that there was nothing."""

from __future__ import annotations

from typing import Any

import pytest

import stop_run_jobs
from pipeline.errors import SageMakerError
from tests.unit.functions.fake_sagemaker import FakeSageMaker
from tests.unit.functions.runs import ARN
from warmfold_run import names

RUN = names.run_id(ARN)
TUNING = f"wf-{RUN}"
CANDIDATE = f"{TUNING}-001-0a1b2c3d"
NOTHING = {"running": 0, "available": 0, "clean": True, "run": RUN}


@pytest.fixture
def look(sagemaker: FakeSageMaker, s3: Any, sample_event: Any, lambda_context: Any) -> Any:  # noqa: ARG001
    return lambda: stop_run_jobs.lambda_handler(sample_event | {"execution_arn": ARN}, lambda_context)


def stopped(sagemaker: FakeSageMaker) -> list[str]:
    return [next(iter(request.values())) for name, request in sagemaker.calls if name.startswith("Stop")]


def test_a_run_that_never_had_a_job_is_clean(sagemaker: FakeSageMaker, look: Any) -> None:
    assert look() == NOTHING
    assert not stopped(sagemaker)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("Processing", f"{TUNING}-split"), ("HyperParameterTuning", TUNING), ("Transform", f"{TUNING}-score")],
)
def test_a_job_in_progress_is_stopped_once(sagemaker: FakeSageMaker, look: Any, kind: str, name: str) -> None:
    sagemaker.others[kind][name] = "InProgress"
    assert look() == NOTHING | {"running": 1, "clean": False}
    assert look() == NOTHING | {"running": 1, "clean": False}
    assert stopped(sagemaker) == [name]
    sagemaker.others[kind][name] = "Stopped"
    assert look() == NOTHING


def test_the_final_job_is_stopped(sagemaker: FakeSageMaker, look: Any) -> None:
    sagemaker.others["HyperParameterTuning"][TUNING] = "Completed"
    sagemaker.add_training(f"{TUNING}-final", "InProgress")
    assert look()["running"] == 1
    assert stopped(sagemaker) == [f"{TUNING}-final"]


@pytest.mark.parametrize("status", ["InProgress", "Stopping"])
def test_folds_are_left_alone_while_the_tuning_job_is_not_terminal(
    sagemaker: FakeSageMaker, look: Any, status: str
) -> None:
    sagemaker.others["HyperParameterTuning"][TUNING] = status
    sagemaker.add_candidate(CANDIDATE, "InProgress")
    sagemaker.add_fold(f"{CANDIDATE}-f0", status="InProgress")
    assert look()["running"] == 3
    assert not {CANDIDATE, f"{CANDIDATE}-f0"} & set(stopped(sagemaker))


def test_then_folds_are_stopped_and_those_stopping_are_waited_for(sagemaker: FakeSageMaker, look: Any) -> None:
    sagemaker.others["HyperParameterTuning"][TUNING] = "Stopped"
    sagemaker.add_candidate(CANDIDATE, "Stopping")
    sagemaker.add_fold(f"{CANDIDATE}-f0", status="InProgress")
    sagemaker.add_fold(f"{CANDIDATE}-f1", status="Completed")
    assert look() == NOTHING | {"running": 2, "clean": False}
    assert stopped(sagemaker) == [f"{CANDIDATE}-f0"]


def test_a_fold_that_a_candidate_creates_while_it_stops_is_found_next_time(sagemaker: FakeSageMaker, look: Any) -> None:
    sagemaker.others["HyperParameterTuning"][TUNING] = "Stopped"
    sagemaker.add_candidate(CANDIDATE, "Stopping")
    look()
    sagemaker.add_fold(f"{CANDIDATE}-f2", status="InProgress")
    sagemaker.training[CANDIDATE]["TrainingJobStatus"] = "Stopped"
    assert look() == NOTHING | {"running": 1, "clean": False}
    assert stopped(sagemaker) == [f"{CANDIDATE}-f2"]


def test_pools_are_released_and_are_not_clean(sagemaker: FakeSageMaker, look: Any) -> None:
    for fold in range(5):
        sagemaker.add_fold(f"{CANDIDATE}-f{fold}", "Available")
    assert look() == NOTHING | {"available": 5, "clean": False}
    assert look() == NOTHING
    assert len(sagemaker.asked("UpdateTrainingJob")) == 5


def test_every_page_is_read(sagemaker: FakeSageMaker, look: Any) -> None:
    for fold in range(7):
        sagemaker.add_fold(f"{CANDIDATE}-f{fold}", status="InProgress")
    assert look()["running"] == 7
    assert len(stopped(sagemaker)) == 7


@pytest.mark.parametrize("name", [f"x{CANDIDATE}-f0", f"wf2-{RUN}-001-0a1b2c3d-f0", f"{TUNING}1-001-0a1b2c3d-f0"])
def test_what_another_run_or_stack_runs_goes_on(sagemaker: FakeSageMaker, look: Any, name: str) -> None:
    sagemaker.add_fold(name, status="InProgress")
    sagemaker.add_fold(f"{name}1", "Available")
    assert look() == NOTHING
    assert not stopped(sagemaker)
    assert not sagemaker.asked("UpdateTrainingJob")


def test_a_job_that_ended_meanwhile_is_fine(sagemaker: FakeSageMaker, look: Any) -> None:
    jobs = sagemaker.others["Processing"]
    jobs[f"{TUNING}-split"] = "InProgress"
    sagemaker.refuse("StopProcessingJob", "ValidationException", lambda: jobs.update({f"{TUNING}-split": "Completed"}))
    assert not look()["clean"]
    assert look() == NOTHING


def test_a_job_that_can_t_be_stopped_is_an_error(sagemaker: FakeSageMaker, look: Any) -> None:
    sagemaker.others["HyperParameterTuning"][TUNING] = "InProgress"
    sagemaker.refuse("StopHyperParameterTuningJob", "AccessDeniedException")
    with pytest.raises(SageMakerError, match=f"tuning job {TUNING} could not be stopped: AccessDeniedException"):
        look()


def test_a_pool_in_use_is_not_clean(sagemaker: FakeSageMaker, look: Any) -> None:
    sagemaker.add_fold(f"{CANDIDATE}-f0", "InUse", status="Stopped")
    assert look() == NOTHING | {"clean": False}


def test_without_time_left_the_rest_is_for_the_next_look(
    sagemaker: FakeSageMaker, look: Any, lambda_context: Any
) -> None:
    for fold in range(3):
        sagemaker.add_fold(f"{CANDIDATE}-f{fold}", "Available")
    lambda_context.milliseconds_left = 20_000
    assert look() == NOTHING | {"available": 3, "clean": False}
    assert not sagemaker.asked("UpdateTrainingJob")
