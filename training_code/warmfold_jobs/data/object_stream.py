"""One version of an S3 object as a stream of bytes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.exceptions import HTTPClientError, IncompleteReadError

from warmfold_data.csv_records import BinaryStream, DatasetRuleError
from warmfold_data.files import File
from warmfold_jobs.storage import get_json
from warmfold_run import places
from warmfold_run.plan import FileList, ObjectVersion, Plan

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READ_ATTEMPTS = 5
"""How often in a row a read from S3 may break off before the job fails."""


class ObjectStream:
    """The bytes of one version of an S3 object, read on from where it broke when a connection does."""

    def __init__(self, s3: S3Client, bucket: str, key: str, version_id: str | None, etag: str | None) -> None:
        """Without `version_id` the object must still have this `etag`, when there is one."""
        self.name = f"s3://{bucket}/{key}"
        self._s3 = s3
        self._request: dict[str, Any] = {"Bucket": bucket, "Key": key} | (
            {"VersionId": version_id} if version_id else {}
        )
        self._etag = etag.strip('"') if etag else None
        self._position = 0
        self._size: int | None = None
        self._body: BinaryStream | None = None

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end; raises botocore's error after READ_ATTEMPTS broken reads in a row."""
        broken = 0
        while True:
            try:
                data = self._opened().read(size)
            except (HTTPClientError, IncompleteReadError):
                self._body = None
                broken += 1
                if broken == READ_ATTEMPTS:
                    raise
            else:
                self._position += len(data)
                return data

    def _opened(self) -> BinaryStream:
        if self._body is None:
            if self._position and self._position == self._size:
                return BytesIO()
            resumed: dict[str, Any] = {"Range": f"bytes={self._position}-"} if self._position else {}
            response = self._s3.get_object(**self._request, **resumed)
            etag = response["ETag"].strip('"')
            if self._etag not in (None, etag):
                raise DatasetRuleError(
                    f"{self.name} was replaced after the run was planned; start a new run for the new data, and turn "
                    "on versioning for the bucket to have a run keep its own."
                )
            self._etag = etag
            self._size = self._position + int(response["ContentLength"])
            self._body = response["Body"]
        return self._body


def object_stream(plan: Plan, source: ObjectVersion, s3: S3Client) -> ObjectStream:
    """The version of an object that the plan has."""
    return ObjectStream(s3, plan["bucket"], source["key"], source["version_id"], source.get("etag"))


def dataset_versions(plan: Plan, s3: S3Client) -> list[ObjectVersion]:
    """The versions of the dataset's files that the plan has, in their order."""
    if plan["data_files"] is None:
        return [plan["data"]]
    listed: FileList = get_json(s3, plan["data_files"]["uri"])
    return listed["files"]


def dataset_files(plan: Plan, versions: Iterable[ObjectVersion], s3: S3Client) -> list[File]:
    """Files of the dataset to be read."""
    return [
        File(places.uri(plan["bucket"], version["key"]), partial(object_stream, plan, version, s3))
        for version in versions
    ]


def dataset_name(plan: Plan) -> str:
    """How errors call the data as a whole: the file's URI, or that of the folder of many."""
    return places.uri(plan["bucket"], places.data_name(plan["data"]["key"]))
