"""What is kept in a file instead of in memory comes back as it was."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from warmfold.cloud.sagemaker.training_job import Details, TrainingJob
from warmfold.cloud.shelf import Shelf

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
REQUEST = {
    "TrainingJobName": "job",
    "HyperParameters": {"depth": "3"},
    "RoleArn": "arn:aws:iam::123456789012:role/fold",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/output/"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
}


def test_values_come_back_as_they_were_put_whoever_put_others(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "new")
    values = [{"number": number, "text": "é" * number, "time": NOW} for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(shelf.put, values))
    assert [place.read() for place in reversed(places)] == values[::-1]


def test_a_shelf_leaves_no_file_behind(tmp_path: Path) -> None:
    Shelf(tmp_path).put("value")
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_does_not_fit_on_the_disk_is_refused_and_the_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path)
    first = shelf.put("first")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space"):
            shelf.put("second")
    third = shelf.put("third")
    assert (first.read(), third.read()) == ("first", "third")


def test_a_shelved_job_describes_itself_as_before(tmp_path: Path) -> None:
    job = _ended_job()
    before = job.describe(), job.summary(), job.event_detail({"a": "b"})
    job.shelve(Shelf(tmp_path))
    assert (job.describe(), job.summary(), job.event_detail({"a": "b"})) == before
    assert before[0]["FinalMetricDataList"] == [{"MetricName": "score", "Value": 0.5, "Timestamp": NOW}]
    assert [step["Status"] for step in before[0]["SecondaryStatusTransitions"]] == ["Starting", "Completed"]


def test_another_keep_alive_of_a_shelved_job_is_kept(tmp_path: Path) -> None:
    job = _ended_job()
    job.shelve(Shelf(tmp_path))
    job.set_keep_alive(120)
    assert job.describe()["ResourceConfig"] == REQUEST["ResourceConfig"] | {"KeepAlivePeriodInSeconds": 120}


def _ended_job() -> TrainingJob:
    job = TrainingJob("job", "arn:aws:sagemaker:us-east-1:123456789012:training-job/job", Details(dict(REQUEST)), NOW)
    job.move("InProgress", "Starting", "Starting the training job", NOW)
    job.take_metrics([{"MetricName": "score", "Value": 0.5, "Timestamp": NOW}])
    job.move("Completed", "Completed", "Training job completed", NOW)
    return job
