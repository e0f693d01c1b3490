"""S3 on behalf of jobs: channels into folders, folders into objects and archives."""

import json
import lzma
import tarfile
import threading
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from warmfold.cloud.sagemaker.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class DataError(Exception):
    """Data could not be had from S3, or not be put there; the text is a job's FailureReason without its class."""


class _RoleCredentials(Protocol):
    def __call__(self, role_arn: str, /) -> Mapping[str, str]: ...


class S3Clients:
    """One client per role, made when first asked for."""

    def __init__(self, settings: Settings, credentials: _RoleCredentials) -> None:
        self._settings = settings
        self._credentials = credentials
        self._lock = threading.Lock()
        self._clients: dict[str, tuple[str, S3Client]] = {}

    def of_role(self, role_arn: str) -> "S3Client":
        """A client with the role's present credentials."""
        keys = self._credentials(role_arn)
        with self._lock:
            known = self._clients.get(role_arn)
            if known is None or known[0] != keys["AccessKeyId"]:
                known = (keys["AccessKeyId"], self._client(keys))
                self._clients[role_arn] = known
            return known[1]

    def _client(self, keys: Mapping[str, str]) -> "S3Client":
        return boto3.Session().client(
            "s3",
            region_name=self._settings.region,
            endpoint_url=self._settings.endpoint_url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(s3={"addressing_style": "path"}, max_pool_connections=64, retries={"mode": "standard"}),
        )


def split_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` as (bucket, key)."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise DataError(f"Data download failed: {uri!r} is not an S3 URI")
    return bucket, key


def download_channel(s3: "S3Client", source: Mapping[str, Any], folder: Path) -> None:
    """Fill `folder` from an S3DataSource (S3Prefix or ManifestFile); raises DataError when there is nothing to read."""
    for uri, name in channel_objects(s3, source):
        download_object(s3, uri, _inside(folder, name))


def channel_objects(s3: "S3Client", source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The (URI, name below the prefix) of an S3DataSource's objects; raises DataError when there are none."""
    uri = source["S3Uri"]
    try:
        if source["S3DataType"] == "ManifestFile":
            yield from _manifest_objects(s3, uri)
        else:
            yield from _prefix_objects(s3, uri)
    except (ClientError, BotoCoreError) as error:
        raise DataError(f"Data download failed: {uri}: {error}") from error


def download_folder(s3: "S3Client", uri: str, folder: Path) -> None:
    """What is below the URI, if anything is, into the folder; raises DataError."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = list(_prefix_objects(s3, f"{uri.rstrip('/')}/", required=False))
    except (ClientError, BotoCoreError) as error:
        raise DataError(f"Data download failed: {uri}: {error}") from error
    for source, name in found:
        download_object(s3, source, _inside(folder, name))


def download_object(s3: "S3Client", uri: str, path: Path) -> None:
    """One object to one file; raises DataError."""
    bucket, key = split_uri(uri)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        with path.open("wb") as file:
            for block in body.iter_chunks(1 << 20):
                file.write(block)
    except (ClientError, BotoCoreError) as error:
        raise DataError(f"Data download failed: {uri}: {error}") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise DataError(
            f"Data download failed: {uri} cannot become a file beside the others: the name of one object is the folder "
            "of another"
        ) from error
    except OSError as error:
        raise DataError(f"Data download failed: {uri} cannot become a file: {error.strerror}") from error


def upload_file(s3: "S3Client", path: Path, uri: str) -> None:
    """One file to one object; raises DataError."""
    bucket, key = split_uri(uri)
    try:
        with path.open("rb") as body:
            s3.put_object(Bucket=bucket, Key=key, Body=body)
    except (ClientError, BotoCoreError) as error:
        raise DataError(f"Data upload failed: {uri}: {error}") from error


def upload_folder(s3: "S3Client", folder: Path, uri: str) -> None:
    """Every file below `folder` to the prefix, keeping relative paths; raises DataError."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            upload_file(s3, path, f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}")


def pack(folder: Path, archive: Path) -> None:
    """The folder's contents as a gzipped tar, names relative to the folder."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar.gz into the folder, refusing members that would land outside it; raises DataError."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError, OSError) as error:
        raise DataError(f"{archive.name} could not be unpacked: {error}") from error


def _prefix_objects(s3: "S3Client", uri: str, required: bool = True) -> Iterator[tuple[str, str]]:
    bucket, prefix = split_uri(uri)
    base = prefix[: prefix.rfind("/") + 1]
    found = False
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            found = True
            key = item["Key"]
            if not key.endswith("/"):
                below = key.removeprefix(prefix)
                yield f"s3://{bucket}/{key}", below[1:] if below.startswith("/") else key.removeprefix(base)
    if required and not found:
        raise DataError(f"Data download failed: No S3 objects found under S3 URL {uri!r}")


def _manifest_objects(s3: "S3Client", uri: str) -> Iterator[tuple[str, str]]:
    bucket, key = split_uri(uri)
    text = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    try:
        head, *names = json.loads(text)
        prefix = head["prefix"]
        if not all(isinstance(name, str) for name in (prefix, *names)):
            raise TypeError("a manifest lists names")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(f'Data download failed: {uri} is no manifest of the form [{{"prefix": …}}, …]') from error
    for name in names:
        yield prefix + name, name


def _inside(folder: Path, name: str) -> Path:
    if ".." in PurePosixPath(name).parts or name.startswith("/"):
        raise DataError(f"Data download failed: the object name {name!r} leads outside its channel")
    return folder / name
