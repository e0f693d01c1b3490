"""Every request that a plan can hold, and every call that a candidate makes, is one that AWS's own models allow.

Held against all that the models say (members, types, lengths, patterns, enumerations), which boto3 checks only in part:
requests against the newest model, what the candidate sends against that of the container's boto3 too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

from tests.clients.toolkit import IS_THERE, VENV, WHY_NOT
from tests.contract.plans import PROBLEMS, plan_of, planned
from tests.contract.states import arguments
from tests.unit.training_code.virtual_candidate import Candidate, Trains
from virtual.fates import Fate
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.validation import validated
from warmfold_catalogue.estimators import ESTIMATORS
from warmfold_jobs.fan_out.loop import FoldFailedError

VPC = {"VPC_SUBNET_IDS": "subnet-0a1b2c3d,subnet-1a1b2c3d", "VPC_SECURITY_GROUP_IDS": "sg-0a1b2c3d"}
KEY = {"KMS_KEY_ARN": "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"}
DEPLOYMENTS: dict[str, dict[str, str]] = {"plain": {}, "VPC": VPC, "KMS": KEY, "VPC and KMS": VPC | KEY}
EVERY_KIND: dict[str, str] = {
    "hist_gradient_boosting": "{learning_rate: {min: 0.01, max: 1, scaling: Logarithmic}, max_depth: null, "
    "max_leaf_nodes: {min: 2, max: 31}, max_bins: {values: [15, 255]}}",
    "random_forest": "{max_features: {values: [sqrt, null, 0.5]}, bootstrap: true, n_estimators: {min: 5, max: 50}}",
    "linear": "{fit_intercept: {values: [true, false]}, tol: {min: 0.0001, max: 0.1}, max_iter: 200}",
}
"""Ranges of both types, values of every type, and fixed ones."""
STATE_LIMIT = 256 * 1024
"""Bytes that Step Functions lets a state hand on."""
CANDIDATE_CALLS = {
    "CreateTrainingJob",
    "DescribeTrainingJob",
    "StopTrainingJob",
    "ListObjectsV2",
    "GetObject",
    "PutObject",
}


def complaint(operation: str, request: dict[str, Any], model: ServiceModel | None = None) -> str:
    """What a model says against a request, empty when nothing."""
    try:
        validated(operation, request, model)
    except ServiceError as error:
        return str(error)
    return ""


def requests_of(plan: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The plan's requests and those made from it, with what is only known later filled in."""
    name = f"{plan['prefix']}-{plan['run']}-750-0a1b2c3d-f19-r1"
    package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/a-group/1"
    best = {"hyperparameters": {"learning_rate": "0.1"}}
    return [
        ("CreateProcessingJob", plan["requests"]["processing"]),
        ("CreateHyperParameterTuningJob", plan["requests"]["tuning"]),
        ("CreateTrainingJob", plan["requests"]["fold"] | {"TrainingJobName": name}),
        ("CreateTrainingJob", arguments("Train Final Model", plan=plan["requests"], best=best)),
        (
            "CreateModel",
            arguments("Create Model", plan=plan["requests"], registration={"model_package_arn": package}),
        ),
        ("CreateTransformJob", arguments("Transform", plan=plan["requests"])),
    ]


