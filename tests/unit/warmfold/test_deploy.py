"""Packaging: what of a template's folders ends up in which archive, as `sam build` makes it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from warmfold.cloud.deploy import TemplateError, package

LAYER = """
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    {metadata}
    Properties: {{ContentUri: layer/}}
  Function:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: functions/}}
"""


class Uploads:
    """An S3 client that keeps what it is given, by s3:// location."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def create_bucket(self, Bucket: str) -> None:  # noqa: N803 - S3's name
        """Take any bucket."""

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - S3's names
        """Keep an object."""
        self.bodies[f"s3://{Bucket}/{Key}"] = Body


def files(folder: Path, metadata: str) -> dict[str, list[str]]:
    """The names in the archive of each resource of LAYER."""
    for name in ("layer/shared/words.py", "layer/shared/__pycache__/words.pyc", "functions/handler.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "template.yaml").write_text(LAYER.format(metadata=metadata))
    uploads: Any = Uploads()
    resources = package(uploads, folder / "template.yaml")["Resources"]
    return {
        name: zipfile.ZipFile(io.BytesIO(uploads.bodies[body["Properties"][place]])).namelist()
        for (name, body), place in zip(resources.items(), ("ContentUri", "CodeUri"), strict=True)
    }


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ("Metadata: {BuildMethod: python3.12}", "python/shared/words.py"),
        ("Metadata: {Other: thing}", "shared/words.py"),
        ("", "shared/words.py"),
    ],
)
def test_a_layer_that_sam_builds_is_packaged_below_python(tmp_path: Path, metadata: str, name: str) -> None:
    assert files(tmp_path, metadata) == {"Layer": [name], "Function": ["handler.py"]}


def test_a_layer_of_another_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"Layer has the BuildMethod makefile.*python3\.x only"):
        files(tmp_path, "Metadata: {BuildMethod: makefile}")
