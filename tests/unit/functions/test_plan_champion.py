"""Plan Run pins the champion that the model has to beat, where it has to beat one."""

from __future__ import annotations

from typing import Any

from tests.unit.functions.conftest import BUCKET, stored_plan
from tests.unit.functions.fake_sagemaker import START, FakeSageMaker, arn


def approved(sagemaker: FakeSageMaker, number: int, status: str, metadata: dict[str, str]) -> None:
    uri = f"s3://{BUCKET}/runs/before-{number}/model/job/output/model.tar.gz"
    container = {"Image": "image", "ModelDataUrl": uri}
    sagemaker.groups["wf-churn"] = {}
    sagemaker.packages.append(
        {
            "ModelPackageGroupName": "wf-churn",
            "ModelPackageArn": arn("model-package", f"wf-churn/{number}"),
            "ModelPackageDescription": "",
            "ModelApprovalStatus": status,
            "CustomerMetadataProperties": metadata,
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": [],
                "SupportedResponseMIMETypes": [],
            },
            "CreationTime": START,
        }
    )


BEAT = "quality_gate: {beat_champion: true}"


def test_the_plan_pins_the_latest_approved_model_that_a_run_made(plan: Any, s3: Any, sagemaker: FakeSageMaker) -> None:
    approved(sagemaker, 1, "Approved", {"run": "before-1"})
    approved(sagemaker, 2, "Approved", {"run": "before-2"})
    approved(sagemaker, 3, "Approved", {})
    approved(sagemaker, 4, "Rejected", {"run": "before-4"})
    assert stored_plan(s3, plan(experiment=BEAT))["champion"] == {
        "model_package_arn": arn("model-package", "wf-churn/2"),
        "run": "before-2",
        "model_data_url": f"s3://{BUCKET}/runs/before-2/model/job/output/model.tar.gz",
    }


def test_a_dataset_s_first_run_has_no_champion(plan: Any, s3: Any, sagemaker: FakeSageMaker) -> None:
    assert stored_plan(s3, plan(experiment=BEAT))["champion"] is None
    assert sagemaker.asked("ListModelPackages")


def test_nobody_looks_for_a_champion_that_need_not_be_beaten(plan: Any, s3: Any, sagemaker: FakeSageMaker) -> None:
    approved(sagemaker, 1, "Approved", {"run": "before-1"})
    assert stored_plan(s3, plan())["champion"] is None
    assert not sagemaker.asked("ListModelPackages")
