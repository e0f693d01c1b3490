"""Idle pools end, the newest stays when it is asked for, and nobody else's is touched."""

from __future__ import annotations

from typing import Any

import pytest

import release_warm_pools
from pipeline.errors import SageMakerError
from tests.unit.functions.fake_sagemaker import FakeSageMaker

RUN = "churn-grc6su4yx8"
TUNING = f"wf-{RUN}"
NOTHING = {"released": 0, "kept": [], "running": 0, "clean": True}


@pytest.fixture
def release(sagemaker: FakeSageMaker, sample_event: Any, lambda_context: Any) -> Any:  # noqa: ARG001
    def released(keep: int) -> Any:
        event = sample_event | {"prefix": "wf", "run": RUN, "keep": keep}
        return release_warm_pools.lambda_handler(event, lambda_context)

    return released


def fold(number: int, fold: int = 0) -> str:
    return f"{TUNING}-{number:03}-0a1b2c3d-f{fold}"


def ended(sagemaker: FakeSageMaker) -> set[str]:
    return {request["TrainingJobName"] for request in sagemaker.asked("UpdateTrainingJob")}


def test_the_newest_pool_is_kept(sagemaker: FakeSageMaker, release: Any) -> None:
    sagemaker.add_fold(fold(1), "Available", end=10)
    sagemaker.add_fold(fold(2), "Available", end=30)
    sagemaker.add_fold(fold(3), "Available", end=20)
    assert release(1) == {"released": 2, "kept": [fold(2)], "running": 0, "clean": False}
    assert ended(sagemaker) == {fold(1), fold(3)}


def test_the_pool_that_lasts_longest_is_kept_though_it_is_not_the_newest(
    sagemaker: FakeSageMaker, release: Any
) -> None:
    for number, end, keep_alive in ((1, 10, 60), (2, 20, 1800), (3, 30, 300), (4, 40, 0)):
        sagemaker.add_fold(fold(number), "Available", end=end, ResourceConfig={"KeepAlivePeriodInSeconds": keep_alive})
    assert release(1)["kept"] == [fold(2)]


def test_only_the_newest_pools_are_asked_how_long_they_last(
    sagemaker: FakeSageMaker, release: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.running.warm_pools.MOST_COMPARED", 2)
    for number in range(1, 6):
        sagemaker.add_fold(fold(number), "Available", ResourceConfig={"KeepAlivePeriodInSeconds": 100 * (9 - number)})
    assert release(1) == {"released": 4, "kept": [fold(4)], "running": 0, "clean": False}
    asked = [request["TrainingJobName"] for request in sagemaker.asked("DescribeTrainingJob")]
    assert sorted(asked) == [fold(4), fold(5)]


def test_where_all_pools_go_none_is_asked_how_long_it_lasts(sagemaker: FakeSageMaker, release: Any) -> None:
    sagemaker.add_fold(fold(1), "Available")
    sagemaker.add_fold(fold(2), "Available")
    release(0)
    assert not sagemaker.asked("DescribeTrainingJob")


def test_folds_that_asked_for_no_pool_have_none_to_keep(sagemaker: FakeSageMaker, release: Any) -> None:
    sagemaker.add_fold(fold(1), ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    sagemaker.add_fold(fold(2), "Terminated")
    assert release(1) == NOTHING


def test_the_last_pool_ends_too(sagemaker: FakeSageMaker, release: Any) -> None:
    sagemaker.add_fold(fold(1), "Available")
    assert release(0) == {"released": 1, "kept": [], "running": 0, "clean": False}
    assert release(0) == NOTHING
    assert sagemaker.training[fold(1)]["WarmPoolStatus"]["Status"] == "Terminated"


def test_without_pools_there_is_nothing_to_do(sagemaker: FakeSageMaker, release: Any) -> None:
    sagemaker.add_fold(fold(1))
    sagemaker.add_fold(fold(3), "Reused", reused_by=fold(2))
    assert release(1) == NOTHING
    assert not ended(sagemaker)


def test_every_page_is_read(sagemaker: FakeSageMaker, release: Any) -> None:
    for number in range(1, 8):
        sagemaker.add_fold(fold(number), "Available")
    assert release(0)["released"] == 7


@pytest.mark.parametrize("name", [f"wf2-{RUN}-001-0a1b2c3d-f0", f"x{TUNING}-001-0a1b2c3d-f0", "wf-other-12345678-f0"])
def test_another_stacks_and_another_runs_pools_stay(sagemaker: FakeSageMaker, release: Any, name: str) -> None:
    sagemaker.add_fold(name, "Available")
    assert release(0) == NOTHING


def test_a_pool_that_was_reused_meanwhile_is_fine(sagemaker: FakeSageMaker, release: Any) -> None:
    sagemaker.add_fold(fold(1), "Available", end=10)
    sagemaker.add_fold(fold(2), "Available", end=20)
    pool = sagemaker.training[fold(1)]["WarmPoolStatus"]
    sagemaker.refuse("UpdateTrainingJob", "ValidationException", lambda: pool.update(Status="Reused"))
    assert release(1) == {"released": 0, "kept": [fold(2)], "running": 0, "clean": False}


def test_a_refusal_that_leaves_the_pool_billed_is_an_error(sagemaker: FakeSageMaker, release: Any) -> None:
    sagemaker.add_fold(fold(1), "Available")
    sagemaker.refuse("UpdateTrainingJob", "ValidationException")
    with pytest.raises(SageMakerError, match=f"warm pool of training job {fold(1)} could not be released"):
        release(0)


def test_folds_whose_candidate_died_are_stopped_and_their_pools_waited_for(
    sagemaker: FakeSageMaker, release: Any
) -> None:
    sagemaker.add_fold(fold(1, 0), "InUse", status="InProgress")
    sagemaker.add_fold(fold(1, 1), "InUse", status="Stopping")
    assert release(0) == NOTHING | {"running": 2, "clean": False}
    assert [request["TrainingJobName"] for request in sagemaker.asked("StopTrainingJob")] == [fold(1, 0)]
    for number in (0, 1):
        sagemaker.training[fold(1, number)]["TrainingJobStatus"] = "Stopped"
    assert release(0) == NOTHING | {"clean": False}
    for number in (0, 1):
        sagemaker.training[fold(1, number)]["WarmPoolStatus"]["Status"] = "Available"
    assert release(0) == NOTHING | {"released": 2, "clean": False}
    assert release(0) == NOTHING


def test_without_time_left_the_rest_is_for_the_next_look(
    sagemaker: FakeSageMaker, release: Any, lambda_context: Any
) -> None:
    sagemaker.add_fold(fold(1), "Available")
    sagemaker.add_fold(fold(2), status="InProgress")
    lambda_context.milliseconds_left = 20_000
    assert release(0) == NOTHING | {"running": 1, "clean": False}
    assert not ended(sagemaker)
    assert not sagemaker.asked("StopTrainingJob")
