"""What the local SageMaker keeps of jobs that have ended: every answer, and little memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE
from warmfold.cloud.sagemaker.service import Service, build_service
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.sagemaker.training import TrainingJobs
from warmfold.cloud.shelf import Shelved

KEYS = {"AccessKeyId": "testing", "SecretAccessKey": "testing", "SessionToken": "testing"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    built = build_service(
        Settings(tmp_path, "123456789012", list_lag_seconds=0.0),
        credentials=lambda _: KEYS,
        log_sink=lambda *_: None,
        event_sink=lambda *_: None,
    )
    yield built
    built.shutdown()


def run_one(service: Service, name: str) -> TrainingJobs:
    """A job that has no script, and so fails soon, without S3."""
    request = {
        "TrainingJobName": name,
        "RoleArn": "arn:aws:iam::123456789012:role/fold",
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "HyperParameters": {"depth": "3"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/output/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    service.call("CreateTrainingJob", request, None)
    jobs = service.feature(TrainingJobs)
    jobs.wait(name, PATIENCE)
    return jobs


def describe(service: Service, name: str) -> dict[str, Any]:
    return service.call("DescribeTrainingJob", {"TrainingJobName": name}, None)


def test_a_job_that_has_ended_is_described_and_listed_though_its_details_left_memory(service: Service) -> None:
    jobs = run_one(service, "job")
    assert isinstance(jobs.get("job").details, Shelved)
    described = describe(service, "job")
    assert described["HyperParameters"] == {"depth": "3"}
    assert described["SecondaryStatusTransitions"][-1]["Status"] == "Failed"
    assert "sagemaker_program" in described["FailureReason"]
    assert describe(service, "job") == described
    listed = service.call("ListTrainingJobs", {"StatusEquals": "Failed", "NameContains": "JO"}, None)
    assert [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]] == ["job"]


def test_when_the_disk_is_full_a_job_stays_in_memory(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> Shelved:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(service.core.shelf, "put", full)
    jobs = run_one(service, "job")
    assert not isinstance(jobs.get("job").details, Shelved)
    assert describe(service, "job")["HyperParameters"] == {"depth": "3"}
