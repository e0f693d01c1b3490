"""A job's data that can't be read fails the job with a sentence, not with an error of the local cloud."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from warmfold.cloud.sagemaker.data import DataError, channel_objects, unpack


def archive(kind: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=f"w:{kind}") as tar:
        for name in ("first.py", "second.py"):
            member = tarfile.TarInfo(name)
            member.size = 20_000
            tar.addfile(member, io.BytesIO(bytes(range(250)) * 80))
    return packed.getvalue()


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.8])
def test_a_truncated_archive_is_said(kind: str, part: float, tmp_path: Path) -> None:
    whole = archive(kind)
    path = tmp_path / "sourcedir.tar.gz"
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(DataError, match=r"sourcedir\.tar\.gz could not be unpacked"):
        unpack(path, tmp_path / "code")


@pytest.mark.parametrize("at", range(0, 200, 7))
def test_a_damaged_archive_is_said_or_unpacked(at: int, tmp_path: Path) -> None:
    damaged = bytearray(archive("gz"))
    damaged[at % len(damaged)] ^= 0xFF
    (tmp_path / "a.tar.gz").write_bytes(bytes(damaged))
    with contextlib.suppress(DataError):  # and nothing else
        unpack(tmp_path / "a.tar.gz", tmp_path / "code")


class Manifests:
    """An S3 that has one object."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def get_object(self, **_: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.text)}


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{}",
        b"[]",
        b"[1]",
        b"[null]",
        b"\xff",
        b"[" * 100_000,
        json.dumps([{"prefix": 1}, "a"]).encode(),
        json.dumps([{"prefix": "s3://b/"}, {"key": "a"}]).encode(),
        json.dumps([{"prefix": "s3://b/"}, ["a"], 1]).encode(),
        json.dumps({"prefix": "s3://b/"}).encode(),
    ],
)
def test_a_manifest_of_anything_but_names_is_said(manifest: bytes) -> None:
    source = {"S3DataType": "ManifestFile", "S3Uri": "s3://b/manifest"}
    s3: Any = Manifests(manifest)
    with pytest.raises(DataError, match="s3://b/manifest is no manifest of the form"):
        list(channel_objects(s3, source))
