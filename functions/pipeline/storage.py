"""The data bucket: the only way in which functions read and write objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from pipeline.errors import StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
# a version id that S3 can't have issued: HEAD has no body, so its code is the bare status
_IMPOSSIBLE_VERSION = frozenset({"400", "InvalidArgument"})


class BinaryStream(Protocol):
    """Anything that hands out bytes."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end."""


@dataclass(frozen=True)
class StoredObject:
    """One version of an object; `version_id` is None in a bucket without versioning, `size` is in bytes."""

    key: str
    version_id: str | None
    etag: str
    size: int


class Bucket:
    """One bucket; every refusal but a missing object is a StorageError that names the object."""

    def __init__(self, client: S3Client, name: str) -> None:
        """`client` is boto3's for S3."""
        self.name = name
        self._client = client

    def uri(self, key: str) -> str:
        """Return the s3:// URI of a key."""
        return f"s3://{self.name}/{key}"

    def head(self, key: str, version_id: str | None = None) -> StoredObject | None:
        """Return what is known of an object, of its latest version unless one is given; None when it is not there."""
        try:
            with self._explained("look at", key):
                answer = self._client.head_object(**self._object(key, version_id))
        except StorageError as error:
            code = _code(error.__cause__)
            if code in _ABSENT or (version_id and code in _IMPOSSIBLE_VERSION):
                return None
            raise
        version = answer.get("VersionId")
        return StoredObject(
            key=key,
            version_id=None if version in (None, "null") else version,
            etag=answer["ETag"].strip('"'),
            size=answer["ContentLength"],
        )

    def open(self, stored: StoredObject) -> BinaryStream:
        """Return the bytes of an object as a stream."""
        with self._explained("read", stored.key):
            return self._client.get_object(**self._object(stored.key, stored.version_id), IfMatch=stored.etag)["Body"]

    def read(self, stored: StoredObject, first_bytes: int | None = None) -> bytes:
        """Return the bytes of an object, or the first of them."""
        if not stored.size:
            return b""
        part: dict[str, Any] = {} if first_bytes is None else {"Range": f"bytes=0-{first_bytes - 1}"}
        with self._explained("read", stored.key):
            return self._client.get_object(
                **self._object(stored.key, stored.version_id), IfMatch=stored.etag, **part
            )["Body"].read()

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Write an object."""
        with self._explained("write", key):
            self._client.put_object(Bucket=self.name, Key=key, Body=body, ContentType=content_type)

    def _object(self, key: str, version_id: str | None) -> dict[str, Any]:
        return {"Bucket": self.name, "Key": key} | ({"VersionId": version_id} if version_id else {})

    @contextmanager
    def _explained(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "PreconditionFailed":
                reason = "it was replaced while this run was planned; start a new run"
            elif code in ("403", "AccessDenied"):
                reason = "S3 denies access; check the function's role and the bucket's policy"
            else:
                reason = f"S3 answers {code}: {error.response['Error'].get('Message', '')}"
            raise StorageError(f"Can't {verb} {self.uri(key)}: {reason}") from error


def _code(error: BaseException | None) -> str | None:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else None
