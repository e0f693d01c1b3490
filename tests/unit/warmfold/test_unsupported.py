"""Every member that AWS's model of a Create operation has is used, passed over for a reason, or refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape
from moto.core.models import DEFAULT_ACCOUNT_ID

from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.unsupported import ACCEPTED, REFUSED, USED, refuse_foreign_roles, refuse_unsupported
from warmfold.cloud.sagemaker.validation import service_model

SOURCE = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/parts/"}
CHANNEL = {"ChannelName": "train", "DataSource": {"S3DataSource": SOURCE}}
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/fold"


def members(shape: Shape, prefix: str = "") -> Iterator[tuple[str, Shape]]:
    """Path and shape of a structure's members, those of a list's items with them."""
    inner = shape.member if isinstance(shape, ListShape) else shape
    if isinstance(inner, StructureShape):
        for name, member in inner.members.items():
            yield prefix + name, member


def unclassified(operation: str) -> list[str]:
    """The members on the first two levels that are in no table."""
    used, accepted, refused = USED[operation], ACCEPTED[operation], REFUSED[operation]
    whole = {*accepted, *(path for path, remedy in refused.items() if isinstance(remedy, str))}
    whole |= {path.removesuffix(".*") for path in used}
    deeper = {path[: at + 1] for path in (*used, *accepted, *refused) for at, mark in enumerate(path) if mark == "."}
    missing = []
    for path, shape in members(service_model().operation_model(operation).input_shape):
        for inner, _ in members(shape, f"{path}.") if path not in whole else ():
            if inner not in whole and inner not in refused and f"{inner}." not in deeper:
                missing.append(inner)
        if path not in whole and path not in refused and not any(p.startswith(f"{path}.") for p in deeper | whole):
            missing.append(path)
    return missing


@pytest.mark.parametrize("operation", sorted(USED))
def test_no_member_is_ignored_without_a_reason(operation: str) -> None:
    assert unclassified(operation) == []


def test_a_member_that_no_table_has_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    less = {path: remedy for path, remedy in REFUSED["CreateTrainingJob"].items() if "ShuffleConfig" not in path}
    monkeypatch.setitem(REFUSED, "CreateTrainingJob", {p: r for p, r in less.items() if p != "TensorBoardOutputConfig"})
    assert sorted(unclassified("CreateTrainingJob")) == [
        "InputDataConfig.ShuffleConfig",
        "TensorBoardOutputConfig",
        "TensorBoardOutputConfig.LocalPath",
        "TensorBoardOutputConfig.S3OutputPath",
    ]


@pytest.mark.parametrize("operation", sorted(USED))
def test_no_member_is_in_two_tables_and_every_path_exists(operation: str) -> None:
    used = [path.removesuffix(".*") for path in USED[operation]]
    paths = [*used, *ACCEPTED[operation], *REFUSED[operation]]
    assert len(paths) == len(set(paths))
    for path in paths:
        shape: Any = service_model().operation_model(operation).input_shape
        for name in path.split("."):
            found = dict(members(shape))
            if name not in found and path.startswith("TrainingJobDefinition."):
                break  # a definition has fewer members than a training job
            assert name in found, path
            shape = found[name]


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("CreateTrainingJob", {"OutputDataConfig": {"CompressionType": "NONE"}}, "CompressionType must be GZIP: NONE"),
        ("CreateTrainingJob", {"TensorBoardOutputConfig": {}}, "^ValidationException: TensorBoardOutputConfig is"),
        (
            "CreateTrainingJob",
            {"InputDataConfig": [CHANNEL, {**CHANNEL, "CompressionType": "Gzip"}]},
            "InputDataConfig.CompressionType must be None: Gzip is not built in the local cloud",
        ),
        (
            "CreateTrainingJob",
            {"InputDataConfig": [{**CHANNEL, "InputMode": "Pipe"}]},
            "InputMode must be File or Fast",
        ),
        (
            "CreateTrainingJob",
            {"InputDataConfig": [{"DataSource": {"S3DataSource": {**SOURCE, "AttributeNames": ["a"]}}}]},
            "AttributeNames is not built in the local cloud: leave it out",
        ),
        (
            "CreateTrainingJob",
            {"InputDataConfig": [{"DataSource": {"S3DataSource": {**SOURCE, "S3DataType": "AugmentedManifestFile"}}}]},
            "S3DataType must be S3Prefix or ManifestFile: AugmentedManifestFile is not built in the local cloud",
        ),
        ("CreateTrainingJob", {"InfraCheckConfig": {"EnableInfraCheck": True}}, "EnableInfraCheck must be False"),
        ("CreateTrainingJob", {"ResourceConfig": {"InstanceGroups": []}}, None),
        ("CreateTrainingJob", {"ResourceConfig": {"InstanceGroups": [{}]}}, "ResourceConfig.InstanceGroups is not"),
        (
            "CreateHyperParameterTuningJob",
            {"TrainingJobDefinition": {"StoppingCondition": {"MaxPendingTimeInSeconds": 7200}}},
            "TrainingJobDefinition.StoppingCondition.MaxPendingTimeInSeconds is not built in the local cloud",
        ),
        ("CreateModel", {"EnableNetworkIsolation": True}, None),
        ("CreateModel", {"InferenceExecutionConfig": {"Mode": "Serial"}}, "one container is served"),
        ("CreateTrainingJob", {"EnableNetworkIsolation": True, "ProfilerConfig": {"DisableProfiler": False}}, None),
        ("CreateTransformJob", {"MaxConcurrentTransforms": 4, "Tags": [{"Key": "a", "Value": "b"}]}, None),
        ("DescribeTrainingJob", {"TrainingJobName": "a"}, None),
    ],
)
def test_what_would_be_ignored_is_refused(operation: str, request_: dict[str, Any], message: str | None) -> None:
    if message is None:
        refuse_unsupported(operation, request_)
        return
    with pytest.raises(ServiceError, match=message) as caught:
        refuse_unsupported(operation, request_)
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize("member", ["RoleArn", "ExecutionRoleArn", "TrainingJobDefinition"])
def test_a_role_of_another_account_is_refused(member: str) -> None:
    other = ROLE.replace(DEFAULT_ACCOUNT_ID, "9" * 12)
    asked, foreign = ({"RoleArn": arn} if member == "TrainingJobDefinition" else arn for arn in (ROLE, other))
    refuse_foreign_roles({member: asked}, DEFAULT_ACCOUNT_ID)
    with pytest.raises(ServiceError, match="Cross-account pass role is not allowed"):
        refuse_foreign_roles({member: foreign}, DEFAULT_ACCOUNT_ID)
