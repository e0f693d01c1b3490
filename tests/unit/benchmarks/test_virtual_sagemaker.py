"""The engine's SageMaker: starts, pools, quotas, throttling, and bills that were computed by hand."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from benchmarks.fan_out.constants import Assumptions, Rate
from benchmarks.fan_out.sagemaker import Failure, Quota
from tests.unit.benchmarks.virtual_account import Account


def test_a_cold_job_then_a_warm_one_take_and_cost_what_they_should() -> None:
    account = Account()

    def script() -> None:
        first = account.create(0)
        account.sleep_until(179)
        assert account.describe(first)["SecondaryStatus"] == "Starting"
        account.sleep_until(209)  # cold start 180 s, fold 30 s
        assert account.scored() == []
        account.sleep_until(211)
        assert account.scored() == ["fold-0.json"]
        assert account.describe(first)["SecondaryStatus"] == "Uploading"
        account.sleep_until(219)  # tail 8 s
        assert account.describe(first)["TrainingJobStatus"] == "Completed"
        assert account.describe(first)["WarmPoolStatus"]["Status"] == "Available"
        account.sleep_until(318)  # the pool has waited 100 s
        second = account.create(1)
        told = account.describe(first)["WarmPoolStatus"]
        assert (told["Status"], told["ReusedByJob"]) == ("Reused", second)
        account.sleep_until(377)  # warm start 10 s, fold 40 s, tail 8 s: ends at 376
        assert account.describe(second)["TrainingJobStatus"] == "Completed"

    account.run(script)
    assert account.sagemaker.bill.folds == pytest.approx((60 + 30 + 8) + (5 + 40 + 8))
    assert account.sagemaker.bill.retained == pytest.approx(100 + 600)


def test_a_pool_that_is_over_or_busy_or_of_another_kind_gives_no_warm_start() -> None:
    account = Account()

    def script() -> None:
        account.create(0, keep_alive=100)
        account.sleep_until(218)
        account.create(1, attempt=1, RoleArn="arn:aws:iam::123456789012:role/other")
        account.sleep_until(319)
        account.create(2, keep_alive=0)

    account.run(script)
    assert [job.warm for job in account.sagemaker.jobs.values()] == [False, False, False]
    assert account.sagemaker.bill.retained == pytest.approx(100 + 600)


def test_one_pool_warms_one_job() -> None:
    account = Account()

    def script() -> None:
        account.create(0)
        account.sleep_until(300)
        account.create(1)
        account.create(2)

    account.run(script)
    assert [job.warm for job in account.sagemaker.jobs.values()] == [False, True, False]


def test_released_pools_are_not_billed_on_and_jobs_that_end_later_leave_none() -> None:
    account = Account()

    def script() -> None:
        account.create(0)
        account.create(2)  # ends at 238
        account.sleep_until(228)
        account.sagemaker.release_pools()

    account.run(script)
    assert account.sagemaker.bill.retained == pytest.approx(228 - 218)


@pytest.mark.parametrize(
    ("stopped_at", "ends", "billed"),
    [
        (200, 213, 60 + 33),  # in training: 5 s until it looks, 8 s of tail
        (100, 188, 60 + 8),  # still starting: its script ends as it begins
        (207, 218, 60 + 38),  # its fold is over before it looks
    ],
)
def test_a_stopped_fold_ends_when_its_script_looks(stopped_at: float, ends: float, billed: float) -> None:
    account = Account()

    def script() -> None:
        name = account.create(0, keep_alive=0)
        account.sleep_until(stopped_at)
        account.sagemaker.stop_training_job(TrainingJobName=name)
        account.sleep_until(ends - 0.5)
        assert account.describe(name)["TrainingJobStatus"] == "Stopping"
        account.sleep_until(ends + 0.5)
        assert account.describe(name)["TrainingJobStatus"] == "Stopped"

    account.run(script)
    assert account.sagemaker.bill.folds == pytest.approx(billed)
    assert account.s3.list_objects_v2(Bucket="b")["KeyCount"] == (1 if stopped_at == 207 else 0)


def test_calls_over_the_rate_are_throttled_and_pass_when_time_has_passed() -> None:
    account = Account(assume=Assumptions(creates=Rate(2, 4)))
    made: list[int] = []

    def script() -> None:
        for fold in (0, 1, 2):
            account.create(fold)
        account.create(0, attempt=1)
        with pytest.raises(ClientError, match="ThrottlingException"):
            account.create(1, attempt=1)
        account.clock.sleep(0.5)
        account.create(1, attempt=1)
        made.append(len(account.sagemaker.jobs))
        for _ in range(10):
            account.describe("wf-bench-001-0a1b2c3d-f0")
        with pytest.raises(ClientError, match="ThrottlingException"):
            account.describe("wf-bench-001-0a1b2c3d-f0")

    account.run(script)
    assert made == [5]
    assert account.sagemaker.calls.by_operation == {"CreateTrainingJob": 6, "DescribeTrainingJob": 11}
    assert account.sagemaker.calls.peak == 17


def test_the_instance_quota_counts_jobs_and_pools_but_a_warm_start_needs_no_more() -> None:
    account = Account(quota=Quota(instances=1))

    def script() -> None:
        account.create(0)
        with pytest.raises(ClientError, match="ResourceLimitExceeded"):
            account.create(1)
        account.sleep_until(300)
        with pytest.raises(ClientError, match="ResourceLimitExceeded"):
            account.create(1, RoleArn="arn:aws:iam::123456789012:role/other")
        account.create(1)

    account.run(script)
    assert [job.warm for job in account.sagemaker.jobs.values()] == [False, True]


def test_without_a_warm_pool_quota_jobs_run_cold_and_nothing_says_so() -> None:
    account = Account(quota=Quota(pools=0))

    def script() -> None:
        name = account.create(0)
        account.sleep_until(300)
        assert "WarmPoolStatus" not in account.describe(name)
        account.create(1)

    account.run(script)
    assert [job.warm for job in account.sagemaker.jobs.values()] == [False, False]
    assert account.sagemaker.bill.retained == 0


def test_a_fold_that_fails_leaves_a_pool_and_one_without_an_instance_costs_nothing() -> None:
    fates = {"f0": Failure("AlgorithmError: no", 12), "f1": Failure("CapacityError: none left", 20)}
    account = Account(failures=lambda job: fates.get(job.rpartition("-")[2]))

    def script() -> None:
        failing, without = account.create(0, keep_alive=50), account.create(1)
        account.sleep_until(21)
        assert account.describe(without)["FailureReason"] == "CapacityError: none left"
        account.sleep_until(193)
        assert account.describe(failing)["TrainingJobStatus"] == "Failed"
        assert account.describe(failing)["WarmPoolStatus"]["Status"] == "Available"
        assert account.describe(without)["WarmPoolStatus"]["Status"] == "Terminated"

    account.run(script)
    assert account.sagemaker.bill.folds == pytest.approx(60 + 12)
    assert account.sagemaker.bill.retained == pytest.approx(50)


def test_what_sagemaker_would_refuse_is_refused() -> None:
    account = Account()

    def script() -> None:
        account.create(0)
        with pytest.raises(ClientError, match="ResourceInUse"):
            account.create(0)
        with pytest.raises(ClientError, match="ValidationException"):
            account.create(1, keep_alive=3601)
        with pytest.raises(ClientError, match="ValidationException"):
            account.create(1, RoleArn="not an ARN")

    account.run(script)


def test_lists_tell_jobs_and_pools() -> None:
    account = Account()

    def script() -> None:
        name = account.create(0)
        account.create(1)
        account.sleep_until(225)
        found = account.sagemaker.list_training_jobs(NameContains="wf-bench", WarmPoolStatusEquals="Available")
        assert [one["TrainingJobName"] for one in found["TrainingJobSummaries"]] == [name]
        running = account.sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
        assert [one["TrainingJobName"][-2:] for one in running] == ["f1"]

    account.run(script)
