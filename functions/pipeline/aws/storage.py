"""S3, as the functions use it: pinned reads, JSON, and errors that name the object."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from botocore.exceptions import ClientError

from pipeline.errors import StorageError
from warmfold_run.plan import ObjectVersion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = ("404", "NoSuchKey", "NotFound", "NoSuchVersion")
# HEAD's answer to a version id that S3 can't have issued, and to one that marks a deletion
_NO_SUCH_VERSION = ("400", "405", "InvalidArgument", "MethodNotAllowed")
# the second: somebody else writes it at this moment
_THERE_ALREADY = ("PreconditionFailed", "412", "ConditionalRequestConflict")


class Storage:
    """The data bucket."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def uri(self, key: str) -> str:
        """Return the s3:// URI of a key."""
        return f"s3://{self.bucket}/{key}"

    def head(self, key: str, version_id: str | None = None) -> ObjectVersion | None:
        """Return an object's version, the latest unless told, or None when there is none."""
        try:
            if version_id is None:
                found = self._s3.head_object(Bucket=self.bucket, Key=key)
            else:
                found = self._s3.head_object(Bucket=self.bucket, Key=key, VersionId=version_id)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _MISSING or (version_id is not None and code in _NO_SUCH_VERSION):
                return None
            raise self._refused("read", key, error) from error
        version = found.get("VersionId")
        return ObjectVersion(
            key=key,
            version_id=None if version == "null" else version,
            etag=found["ETag"].strip('"'),
            size=found["ContentLength"],
        )

    def open(self, version: ObjectVersion, piece: tuple[int, int] | None = None) -> BinaryIO:
        """Return a version's bytes as a stream; of a piece, (start, length), where that is asked for."""
        asked: dict[str, Any] = {}
        if piece is not None:
            start, length = piece
            asked["Range"] = f"bytes={start}-{start + length - 1}"
        if version["version_id"] is None:
            asked["IfMatch"] = version["etag"]
        else:
            asked["VersionId"] = version["version_id"]
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=version["key"], **asked)
        except ClientError as error:
            raise self._refused("read", version["key"], error) from error
        return cast(BinaryIO, answer["Body"])

    def read(self, key: str) -> bytes | None:
        """Return an object's bytes, or None when there is none."""
        try:
            return self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise self._refused("read", key, error) from error

    def read_json(self, key: str) -> Any:
        """Return the mapping that an object's JSON is, or None when there is none."""
        body = self.read(key)
        return None if body is None else dict(json.loads(body))

    def write(self, key: str, body: bytes, content_type: str) -> str:
        """Write an object and return its URI."""
        try:
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type)
        except ClientError as error:
            raise self._refused("written", key, error) from error
        return self.uri(key)

    def write_json_once(self, key: str, value: Mapping[str, object]) -> bool:
        """Write a JSON object where there is none; whether it did."""
        body = json.dumps(value, indent=1).encode()
        try:
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] in _THERE_ALREADY:
                return False
            raise self._refused("written", key, error) from error
        return True

    def write_json(self, key: str, value: Mapping[str, object]) -> str:
        """Write a JSON object and return its URI."""
        return self.write(key, json.dumps(value, indent=1).encode(), "application/json")

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys under a prefix, in order."""
        try:
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    yield item["Key"]
        except ClientError as error:
            raise self._refused("listed", prefix, error) from error

    def _refused(self, what: str, key: str, error: ClientError) -> StorageError:
        return StorageError(f"{self.uri(key)} could not be {what}: {error.response['Error'].get('Message', error)}")
