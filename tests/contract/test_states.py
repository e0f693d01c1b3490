"""What states add to the requests that Plan Run hands them: the best hyperparameters, the model package."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.plans import planned
from tests.contract.states import arguments

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/abcdefghijkl-d/1"


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    """What Plan Run answers."""
    return planned("two classes", {}, "search: {hyperparameters: {learning_rate: {min: 0.1, max: 1}, max_iter: 50}}")[0]


def test_the_best_hyperparameters_join_the_final_job_s_own(plan: dict[str, Any]) -> None:
    best = {"candidate": "c", "hyperparameters": {"learning_rate": "0.1", "max_iter": "120"}}
    asked = arguments("Train Final Model", plan=plan, best=best)
    assert asked == plan["final"] | {"HyperParameters": plan["final"]["HyperParameters"] | best["hyperparameters"]}
    assert asked["HyperParameters"]["sagemaker_program"] == "training.py"


def test_the_model_is_the_registered_package(plan: dict[str, Any]) -> None:
    asked = arguments("Create Model", plan=plan, registration={"model_package_arn": PACKAGE, "status": "Approved"})
    assert asked == plan["model"] | {"Containers": [{"ModelPackageName": PACKAGE}]}


def test_the_transform_scores_with_that_model(plan: dict[str, Any]) -> None:
    asked = arguments("Transform", plan=plan)
    assert asked == plan["transform"]
    assert asked["ModelName"] == plan["model"]["ModelName"]
