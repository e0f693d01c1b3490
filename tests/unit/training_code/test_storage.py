"""What jobs copy from S3 lands in the folder it is for, whatever objects are called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from warmfold_jobs.storage import download
from warmfold_run.paths import OutsideError


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = boto3.client("s3", region_name="us-east-1")
        made.create_bucket(Bucket="bucket")
        for name in ("", "0/", "0/part-00000.parquet"):
            made.put_object(Bucket="bucket", Key=f"runs/r/parts/{name}", Body=b"x")
        yield made


def test_objects_become_files_and_folder_markers_do_not(s3: Any, tmp_path: Path) -> None:
    download(s3, "s3://bucket/runs/r/parts/", tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["part-00000.parquet"]


@pytest.mark.parametrize("name", ["../planted", "/planted", "0/../../planted"])
def test_no_object_lands_outside(s3: Any, tmp_path: Path, name: str) -> None:
    s3.put_object(Bucket="bucket", Key=f"runs/r/parts/{name}", Body=b"planted")
    with pytest.raises(OutsideError, match="leads out of"):
        download(s3, "s3://bucket/runs/r/parts/", tmp_path / "deep" / "parts")
    assert not list(tmp_path.rglob("planted"))
