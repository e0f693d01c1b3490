"""One chain of names: state, function, handler, event, test; and nothing in the definitions that has no other end."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

from pipeline.aws.environment import Environment
from tests.contract.resolving import Deployment

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE: dict[str, Any] = cfn_yaml.load(str(ROOT / "template.yaml"))
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
FUNCTIONS = {n: r["Properties"] for n, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::Function"}
MACHINES = {n: r["Properties"] for n, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::StateMachine"}


def definition(machine: str) -> dict[str, Any]:
    return Deployment().definition(machine)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_its_handler_event_and_test(name: str) -> None:
    module, attribute = FUNCTIONS[name]["Handler"].split(".")
    assert name == "".join(part.capitalize() for part in module.split("_")) + "Function"
    assert (ROOT / "functions" / f"{module}.py").is_file()
    assert attribute == "lambda_handler"
    assert (ROOT / "events" / f"{module}.json").is_file()
    assert (ROOT / "tests/unit/functions" / f"test_{module}.py").is_file()


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_has_a_comment_and_a_way_on(machine: str) -> None:
    states = definition(machine)["States"]
    reached = {definition(machine)["StartAt"]}
    for name, state in states.items():
        assert state.get("Comment"), name
        ways = [state[k] for k in ("Next", "Default") if k in state]
        ways += [w["Next"] for w in state.get("Choices", []) + state.get("Catch", [])]
        assert ways or state.get("End") or state["Type"] in ("Succeed", "Fail"), name
        reached |= set(ways)
    assert reached == set(states)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_task_is_bounded(machine: str) -> None:
    assert definition(machine)["TimeoutSeconds"]
    for name, state in definition(machine)["States"].items():
        assert state["Type"] != "Task" or state.get("TimeoutSeconds"), name


@pytest.mark.parametrize("machine", MACHINES)
def test_substitutions_and_placeholders_agree(machine: str) -> None:
    text = (ROOT / MACHINES[machine]["DefinitionUri"]).read_text()
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(MACHINES[machine]["DefinitionSubstitutions"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_imports_with_the_environment_the_template_gives_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = dict(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
    variables |= FUNCTIONS[name].get("Environment", {}).get("Variables", {})
    for variable in variables:
        monkeypatch.setenv(variable, "x")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "INFO")
    module, attribute = FUNCTIONS[name]["Handler"].split(".")
    handler = importlib.import_module(module)
    assert callable(getattr(handler, attribute))
    for model in {v for v in vars(handler).values() if isinstance(v, type) and issubclass(v, Environment)}:
        needed = {field.alias for field in model.model_fields.values() if field.is_required()}
        assert needed - {"AWS_REGION"} <= set(variables), f"template.yaml does not give {name} all that it reads"


def test_candidates_and_folds_have_different_roles() -> None:
    variables = FUNCTIONS["PlanRunFunction"]["Environment"]["Variables"]
    assert variables["CANDIDATE_ROLE_ARN"] != variables["FOLD_ROLE_ARN"]


def test_a_model_that_fails_the_gate_is_not_transformed() -> None:
    gate = definition("TuningStateMachine")["States"]["Gate Passed?"]
    (way,) = gate["Choices"]
    assert way == {"Condition": '{% $registration.status = "Approved" %}', "Next": "Create Model"}
    assert gate["Default"] == "Write Report"


def test_clean_up_starts_for_every_bad_end() -> None:
    pattern = MACHINES["CleanUpStateMachine"]["Events"]["RunEndedBadly"]["Properties"]["Pattern"]
    assert set(pattern["detail"]["status"]) == {"FAILED", "ABORTED", "TIMED_OUT"}
