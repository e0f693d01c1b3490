"""What only a clock or settings of the test's own can show: rates, exact times, the long life of a pool, quotas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.alone import Clock, sagemaker_alone
from tests.conformance.endpoint import TERMINAL, refusal
from tests.conformance.requests import pooled, training, tuning
from tests.waiting import until

SECOND = timedelta(seconds=1)
DAY = 86_400.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


def finished(client: Any, name: str) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        job = client.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in TERMINAL else None

    return dict(until(ended) or {})


def test_training_jobs_are_listed_no_oftener_than_the_rate_allows(tmp_path: Path, clock: Clock) -> None:
    with sagemaker_alone(tmp_path, clock, api_rates={"ListTrainingJobs": 2}) as client:
        for _ in range(2):
            client.list_training_jobs()
        assert refusal(client.list_training_jobs) == ("ThrottlingException", "Rate exceeded")
        client.list_processing_jobs()
        clock.now += 0.5
        assert client.list_training_jobs()["TrainingJobSummaries"] == []
        assert refusal(client.list_training_jobs) == ("ThrottlingException", "Rate exceeded")


@pytest.mark.parametrize("member", ["CreationTime", "LastModifiedTime"])
def test_a_job_is_neither_before_nor_after_its_own_time(tmp_path: Path, clock: Clock, member: str) -> None:
    with sagemaker_alone(tmp_path, clock) as client:
        client.create_training_job(**training("exact"))
        finished(client, "exact")
        own = datetime.fromtimestamp(clock.now, UTC)

        def there(**bounds: datetime) -> bool:
            return bool(
                client.list_training_jobs(**{f"{member}{to}": at for to, at in bounds.items()})["TrainingJobSummaries"]
            )

        assert there(After=own - SECOND, Before=own + SECOND)
        assert not there(After=own)
        assert not there(Before=own)


def test_28_days_after_its_first_job_was_created_an_instance_is_kept_no_longer(tmp_path: Path, clock: Clock) -> None:
    end = clock.now + 28 * DAY
    with sagemaker_alone(tmp_path, clock) as client:
        client.create_training_job(**training("first", "exec sleep 600", **pooled()))
        until(lambda: client.describe_training_job(TrainingJobName="first")["SecondaryStatus"] == "Training")
        clock.now = end - 100
        client.stop_training_job(TrainingJobName="first")
        assert finished(client, "first")["WarmPoolStatus"] == {"Status": "Available"}
        clock.now = end - 60
        client.create_training_job(**training("second", **pooled()))
        assert finished(client, "first")["WarmPoolStatus"]["ReusedByJob"] == "second"
        assert finished(client, "second")["WarmPoolStatus"] == {"Status": "Available"}
        clock.now = end
        ended = {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 60}
        assert finished(client, "second")["WarmPoolStatus"] == ended


@pytest.mark.parametrize(
    ("quota", "total", "parallel", "limit", "wanted"),
    [
        ({"tuning_parallel_quota": 3}, 9, 4, "Number of parallel training jobs per hyperparameter tuning job", 4),
        ({"tuning_jobs_quota": 3}, 4, 3, "Number of training jobs per hyperparameter tuning job", 4),
    ],
)
def test_a_tuning_job_over_a_quota_that_was_set_is_refused(
    tmp_path: Path, clock: Clock, quota: dict[str, int], total: int, parallel: int, limit: str, wanted: int
) -> None:
    with sagemaker_alone(tmp_path, clock, **quota) as client:
        request = tuning("over", total=total, parallel=parallel)
        code, message = refusal(client.create_hyper_parameter_tuning_job, **request)
        assert code == "ResourceLimitExceeded"
        assert message.startswith(
            f"The account-level service limit '{limit}' is 3 Jobs, with current utilization of 0 Jobs and a request "
            f"delta of {wanted} Jobs. Please use AWS Service Quotas to request an increase for this quota."
        )
        assert client.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"] == []
