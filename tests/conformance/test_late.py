"""What comes late, or not at all: pools, lists, answers; and searches that are too small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.alone import Clock, sagemaker_alone
from tests.conformance.endpoint import refusal
from tests.conformance.requests import pooled, ranged, training, tuning
from tests.conformance.test_clock import finished
from tests.waiting import until
from warmfold.cloud.sagemaker.settings import Settings


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pool(client: Any, name: str) -> dict[str, Any]:
    return dict(client.describe_training_job(TrainingJobName=name)["WarmPoolStatus"])


def listed(client: Any, **filters: str) -> list[str]:
    found = client.list_training_jobs(SortBy="CreationTime", SortOrder="Ascending", **filters)
    return [job["TrainingJobName"] for job in found["TrainingJobSummaries"]]


def test_what_comes_late_on_aws_comes_late_here_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    settings = Settings(tmp_path, "123456789012")
    assert settings.pool_available_after_seconds > 0
    assert settings.pool_release_seconds > 0
    assert settings.list_lag_seconds > 0


def test_a_pool_is_in_use_for_a_while_after_its_job_and_till_then_no_job_gets_it(tmp_path: Path, clock: Clock) -> None:
    with sagemaker_alone(tmp_path, clock, pool_available_after_seconds=10.0) as client:
        client.create_training_job(**training("leaves", **pooled()))
        assert finished(client, "leaves")["WarmPoolStatus"] == {"Status": "InUse"}
        client.create_training_job(**training("early", **pooled()))
        finished(client, "early")
        assert pool(client, "leaves") == {"Status": "InUse"}
        clock.now += 10
        assert pool(client, "leaves") == {"Status": "Available"}
        client.create_training_job(**training("later", **pooled()))
        finished(client, "later")
        assert pool(client, "leaves")["ReusedByJob"] == "later"


def test_a_pool_that_is_not_yet_available_can_be_released(tmp_path: Path, clock: Clock) -> None:
    with sagemaker_alone(tmp_path, clock, pool_available_after_seconds=10.0) as client:
        client.create_training_job(**training("unwanted", **pooled()))
        finished(client, "unwanted")
        client.update_training_job(TrainingJobName="unwanted", ResourceConfig={"KeepAlivePeriodInSeconds": 0})
        assert pool(client, "unwanted")["Status"] == "Terminated"


def test_a_released_pool_is_shown_for_a_while_and_no_job_gets_it(tmp_path: Path, clock: Clock) -> None:
    release = {"TrainingJobName": "goes", "ResourceConfig": {"KeepAlivePeriodInSeconds": 0}}
    with sagemaker_alone(tmp_path, clock, pool_release_seconds=10.0) as client:
        client.create_training_job(**training("goes", **pooled()))
        finished(client, "goes")
        client.update_training_job(**release)
        assert pool(client, "goes") == {"Status": "Available"}
        assert listed(client, WarmPoolStatusEquals="Available") == ["goes"]
        assert refusal(client.update_training_job, **release) == (
            "ValidationException",
            "The keep-alive period of training job goes cannot be updated: its warm pool must be Available or InUse, "
            "and is being released.",
        )
        client.create_training_job(**training("cold", **pooled()))
        finished(client, "cold")
        clock.now += 10
        assert pool(client, "goes") == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 10}


def test_a_list_learns_later_than_describe_what_began_and_what_ended(tmp_path: Path, clock: Clock) -> None:
    with sagemaker_alone(tmp_path, clock, list_lag_seconds=10.0) as client:
        client.create_training_job(**training("seen"))
        assert listed(client) == []
        finished(client, "seen")
        clock.now += 10
        assert listed(client, StatusEquals="Completed") == ["seen"]
        client.create_training_job(**training("ends", "exec sleep 600", **pooled()))
        until(lambda: client.describe_training_job(TrainingJobName="ends")["SecondaryStatus"] == "Training")
        clock.now += 10
        client.stop_training_job(TrainingJobName="ends")
        assert finished(client, "ends")["TrainingJobStatus"] == "Stopped"
        assert listed(client, StatusEquals="Stopping") == ["ends"]
        assert listed(client, WarmPoolStatusEquals="InUse") == ["ends"]
        clock.now += 10
        assert listed(client, StatusEquals="Stopped") == ["ends"]
        assert listed(client, WarmPoolStatusEquals="Available") == ["ends"]


def test_a_page_is_filled_before_statuses_are_looked_at(tmp_path: Path, clock: Clock) -> None:
    with sagemaker_alone(tmp_path, clock) as client:
        for number, script in enumerate(("true", "false", "true")):
            client.create_training_job(**training(f"paged-{number}", script))
            finished(client, f"paged-{number}")
            clock.now += 1
        pages = client.get_paginator("list_training_jobs").paginate(
            StatusEquals="Failed", SortBy="CreationTime", SortOrder="Ascending", PaginationConfig={"PageSize": 1}
        )
        names = [[job["TrainingJobName"] for job in page["TrainingJobSummaries"]] for page in pages]
        assert names == [[], ["paged-1"], []]


def test_an_answer_that_is_lost_is_of_a_call_that_happened(tmp_path: Path, clock: Clock) -> None:
    with sagemaker_alone(tmp_path, clock, lost_answers={"CreateTrainingJob": [2]}) as client:
        client.create_training_job(**training("answered"))
        code, _ = refusal(client.create_training_job, **training("unanswered"))
        assert code == "InternalFailure"
        assert finished(client, "unanswered")["TrainingJobStatus"] == "Completed"
        code, message = refusal(client.create_training_job, **training("unanswered"))
        assert (code, "already exists" in message) == ("ResourceInUse", True)


@pytest.mark.parametrize(
    ("ranges", "total", "combinations"),
    [
        ({"IntegerParameterRanges": [ranged("n", "7", "9")]}, 4, "3.0"),
        (
            {
                "IntegerParameterRanges": [ranged("n", "1", "2")],
                "CategoricalParameterRanges": [{"Name": "c", "Values": ["a", "b"]}],
            },
            5,
            "4.0",
        ),
    ],
)
@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_a_search_with_fewer_combinations_than_jobs_is_refused(
    tmp_path: Path, clock: Clock, strategy: str, ranges: dict[str, Any], total: int, combinations: str
) -> None:
    request = tuning("few", total=total, parallel=1)
    request["HyperParameterTuningJobConfig"] |= {"Strategy": strategy, "ParameterRanges": ranges}
    with sagemaker_alone(tmp_path, clock) as client:
        code, message = refusal(client.create_hyper_parameter_tuning_job, **request)
        assert code == "ValidationException"
        assert message.startswith("You don't have enough combinations of hyperparameter ranges. The total number of ")
        assert f"[{combinations}]" in message
        assert message.endswith(f"MaxNumberOfJobs, [{total}].")


def test_a_tuning_job_that_is_refused_sets_nothing_aside(tmp_path: Path, clock: Clock) -> None:
    parents = [{"HyperParameterTuningJobName": "nowhere"}]
    request = tuning("orphan", total=1, parallel=1)
    request["WarmStartConfig"] = {
        "ParentHyperParameterTuningJobs": parents,
        "WarmStartType": "IdenticalDataAndAlgorithm",
    }
    with sagemaker_alone(tmp_path, clock, instance_quota=1) as client:
        assert "nowhere" in refusal(client.create_hyper_parameter_tuning_job, **request)[1]
        client.create_training_job(**training("free"))
        assert finished(client, "free")["TrainingJobStatus"] == "Completed"
