"""S3 as the jobs use it: JSON objects, and files of a prefix."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmfold_run.paths import inside
from warmfold_run.places import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def put_json(s3: S3Client, uri: str, value: Mapping[str, object]) -> None:
    """Write a JSON object at an s3:// URI."""
    bucket, key = split_uri(uri)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(value, indent=1).encode(), ContentType="application/json")


def put_file(s3: S3Client, uri: str, file: Path) -> None:
    """Write a JSON file at an s3:// URI."""
    bucket, key = split_uri(uri)
    s3.put_object(Bucket=bucket, Key=key, Body=file.read_bytes(), ContentType="application/json")


def get_json(s3: S3Client, uri: str) -> Any:
    """The JSON object at an s3:// URI, whose shape the reader knows."""
    bucket, key = split_uri(uri)
    return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def is_there(s3: S3Client, uri: str) -> bool:
    """Whether there is an object at an s3:// URI: jobs may list, and are refused what they read and is not there."""
    bucket, key = split_uri(uri)
    first = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", ())
    return any(item["Key"] == key for item in first)


def names_below(s3: S3Client, uri: str) -> list[str]:
    """The names, relative to it, of the objects below an s3:// URI that ends in `/`."""
    bucket, prefix = split_uri(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"].removeprefix(prefix) for page in pages for item in page.get("Contents", ())]


def download(s3: S3Client, uri: str, folder: Path) -> None:
    """Copy every object below an s3:// URI that ends in `/` into a folder; OutsideError for a name that leads out."""
    bucket, prefix = split_uri(uri)
    for name in names_below(s3, uri):
        if name.endswith("/") or not name:  # marks a folder
            continue
        target = inside(folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, prefix + name, str(target))


def remove(s3: S3Client, uri: str) -> None:
    """Delete every object below an s3:// URI that ends in `/`."""
    bucket, prefix = split_uri(uri)
    for name in names_below(s3, uri):
        s3.delete_object(Bucket=bucket, Key=prefix + name)
