"""The state machines' definitions, as deployed: valid, and with errors and variables that have another end."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from pipeline import errors
from tests.contract.resolving import ROOT, Deployment
from tests.states import states_of
from warmfold.cloud.hooks.stepfunctions.jsonata import evaluate

MACHINES = ("TuningStateMachine", "CleanUpStateMachine")
STATES_ERRORS = {
    "States.ALL",
    "States.Timeout",
    "States.TaskFailed",
    "States.Permissions",
    "States.QueryEvaluationError",
}
LAMBDA_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
}
SAGEMAKER_ERRORS = {"SageMaker.AmazonSageMakerException"}
"""What all errors are called that no model names, throttling among them."""


def states(machine: str) -> dict[str, Any]:
    """All states of a machine by name, those of its branches too."""
    return states_of(Deployment().definition(machine))


@pytest.mark.parametrize("machine", MACHINES)
def test_every_error_that_is_retried_or_caught_exists(machine: str) -> None:
    own = {n for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, errors.WarmfoldError)}
    model = botocore.session.get_session().get_service_model("sagemaker")
    modelled = {f"SageMaker.{shape.name.removesuffix('Exception')}Exception" for shape in model.error_shapes}
    known = own | STATES_ERRORS | LAMBDA_ERRORS | SAGEMAKER_ERRORS | modelled
    handled = [
        e
        for s in states(machine).values()
        for way in s.get("Retry", []) + s.get("Catch", [])
        for e in way["ErrorEquals"]
    ]
    assert handled
    assert set(handled) <= known


@pytest.mark.parametrize("machine", MACHINES)
def test_what_the_data_s_owner_must_mend_is_not_tried_again(machine: str) -> None:
    retried = {e for s in states(machine).values() for way in s.get("Retry", []) for e in way["ErrorEquals"]}
    assert not retried & {
        "DatasetError",
        "ExperimentError",
        "PlanError",
        "NoCompleteCandidateError",
        "RegistrationError",
    }


@pytest.mark.parametrize("machine", MACHINES)
def test_a_variable_is_assigned_before_it_is_read_on_every_way(machine: str) -> None:
    definition = Deployment().definition(machine)
    seen: dict[str, set[str]] = {}
    ways = [(definition["StartAt"], frozenset[str]())]
    while ways:
        name, known = ways.pop()
        if name in seen and seen[name] <= known:
            continue
        known = frozenset(seen[name] & known) if name in seen else known
        seen[name] = set(known)
        state = definition["States"][name]
        reads = {k: v for k, v in state.items() if k not in ("Catch", "Comment", "Next")}
        missing = _variables(reads) - known - set(state.get("Assign", {}))
        assert not missing, f"{name} reads {missing}"
        assert _variables(state.get("Arguments", "")) <= known, name
        # a caught error and a choice that is taken assign what they say themselves, and not what their state says
        own = [*state.get("Catch", []), *state.get("Choices", [])]
        ways += [(way["Next"], known | set(way.get("Assign", {}))) for way in own]
        after = known | set(state.get("Assign", {}))
        ways += [(state[key], after) for key in ("Next", "Default") if key in state]
    assert set(seen) == set(definition["States"])


@pytest.mark.parametrize("machine", MACHINES)
def test_the_machine_s_role_may_do_what_its_states_do(machine: str) -> None:
    deployed = Deployment()
    statements = [s for document in deployed.policies()[f"{machine}Role"] for s in document["Statement"]]
    actions = {a for s in statements for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])}
    for state in states(machine).values():
        resource = state.get("Resource", "")
        if ":states:::sagemaker:" in resource:
            operation = resource.rpartition("sagemaker:")[2].removesuffix(".sync")
            assert f"sagemaker:{operation[0].upper()}{operation[1:]}" in actions
            if resource.endswith(".sync"):
                kind = operation.removeprefix("create")
                assert {f"sagemaker:Describe{kind}", f"sagemaker:Stop{kind}"} <= actions
        elif resource:
            invoked = [s["Resource"] for s in statements if "lambda:InvokeFunction" in s["Action"]]
            assert state["Arguments"]["FunctionName"] in [arn for arns in invoked for arn in arns]


@pytest.mark.parametrize("machine", MACHINES)
def test_asl_validator_has_nothing_to_say(machine: str, tmp_path: Path) -> None:
    validator = ROOT / ".venv-sam/node/node_modules/.bin/asl-validator"
    if not validator.exists() or shutil.which("node") is None:
        pytest.skip("no asl-validator: install Node.js, then make install-sam")
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(Deployment().definition(machine)))
    checked = subprocess.run([validator, "--json-path", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def _variables(value: Any) -> set[str]:
    """The JSONata variables of a part of a definition, without the interpreter's own and functions."""
    expressions = re.findall(r"\{%(.*?)%\}", json.dumps(value))
    return set(re.findall(r"\$([a-z]\w*)(?!\w*\()", " ".join(expressions))) - {"states"}


@pytest.mark.parametrize(
    ("clean", "looks", "reported"), [(2, 2, True), (1, 599, False), (0, 599, False), (0, 600, True), (1, 601, True)]
)
def test_a_clean_up_ends_in_a_report_whatever_does_not_end(clean: int, looks: int, reported: bool) -> None:
    choice = states("CleanUpStateMachine")["All Clean?"]
    condition = choice["Choices"][0]["Condition"].removeprefix("{%").removesuffix("%}")
    evaluated = evaluate(f"($clean_looks := {clean}; $looks := {looks}; {condition})")
    assert (choice["Choices"][0]["Next"], evaluated) == ("Write Report", reported)
