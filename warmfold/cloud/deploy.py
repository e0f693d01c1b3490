"""Packages template.yaml and deploys it as a CloudFormation stack, as `sam deploy` does but for the dependencies."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from warmfold.cloud.definitions import read_template

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3 import S3Client

CAPABILITIES: Any = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
ARTIFACTS = "warmfold-local-artifacts"
_EPOCH = (2020, 1, 1, 0, 0, 0)


class TemplateError(Exception):
    """A template that is none; the text says why."""


def deploy(session: boto3.Session, template: Path, stack_name: str, parameters: dict[str, str] | None = None) -> None:
    """Create or update a stack from a SAM template, its local paths zipped and uploaded."""
    packaged = package(session.client("s3"), template)
    cloudformation = session.client("cloudformation")
    request: Any = {
        "StackName": stack_name,
        "TemplateBody": json.dumps(packaged),
        "Capabilities": CAPABILITIES,
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in (parameters or {}).items()],
    }
    try:
        cloudformation.describe_stacks(StackName=stack_name)
    except ClientError:
        cloudformation.create_stack(**request)
    else:
        cloudformation.update_stack(**request)


def package(s3: S3Client, template: Path) -> dict[str, Any]:
    """The template with every local path replaced by the s3:// location of what was there; raises TemplateError."""
    packaged: Any = read_template(template.read_text())
    if not isinstance(packaged, dict) or not isinstance(packaged.get("Resources"), dict):
        raise TemplateError("it has no Resources")
    s3.create_bucket(Bucket=ARTIFACTS)
    places = [(packaged.get("Globals", {}).get("Function", {}), "")]
    for name, resource in packaged["Resources"].items():
        places.append((resource.get("Properties", {}), _folder_in_zip(name, resource)))
    for properties, folder in places:
        for name in ("CodeUri", "ContentUri", "DefinitionUri"):
            if isinstance(properties.get(name), str) and not properties[name].startswith("s3://"):
                path = template.parent / properties[name]
                body = _zip(path, folder) if path.is_dir() else path.read_bytes()
                key = f"{hashlib.sha256(body).hexdigest()}{path.suffix or '.zip'}"
                s3.put_object(Bucket=ARTIFACTS, Key=key, Body=body)
                properties[name] = f"s3://{ARTIFACTS}/{key}"
    return packaged


def _folder_in_zip(name: str, resource: dict[str, Any]) -> str:
    """Where in its archive a resource's content is, with a slash at the end: `sam build` puts a layer it builds aside.

    Raises TemplateError for a layer that is to be built otherwise than a Python one.
    """
    method = (resource.get("Metadata") or {}).get("BuildMethod")
    if resource.get("Type") != "AWS::Serverless::LayerVersion" or method is None:
        return ""
    if not str(method).startswith("python3."):
        raise TemplateError(f"{name} has the BuildMethod {method}; the local cloud builds layers of python3.x only")
    return "python/"


def _zip(folder: Path, folder_in_zip: str) -> bytes:
    """A folder as a zip archive that depends on its content and its place in there alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = f"{folder_in_zip}{path.relative_to(folder).as_posix()}"
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), path.read_bytes())
    return buffer.getvalue()
