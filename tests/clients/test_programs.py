"""Programs as users of the SageMaker Python SDKs write them run unchanged: estimators, tuners, processors, a recipe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.conftest import TEMPLATE
from tests.clients.sdks import PROGRAMS, needs_sdk, told_by
from tests.conformance.endpoint import Endpoint
from tests.conformance.requests import BUCKET, SETTINGS
from tests.ports import free_port
from warmfold.cloud import local

SERVICE = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}
ROWS = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n % 2) for n in range(30))
TRAIN = f"s3://{BUCKET}/programs/train/"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalCloud]:
    """A local cloud for these programs alone, which look at all its jobs and pools."""
    home = tmp_path_factory.mktemp("programs")
    yield local.up(home, free_port(), stack_name="conformance", template=TEMPLATE, sagemaker=SETTINGS)
    local.down(home)


@pytest.fixture(scope="module")
def endpoint(cloud: local.LocalCloud) -> Endpoint:
    return Endpoint(cloud)


@pytest.fixture(scope="module")
def role(endpoint: Endpoint) -> str:
    """A role as a notebook's: it trusts SageMaker and may do everything. And what the programs read is there."""
    iam = endpoint.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [SERVICE]})
    made = iam.create_role(RoleName="notebook", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="notebook", PolicyName="all", PolicyDocument=json.dumps(rights))
    endpoint.put("programs/train/rows.csv", ROWS)
    return str(made)


@pytest.fixture(scope="module")
def told_by_2(cloud: local.LocalCloud, role: str) -> dict[str, Any]:
    return told_by(2, PROGRAMS / "sdk_2.py", cloud, role, TRAIN)


@pytest.fixture(scope="module")
def told_by_3(cloud: local.LocalCloud, role: str) -> dict[str, Any]:
    return told_by(3, PROGRAMS / "sdk_3.py", cloud, role, TRAIN)


@needs_sdk(2)
def test_an_estimator_of_version_2_reuses_its_warm_pool_and_needs_no_settings(told_by_2: dict[str, Any]) -> None:
    assert told_by_2["pools"] == ["Reused", "Available"]
    assert told_by_2["defaults"] == "Completed"
    assert told_by_2["attached"].endswith("/sdk2-fit-1/output/model.tar.gz")


@needs_sdk(2)
def test_a_tuner_of_version_2_gives_its_best_estimator_and_can_be_attached(told_by_2: dict[str, Any]) -> None:
    assert (told_by_2["best"], told_by_2["again"]) == (True, True)
    assert len(told_by_2["scores"]) == 3
    assert all(0.9 < score <= 1 for score in told_by_2["scores"])


@needs_sdk(2)
def test_an_estimator_of_version_2_is_registered(told_by_2: dict[str, Any]) -> None:
    assert told_by_2["registered"].endswith(":model-package/sdk2-group/1")


@needs_sdk(2)
def test_a_recipe_for_cross_validation_with_tuning_runs_unchanged(
    cloud: local.LocalCloud, role: str, endpoint: Endpoint
) -> None:
    told = told_by(2, PROGRAMS / "recipe_2.py", cloud, role, f"{TRAIN}rows.csv")
    assert 0.9 < told["score"] <= 1
    folds = endpoint.sagemaker.list_training_jobs(NameContains=told["best"], MaxResults=100)["TrainingJobSummaries"]
    names = {job["TrainingJobName"] for job in folds}
    assert names == {told["best"], *(f"{told['best']}-f{fold}" for fold in range(3))}


@needs_sdk(3)
def test_a_model_trainer_of_version_3_trains_and_reuses_its_warm_pool(told_by_3: dict[str, Any]) -> None:
    assert told_by_3["trained"] == ["Completed", "Completed"]
    assert told_by_3["pools"] == ["Reused", "Available"]


@needs_sdk(3)
def test_a_tuner_of_version_3_finds_its_best_job(told_by_3: dict[str, Any]) -> None:
    assert told_by_3["tuned"].startswith("sdk3-tuner")


@needs_sdk(3)
def test_processors_of_version_3_run_scripts_that_name_opt_ml(told_by_3: dict[str, Any]) -> None:
    assert told_by_3["script"] == "alone 31"
    assert told_by_3["framework"] == "helped 31"