@pytest.mark.parametrize("every", [pytest.param(7, id="sample"), pytest.param(1, id="all", marks=pytest.mark.long)])
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_sagemaker_takes_every_request_that_a_plan_can_hold(estimator: str, problem: str, every: int) -> None:
    options = product(
        DEPLOYMENTS, ("auto", "warm-pool", "in-process"), ("auto", 0, 3600), ("null", EVERY_KIND[estimator])
    )
    most = 100 if estimator == "random_forest" else 750  # its own ranges have no more combinations than 138
    for deployment, placement, keep_alive, space in list(options)[::every]:
        experiment = (
            f"estimator: {estimator}\ncross_validation: {{n_splits: 20}}\n"
            f"compute: {{fold_placement: {placement}, keep_alive_seconds: {keep_alive}}}\n"
            f"search: {{max_candidates: {most}, max_parallel_candidates: 100, hyperparameters: {space}}}\n"
        )
        answer, plan = planned(problem, DEPLOYMENTS[deployment], experiment)
        assert len(json.dumps(answer)) < STATE_LIMIT / 8
        assert (plan["experiment"]["problem"] == "regression") == (problem == "regression")
        for operation, request in requests_of(plan):
            assert not complaint(operation, request), (operation, deployment, experiment)


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_every_job_of_a_run_is_in_the_network_and_under_the_key_of_its_stack(deployment: str) -> None:
    variables = DEPLOYMENTS[deployment]
    for operation, request in requests_of(plan_of("two classes", variables, "{}")):
        told = json.dumps(request)
        network = ["subnet-0a1b2c3d", "subnet-1a1b2c3d", "sg-0a1b2c3d"]
        if operation != "CreateTransformJob":  # it has none of its own: that of its model
            assert all((word in told) == ("VPC_SUBNET_IDS" in variables) for word in network), operation
        keyed = told.count(KEY["KMS_KEY_ARN"])
        assert keyed == (2 if variables.get("KMS_KEY_ARN") and operation != "CreateModel" else 0), operation


class Recorded:
    """A client that notes the operations that are asked of another, with their arguments."""

    def __init__(self, client: Any, service: ServiceModel, calls: list[tuple[str, dict[str, Any]]]) -> None:
        self._client, self._calls = client, calls
        self._operations = {xform_name(name): name for name in service.operation_names}

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self._calls.append((self._operations[name], arguments))
            return getattr(self._client, name)(**arguments)

        return call


def newest(service: str) -> ServiceModel:
    return botocore.session.Session().get_service_model(service)


def container_s(service: str) -> ServiceModel:
    (data,) = VENV.glob("lib/python*/site-packages/botocore/data")
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


@pytest.fixture(scope="module")
def calls() -> list[tuple[str, dict[str, Any]]]:
    """What two candidates ask of AWS: one whose folds all score, one that a fold fails twice, so that it stops."""
    asked: list[tuple[str, dict[str, Any]]] = []
    failed = Fate(10, status="Failed", reason="AlgorithmError: no")
    lost: dict[str, Trains | Fate] = {"f1": failed, "f1_r1": failed, "f0": Trains(3000)}
    for number, world in ((1, Candidate()), (2, Candidate(**lost))):
        made = plan_of("two classes", DEPLOYMENTS["VPC and KMS"], "compute: {fold_placement: warm-pool}")
        plan = json.loads(json.dumps(made).replace(f"runs/{made['run']}/", "runs/r/"))
        world.plan = plan
        world.name = f"{plan['prefix']}-{plan['run']}-{number:03}-0a1b2c3d"
        world.sagemaker = Recorded(world.sagemaker, newest("sagemaker"), asked)  # type: ignore[assignment]
        world.s3 = Recorded(world.s3, newest("s3"), asked)  # type: ignore[assignment]
        try:
            world.cross_validate()
        except FoldFailedError:
            assert number == 2
    return asked


@pytest.mark.parametrize(
    "model_of",
    [newest, pytest.param(container_s, marks=pytest.mark.skipif(not IS_THERE, reason=WHY_NOT))],
)
def test_aws_takes_every_call_of_a_candidate(
    calls: list[tuple[str, dict[str, Any]]], model_of: Callable[[str], ServiceModel]
) -> None:
    models = [model_of("sagemaker"), model_of("s3")]
    assert {operation for operation, _ in calls} == CANDIDATE_CALLS
    for operation, request in calls:
        (model,) = [model for model in models if operation in model.operation_names]
        assert not complaint(operation, request, model), (operation, request)
