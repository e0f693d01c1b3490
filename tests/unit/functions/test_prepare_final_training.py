"""The final job is the plan's, with the best candidate's hyperparameters, and fits a fold's warm pool."""

from __future__ import annotations

import json
from typing import Any

import pytest

import prepare_final_training
from pipeline.errors import StorageError
from tests.unit.functions.fake_sagemaker import complaints
from tests.unit.functions.runs import Run


@pytest.fixture
def prepare(run: Run, lambda_context: Any) -> Any:
    def prepared(**best: Any) -> Any:
        event = {"plan_uri": run.plan_uri, "best": run.best | best}
        return prepare_final_training.lambda_handler(event, lambda_context)

    return prepared


def test_it_is_a_request_that_sagemaker_knows(prepare: Any) -> None:
    assert not complaints("CreateTrainingJob", prepare())


def test_the_best_hyperparameters_join_the_plans(run: Run, prepare: Any) -> None:
    plan = json.loads(run.read("plan.json"))["requests"]["final"]
    asked = prepare(hyperparameters={"learning_rate": "0.1", "max_iter": "120"})
    assert asked == plan | {
        "HyperParameters": plan["HyperParameters"] | {"learning_rate": "0.1", "max_iter": "120"},
    }
    assert asked["HyperParameters"]["sagemaker_program"] == "training.py"


def test_it_matches_a_folds_pool_and_leaves_none(run: Run, prepare: Any) -> None:
    fold, final = json.loads(run.read("plan.json"))["requests"]["fold"], prepare()
    assert final["RoleArn"] == fold["RoleArn"]
    assert "KeepAlivePeriodInSeconds" not in final["ResourceConfig"]
    for key in ("InstanceType", "InstanceCount", "VolumeSizeInGB"):
        assert final["ResourceConfig"][key] == fold["ResourceConfig"][key]


def test_its_name_is_found_again_from_the_run_alone(run: Run, prepare: Any) -> None:
    assert prepare()["TrainingJobName"] == run.final_job == f"wf-{run.id}-final"


def test_a_plan_that_is_not_there_is_named(sample_event: Any, sagemaker: Any, s3: Any, lambda_context: Any) -> None:  # noqa: ARG001
    with pytest.raises(StorageError, match=r"plan\.json is not there"):
        prepare_final_training.lambda_handler(sample_event, lambda_context)
