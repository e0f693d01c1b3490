"""The model is the registered package, and the transform reads every chunk of rows to score whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

import prepare_transform
from pipeline.errors import StorageError
from tests.unit.functions.fake_sagemaker import arn, complaints
from tests.unit.functions.runs import Run

PACKAGE = arn("model-package", "wf-churn/1")


@pytest.fixture
def prepared(run: Run, sample_event: Any, lambda_context: Any) -> Any:
    event = sample_event | {"plan_uri": run.plan_uri, "model_package_arn": PACKAGE}
    return prepare_transform.lambda_handler(event, lambda_context)


@pytest.mark.parametrize(("key", "operation"), [("model", "CreateModel"), ("transform", "CreateTransformJob")])
def test_they_are_requests_that_sagemaker_knows(prepared: Any, key: str, operation: str) -> None:
    assert not complaints(operation, prepared[key])


def test_the_model_is_the_package_with_the_folds_role(run: Run, prepared: Any) -> None:
    plan = json.loads(run.read("plan.json"))
    assert prepared["model"]["Containers"] == [{"ModelPackageName": PACKAGE}]
    assert prepared["model"]["ExecutionRoleArn"] == plan["requests"]["fold"]["RoleArn"]


def test_the_transform_uses_that_model_on_the_rows_to_score(run: Run, prepared: Any) -> None:
    transform, plan = prepared["transform"], json.loads(run.read("plan.json"))
    assert transform["ModelName"] == prepared["model"]["ModelName"]
    source = transform["TransformInput"]["DataSource"]["S3DataSource"]
    assert source == {"S3DataType": "S3Prefix", "S3Uri": plan["locations"]["score"]}
    assert transform["TransformOutput"]["S3OutputPath"] == plan["locations"]["predictions"]


def test_a_chunk_is_never_split_because_only_its_first_line_is_the_header(prepared: Any) -> None:
    assert prepared["transform"]["TransformInput"]["SplitType"] == "None"
    assert "DataProcessing" not in prepared["transform"]
    assert prepared["transform"]["MaxPayloadInMB"] * 1024 * 1024 > 5_000_000


def test_both_carry_the_runs_tags_and_names(run: Run, prepared: Any) -> None:
    tags = [{"Key": "warmfold:stack", "Value": "wf"}, {"Key": "warmfold:run", "Value": run.id}]
    assert prepared["model"]["Tags"] == prepared["transform"]["Tags"] == tags
    assert prepared["transform"]["TransformJobName"] == f"wf-{run.id}-score"


def test_a_plan_that_is_not_there_is_named(sample_event: Any, sagemaker: Any, s3: Any, lambda_context: Any) -> None:  # noqa: ARG001
    with pytest.raises(StorageError, match=r"plan\.json is not there"):
        prepare_transform.lambda_handler(sample_event, lambda_context)
