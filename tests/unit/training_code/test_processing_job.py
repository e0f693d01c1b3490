"""The job around Split Dataset: its plan, its version of the data, its message where it fails."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tests.unit.training_code.split_job import HEADER, ROWS, csv_bytes, plan_for
from warmfold_jobs.data import split as processing


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A processing job's folders and environment."""
    for name, value in {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "WARMFOLD_INPUT": str(tmp_path / "input"),
        "WARMFOLD_OUTPUT": str(tmp_path / "output"),
        "WARMFOLD_MESSAGE": str(tmp_path / "ml" / "message"),
        "WARMFOLD_HOSTS": str(tmp_path / "resourceconfig.json"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    (tmp_path / "input/config").mkdir(parents=True)
    (tmp_path / "resourceconfig.json").write_text('{"current_host": "algo-1", "hosts": ["algo-1"]}')
    return tmp_path


def put_job(job: Path, data: bytes) -> None:
    """Upload the data, then something newer, and write the plan for the first version."""
    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="bucket", Key="data", Body=data)
    s3.put_object(Bucket="bucket", Key="data", Body=b"newer")
    plan = plan_for()
    plan["data"] |= {"version_id": version["VersionId"], "etag": version["ETag"].strip('"')}
    (job / "input/config/plan.json").write_text(json.dumps(plan))


@mock_aws
def test_the_job_reads_its_plan_and_splits_the_version_planned(job: Path) -> None:
    put_job(job, csv_bytes(HEADER, ROWS))
    assert processing.main() == 0
    assert json.loads((job / "output/profile.json").read_text())["rows"] == 400
    assert not (job / "ml/message").exists()


@mock_aws
def test_the_job_fails_with_the_broken_rule_as_its_message(job: Path) -> None:
    put_job(job, b"size,word,label\n1,2\n")
    assert processing.main() == 1
    assert (
        (job / "ml/message").read_text().startswith("s3://bucket/data, line 2: 2 cells, and the header has 3 columns")
    )


@mock_aws
def test_any_other_failure_leaves_its_message_and_is_raised(job: Path) -> None:
    (job / "input/config/plan.json").write_text(json.dumps(plan_for()))
    with pytest.raises(Exception, match="NoSuchBucket"):
        processing.main()
    assert "NoSuchBucket" in (job / "ml/message").read_text()
