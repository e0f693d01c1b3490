"""The virtual SageMaker: starts, pools, quotas, throttling, and bills that were computed by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from virtual.account import VirtualAccount
from virtual.assumptions import Assumptions, Quota, Rate, Start
from virtual.calls import client_error
from virtual.fates import Fate, failed
from warmfold_run.records import FoldResult

FOLDER = "runs/r/candidates/"
CANDIDATE = "wf-bench-001-0a1b2c3d"
REQUEST: dict[str, Any] = {
    "RoleArn": "arn:aws:iam::123456789012:role/fold",
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/runs/r/fold-output/"},
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}
RESULT: FoldResult = {
    "train_score": 0.6,
    "validation_score": 0.5,
    "fit_seconds": 1.0,
    "seconds": 2.0,
    "cpu_seconds": 2.0,
    "rows": {"train": 80, "validation": 20},
}


class Account(VirtualAccount):
    """Folds of 30, 40 and 50 seconds, some of them with another fate."""

    def __init__(
        self,
        quota: Quota | None = None,
        assume: Assumptions | None = None,
        seconds: Sequence[float] = (30.0, 40.0, 50.0),
        **fates: Fate,
    ) -> None:
        def fate(job: str) -> Fate:
            end = job.removeprefix(f"{CANDIDATE}-")
            return fates.get(end) or Fate(seconds[int(end[1])], RESULT)

        super().__init__(FOLDER, fate, assume, quota)

    def create(self, fold: int, keep_alive: int = 600, attempt: int = 0, **changes: Any) -> str:
        """Create a fold's job, with some of the request's fields changed; its name."""
        name = f"{CANDIDATE}-f{fold}" + (f"-r{attempt}" if attempt else "")
        request = copy.deepcopy(REQUEST) | changes
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = keep_alive
        self.sagemaker.create_training_job(TrainingJobName=name, **request)
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def scored(self) -> list[str]:
        """The names of the scores that are in S3."""
        return [key.rpartition("/")[2] for key in self.s3.keys(f"{FOLDER}{CANDIDATE}/")]

    def sleep_until(self, time: float) -> None:
        self.clock.sleep(time - self.clock.now())

    def run(self, *scripts: Callable[[], None]) -> None:
        self.clock.run(scripts)


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
    account = Account(f0=failed("AlgorithmError: no", 12), f1=failed("CapacityError: none left", 20))

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


def test_a_job_has_the_fate_that_it_is_given() -> None:
    account = Account(
        f0=Fate(20, RESULT, start=Start(3, 0), tail=1),
        f1=Fate(20, status="Stopped", secondary="MaxRuntimeExceeded", start=Start(0, 0), tail=0),
        f2=Fate(20, start=Start(0, 0), tail=0),
    )

    def script() -> None:
        scores, runs_long, scores_not = account.create(0), account.create(1), account.create(2)
        account.sleep_until(20.5)
        told = account.describe(runs_long)
        assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
        assert account.describe(scores_not)["TrainingJobStatus"] == "Completed"
        assert account.scored() == []
        account.sleep_until(23.5)
        assert account.scored() == ["fold-0.json"]
        assert account.s3.json(f"{FOLDER}{CANDIDATE}/fold-0.json") == {
            "candidate": CANDIDATE,
            "fold": 0,
            "job": scores,
            **RESULT,
        }
        account.sleep_until(24.5)
        assert account.describe(scores)["TrainingJobStatus"] == "Completed"

    account.run(script)
    assert account.sagemaker.stopped == []


def test_the_next_calls_are_refused_as_they_are_told_to_be() -> None:
    account = Account()
    account.sagemaker.calls.refusals["CreateTrainingJob"] = [client_error("AccessDeniedException"), OSError("no route")]
    account.s3.calls.refusals["ListObjectsV2"] = [client_error("SlowDown")]
    with pytest.raises(ClientError, match="AccessDenied"):
        account.create(0)
    with pytest.raises(OSError, match="no route"):
        account.create(0)
    account.create(0)
    with pytest.raises(ClientError, match="SlowDown"):
        account.s3.list_objects_v2(Bucket="b")
    assert account.s3.list_objects_v2(Bucket="b")["KeyCount"] == 0
    assert account.sagemaker.calls.by_operation["CreateTrainingJob"] == 3
    assert account.sagemaker.in_progress == [f"{CANDIDATE}-f0"]
