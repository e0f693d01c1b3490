"""Which actions and resources a request to SageMaker needs."""

from __future__ import annotations

from typing import Any

import pytest

from warmfold.cloud.iam import sagemaker

ACCOUNT, REGION = "123456789012", "us-east-1"
FOLD_ROLE = f"arn:aws:iam::{ACCOUNT}:role/fold"


def sagemaker_needs(operation: str, **request: Any) -> list[tuple[str, str]]:
    return [(call.action, call.resource) for call in sagemaker.calls(operation, request, ACCOUNT, REGION)]


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


def test_a_job_needs_its_creation_its_role_and_its_tags() -> None:
    request = {"TrainingJobName": "wf-J", "RoleArn": FOLD_ROLE, "Tags": [{"Key": "Stack", "Value": "wf"}]}
    made = sagemaker.calls("CreateTrainingJob", request, ACCOUNT, REGION)
    job = arn("training-job", "wf-j")
    assert [(call.action, call.resource) for call in made] == [
        ("sagemaker:CreateTrainingJob", job),
        ("iam:PassRole", FOLD_ROLE),
        ("sagemaker:AddTags", job),
    ]
    assert made[1].context == {"iam:passedtoservice": "sagemaker.amazonaws.com"}
    assert made[2].context == {"aws:requesttag/stack": "wf", "aws:tagkeys": ("Stack",)}


def test_roles_are_found_however_deep_and_once_each() -> None:
    definition = {"RoleArn": FOLD_ROLE, "Nested": [{"ExecutionRoleArn": FOLD_ROLE + "2"}]}
    needs = sagemaker_needs(
        "CreateHyperParameterTuningJob",
        HyperParameterTuningJobName="t",
        TrainingJobDefinition=definition,
        TrainingJobDefinitions=[definition],
    )
    assert [resource for action, resource in needs if action == "iam:PassRole"] == [FOLD_ROLE, FOLD_ROLE + "2"]
    assert needs[0] == ("sagemaker:CreateHyperParameterTuningJob", arn("hyper-parameter-tuning-job", "t"))


@pytest.mark.parametrize(
    ("operation", "request_", "resource"),
    [
        ("DescribeTransformJob", {"TransformJobName": "t"}, arn("transform-job", "t")),
        ("StopProcessingJob", {"ProcessingJobName": "p"}, arn("processing-job", "p")),
        ("CreateModel", {"ModelName": "m"}, arn("model", "m")),
        ("DescribeModelPackageGroup", {"ModelPackageGroupName": "g"}, arn("model-package-group", "g")),
        ("DescribeModelPackage", {"ModelPackageName": arn("model-package", "g/1")}, arn("model-package", "g/1")),
        ("UpdateModelPackage", {"ModelPackageArn": arn("model-package", "g/1")}, arn("model-package", "g/1")),
        ("ListTags", {"ResourceArn": arn("training-job", "j")}, arn("training-job", "j")),
        ("ListTrainingJobs", {"NameContains": "x"}, "*"),
        ("ListModelPackages", {"ModelPackageGroupName": "g"}, "*"),
        (
            "ListTrainingJobsForHyperParameterTuningJob",
            {"HyperParameterTuningJobName": "t"},
            arn("hyper-parameter-tuning-job", "t"),
        ),
        ("ListModels", {}, "*"),
        ("SomethingNew", {}, "unknown"),
        ("DescribeTrainingJob", {}, "unknown"),
    ],
)
def test_sagemaker_s_resources(operation: str, request_: dict[str, Any], resource: str) -> None:
    assert sagemaker_needs(operation, **request_) == [(f"sagemaker:{operation}", resource)]


def test_only_the_model_s_own_members_pass_roles() -> None:
    words = {"RoleArn": FOLD_ROLE + "1", "MyRoleArn": FOLD_ROLE + "2"}
    needs = sagemaker_needs("CreateTrainingJob", TrainingJobName="t", HyperParameters=words, Environment=words)
    assert needs == [("sagemaker:CreateTrainingJob", arn("training-job", "t"))]


def test_a_versioned_package_needs_its_group_too() -> None:
    assert sagemaker_needs("CreateModelPackage", ModelPackageGroupName="g") == [
        ("sagemaker:CreateModelPackage", arn("model-package-group", "g")),
        ("sagemaker:CreateModelPackage", arn("model-package", "g/*")),
    ]
