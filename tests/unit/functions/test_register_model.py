"""The gate judges the holdout score alone, and a run has one model package however often it is registered."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import register_model
from pipeline.errors import RegistrationError, SageMakerError
from tests.unit.functions.conftest import BUCKET
from tests.unit.functions.fake_sagemaker import START, FakeSageMaker, arn, complaints
from tests.unit.functions.runs import Run
from warmfold.cloud.sagemaker.model_cards import check_model_card
from warmfold_run import names

PACKAGE = arn("model-package", "wf-churn/1")


@pytest.fixture
def experiment(request: pytest.FixtureRequest) -> str:
    """A test asks for a gate with `indirect` parameters; without, there is none."""
    if not hasattr(request, "param"):
        return ""
    return f"quality_gate: {request.param if isinstance(request.param, str) else {'min_score': request.param}}\n"


@pytest.fixture
def run(s3: Any, sagemaker: FakeSageMaker, tmp_path: Any, experiment: str) -> Run:
    return Run(s3, sagemaker, tmp_path, experiment)


@pytest.fixture
def register(run: Run, lambda_context: Any) -> Any:
    event = {"execution_arn": run.execution_arn, "best": run.best, "final_job": run.final_job}
    return lambda: register_model.lambda_handler(event, lambda_context)


def test_every_dataset_has_a_group_of_its_own_within_sagemaker_s_limit() -> None:
    datasets = ["a-b", "a.b", "a_b", "A-b", "x" * 63, "x" * 62 + "."]
    groups = {names.model_package_group("abcdefghijkl", dataset) for dataset in datasets}
    assert len(groups) == len(datasets)
    assert "abcdefghijkl-a-b" in groups
    assert all(re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", group) for group in groups)


def test_without_a_gate_the_model_is_approved(run: Run, register: Any) -> None:
    run.final(0.61, 0.02)
    assert register() == {
        "model_package_arn": PACKAGE,
        "status": "Approved",
        "holdout": {
            "score": 0.61,
            "standard_error": 0.02,
            "interval": [0.57, 0.65],
            "interval_method": "bootstrap percentiles of 400 resamples",
            "dummy_score": 0.5,
            "champion": None,
            "champion_reason": None,
            "tuning_gain": "Tuning gained +0.350 ROC AUC (0.31 to 0.39)",
            "rows": 24,
            "note": None,
            "positive_class": "yes",
        },
        "reason": "experiment.yaml sets no quality_gate.min_score",
    }


@pytest.mark.parametrize(
    ("experiment", "score", "status", "reason"),
    [
        (0.8, 0.85, "Approved", "roc_auc 0.85 on the holdout reaches quality_gate.min_score 0.8"),
        (0.8, 0.8, "Approved", "roc_auc 0.8 on the holdout reaches quality_gate.min_score 0.8"),
        (0.9, 0.85, "Rejected", "roc_auc 0.85 on the holdout is below quality_gate.min_score 0.9"),
        (0, -0.1, "Rejected", "roc_auc -0.1 on the holdout is below quality_gate.min_score 0"),
        (0.9, None, "Rejected", "quality_gate.min_score is 0.9, and there is no holdout score to hold against it"),
        (0.9, float("nan"), "Rejected", "quality_gate.min_score is 0.9, and there is no holdout score to hold"),
    ],
    indirect=["experiment"],
)
def test_the_gate_judges_the_holdout_score(
    run: Run, register: Any, sagemaker: FakeSageMaker, score: float | None, status: str, reason: str
) -> None:
    run.final(score)
    answer = register()
    assert answer["status"] == sagemaker.packages[0]["ModelApprovalStatus"] == status
    assert answer["reason"].startswith(reason)


@pytest.mark.parametrize(
    ("experiment", "status"),
    [
        ("{approval: manual}", "PendingManualApproval"),
        ("{approval: manual, min_score: 0.8}", "PendingManualApproval"),
        ("{approval: manual, min_score: 0.9}", "Rejected"),
    ],
    indirect=["experiment"],
)
def test_a_model_that_passes_waits_for_a_person_where_the_experiment_says_so(
    run: Run, register: Any, sagemaker: FakeSageMaker, status: str
) -> None:
    run.final(0.85)
    assert register()["status"] == sagemaker.packages[0]["ModelApprovalStatus"] == status


@pytest.mark.parametrize("experiment", ["{approval: manual}"], indirect=True)
def test_a_retry_leaves_what_a_person_approved_meanwhile_to_the_execution_that_goes_on(
    run: Run, register: Any, sagemaker: FakeSageMaker
) -> None:
    run.final(0.85)
    register()
    sagemaker.packages[0]["ModelApprovalStatus"] = "Approved"
    assert register()["status"] == "PendingManualApproval"
    sagemaker.packages[0]["ModelApprovalStatus"] = "Rejected"
    assert register()["status"] == "Rejected"


@pytest.mark.parametrize("experiment", [0.9], indirect=True)
def test_a_rejection_for_want_of_a_score_says_why_there_is_none(run: Run, register: Any) -> None:
    run.final(None, None, note="the holdout has no row of class 'yes'")
    assert register()["reason"].endswith("hold against it: the holdout has no row of class 'yes'")


LEAK = {
    "code": "leak",
    "column": "copy",
    "text": "it alone tells the target in every row",
    "remedy": "columns: {copy: ignore}",
    "holds": True,
}


def remarked(run: Run, *remarks: dict[str, Any]) -> None:
    run.write("profile.json", json.loads(run.read("plan.json"))["profile"] | {"remarks": list(remarks)})


def test_a_remark_that_holds_keeps_the_model_for_a_person_and_says_why(run: Run, register: Any) -> None:
    run.final(0.85)
    remarked(run, LEAK | {"holds": False, "text": "harmless"}, LEAK)
    answer = register()
    assert answer["status"] == "PendingManualApproval"
    assert answer["reason"] == (
        "experiment.yaml sets no quality_gate.min_score; held for a person's approval: "
        "copy: it alone tells the target in every row"
    )


@pytest.mark.parametrize(
    ("score", "cv", "said"),
    [
        (1.0, 0.8, "a perfect score (roc_auc 1 in the 24 rows of the holdout) is rare where no column gives"),
        (0.9996, 0.8, "a nearly perfect score (roc_auc 0.9996 in the 24 rows of the holdout) is rare"),
        (0.85, 1.0, "a perfect score (roc_auc 1 in cross-validation) is rare"),
    ],
)
def test_a_score_too_good_to_be_true_holds_the_model(
    run: Run, lambda_context: Any, score: float, cv: float, said: str
) -> None:
    run.final(score)
    event = {"execution_arn": run.execution_arn, "best": run.best | {"score": cv}, "final_job": run.final_job}
    answer = register_model.lambda_handler(event, lambda_context)
    assert answer["status"] == "PendingManualApproval"
    assert f"held for a person's approval: {said}" in answer["reason"]


def test_a_perfect_score_of_few_rows_that_cross_validation_makes_likely_is_luck(run: Run, register: Any) -> None:
    run.final(1.0, changed={"holdout_interval": [0.79, 1.0]})
    assert register()["status"] == "Approved"  # 0.8 in cross-validation


@pytest.mark.parametrize("experiment", ["{suspicious: ignore}"], indirect=True)
def test_what_is_suspicious_is_ignored_where_the_experiment_says_so(run: Run, register: Any) -> None:
    run.final(1.0)
    remarked(run, LEAK)
    assert register()["status"] == "Approved"


@pytest.mark.parametrize("experiment", [1.0], indirect=True)
def test_what_fails_the_gate_is_rejected_however_suspicious(run: Run, register: Any) -> None:
    run.final(0.9999)
    assert register()["status"] == "Rejected"


@pytest.mark.parametrize("experiment", ["{beat_champion: true}"], indirect=True)
@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        ("better", "Approved"),
        ("no champion", "Approved"),
        ("not better", "Rejected"),
        ("not comparable", "PendingManualApproval"),
    ],
)
def test_the_champion_s_verdict_decides_and_is_told(run: Run, register: Any, verdict: str, status: str) -> None:
    champion = {"model_package_arn": PACKAGE, "run": "r", "score": 0.8, "gain": 0.05, "gain_interval": [0.01, 0.09]}
    run.final(0.85, changed={"champion": champion | {"verdict": verdict, "said": "what came of it"}})
    answer = register()
    assert answer["status"] == status
    assert "what came of it" in answer["reason"]


def test_an_error_of_nothing_is_perfect(s3: Any, sagemaker: FakeSageMaker, tmp_path: Any, lambda_context: Any) -> None:
    run = Run(s3, sagemaker, tmp_path, "metric: neg_log_loss\n")
    run.final(-0.0, 0.0)
    event = {"execution_arn": run.execution_arn, "best": run.best | {"score": -0.3}, "final_job": run.final_job}
    assert register_model.lambda_handler(event, lambda_context)["status"] == "PendingManualApproval"


def test_a_retry_finds_the_package_of_the_first_attempt(run: Run, register: Any, sagemaker: FakeSageMaker) -> None:
    run.final()
    assert register() == register()
    assert len(sagemaker.asked("CreateModelPackage")) == 1


def test_the_package_is_found_behind_those_of_later_runs(run: Run, register: Any, sagemaker: FakeSageMaker) -> None:
    run.final()
    first = register()
    for number in range(2, 6):
        later = {"ModelPackageArn": arn("model-package", f"wf-churn/{number}"), "CreationTime": START}
        text = f"run {run.id}{number}: experiment.yaml sets no quality_gate.min_score"
        sagemaker.packages.append(sagemaker.packages[0] | later | {"ModelPackageDescription": text})
    assert register() == first


def test_the_package_is_a_request_that_sagemaker_knows(run: Run, register: Any, sagemaker: FakeSageMaker) -> None:
    run.final()
    register()
    (group,), (package,) = sagemaker.asked("CreateModelPackageGroup"), sagemaker.asked("CreateModelPackage")
    assert not complaints("CreateModelPackageGroup", group)
    assert not complaints("CreateModelPackage", package)
    assert group["Tags"] == [{"Key": "warmfold:stack", "Value": "wf"}]
    assert "Tags" not in package  # a version can't have any


def test_the_package_has_what_studio_and_model_monitor_read(run: Run, register: Any, sagemaker: FakeSageMaker) -> None:
    run.final(0.85)
    register()
    (package,) = sagemaker.asked("CreateModelPackage")
    place = f"s3://{BUCKET}/runs/{run.id}/model/"
    for metrics in (package["ModelMetrics"], package["DriftCheckBaselines"]):
        assert metrics["ModelQuality"]["Statistics"]["S3Uri"] == f"{place}model_quality_statistics.json"
        assert metrics["ModelDataQuality"]["Constraints"]["S3Uri"] == f"{place}data_constraints.json"


def test_the_model_card_is_of_the_documented_schema_however_long_texts_are(
    run: Run, register: Any, sagemaker: FakeSageMaker
) -> None:
    run.final(0.85)
    remarked(run, LEAK | {"text": "a\nlong remark " * 500})
    register()
    (package,) = sagemaker.asked("CreateModelPackage")
    card = package["ModelCard"]
    check_model_card(card)
    assert len(card["ModelCardContent"]) < 100_000
    assert "\n" not in card["ModelCardContent"]
    content = json.loads(card["ModelCardContent"])
    (metric, *_) = content["evaluation_details"][0]["metric_groups"][0]["metric_data"]
    assert metric == {
        "name": "ROC AUC, the model",
        "type": "number",
        "value": 0.85,
        "notes": "95% interval 0.81 to 0.89",
    }
    assert "Tuning gained +0.350 ROC AUC (0.31 to 0.39)" in content["training_details"]["training_observations"]


def test_the_package_is_served_by_the_code_in_its_archive(run: Run, register: Any, sagemaker: FakeSageMaker) -> None:
    run.final()
    register()
    (container,) = sagemaker.packages[0]["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == f"s3://{BUCKET}/runs/{run.id}/model/{run.final_job}/output/model.tar.gz"
    assert container["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"
    assert container["Environment"]["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/model/code"
    assert container["Environment"]["PIP_NO_BUILD_ISOLATION"] == "0"  # pip reads it as "do not isolate"


def test_the_package_says_where_it_comes_from(run: Run, register: Any, sagemaker: FakeSageMaker) -> None:
    run.final(0.85, None)
    register()
    metadata = sagemaker.packages[0]["CustomerMetadataProperties"]
    assert metadata["run"] == run.id
    assert metadata["candidate"] == run.best["candidate"]
    assert metadata["cv_scores"] == "0.7 0.8 0.9"
    assert metadata["holdout_score"] == "0.85"
    assert "holdout_standard_error" not in metadata
    assert metadata["tuning_gain"] == "Tuning gained +0.350 ROC AUC _0.31 to 0.39_"


def test_a_group_that_exists_is_used(run: Run, register: Any, sagemaker: FakeSageMaker) -> None:
    run.final()
    sagemaker.groups["wf-churn"] = {}
    assert register()["model_package_arn"] == PACKAGE


def test_a_group_that_can_t_be_created_is_named(run: Run, register: Any, sagemaker: FakeSageMaker) -> None:
    run.final()
    sagemaker.refuse("CreateModelPackageGroup", "AccessDeniedException")
    with pytest.raises(SageMakerError, match="model package group wf-churn could not be created: AccessDenied"):
        register()


def test_a_final_job_without_a_model_is_refused(run: Run, register: Any, sagemaker: FakeSageMaker) -> None:
    sagemaker.add_training(run.final_job, "Stopped")
    with pytest.raises(RegistrationError, match=f"{run.final_job} left no model artifact"):
        register()


def test_a_final_job_without_metrics_is_refused(run: Run, register: Any, s3: Any) -> None:
    run.final()
    s3.delete_object(Bucket=BUCKET, Key=f"runs/{run.id}/model/metrics.json")
    with pytest.raises(RegistrationError, match=rf"model/metrics\.json is not there: training job {run.final_job}"):
        register()
