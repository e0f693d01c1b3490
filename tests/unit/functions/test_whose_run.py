"""A name is not an identity: whoever finds a run under its name compares the execution, and leaves another's alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

import find_best_candidate
import plan_run
import register_model
import stop_run_jobs
import write_report
from pipeline.errors import AnotherRunError
from tests.unit.functions.conftest import BUCKET
from tests.unit.functions.fake_sagemaker import FakeSageMaker
from tests.unit.functions.runs import ARN, Run
from warmfold_run import names

OTHER = ARN.replace("churn-0123456789abcdef", "attacker-1")
SAID = f"is the plan of execution {ARN}, and execution {OTHER} has nothing in common"


@pytest.fixture
def victim(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose name an execution has that is not its own."""
    monkeypatch.setattr(names, "run_id", lambda _: run.id)
    return run


def test_plan_run_hands_out_no_plan_of_another_execution(victim: Run, lambda_context: Any) -> None:
    before = victim.read("plan.json")
    with pytest.raises(AnotherRunError, match=SAID):
        plan_run.lambda_handler({"execution_arn": OTHER, "input": {"dataset": "churn"}}, lambda_context)
    assert victim.read("plan.json") == before


def test_the_states_of_a_run_use_no_plan_of_another_execution(victim: Run, lambda_context: Any) -> None:
    event = {"execution_arn": OTHER, "tuning_job": victim.tuning_job}
    with pytest.raises(AnotherRunError, match=SAID):
        find_best_candidate.lambda_handler(event, lambda_context)
    event = {"execution_arn": OTHER, "best": victim.best, "final_job": victim.final_job}
    with pytest.raises(AnotherRunError, match=SAID):
        register_model.lambda_handler(event, lambda_context)


def test_clean_up_stops_no_jobs_of_another_execution(
    victim: Run, sagemaker: FakeSageMaker, lambda_context: Any
) -> None:
    sagemaker.others["HyperParameterTuning"][victim.tuning_job] = "InProgress"
    looked = stop_run_jobs.lambda_handler({"execution_arn": OTHER}, lambda_context)
    assert looked == {"running": 0, "available": 0, "clean": True, "run": victim.id}
    assert not [name for name, _ in sagemaker.calls if name.startswith("Stop")]
    assert stop_run_jobs.lambda_handler({"execution_arn": ARN}, lambda_context)["running"] == 1


def test_write_report_leaves_another_execution_s_report_as_it_is(
    victim: Run,
    lambda_context: Any,
    topic: str,  # noqa: ARG001
) -> None:
    victim.write("summary.json", {"outcome": "succeeded"})
    event = {"execution_arn": OTHER, "status": "FAILED", "error": "AnotherRunError", "cause": "{}"}
    assert SAID in write_report.lambda_handler(event, lambda_context)["ignored"]
    assert json.loads(victim.read("summary.json")) == {"outcome": "succeeded"}


def test_two_executions_of_one_name_at_the_same_moment_are_not_one_run(
    victim: Run, s3: Any, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = victim.read("plan.json")
    s3.delete_object(Bucket=BUCKET, Key=f"runs/{victim.id}/plan.json")
    make = plan_run.Planner._make

    def slowly(*given: Any) -> Any:
        made = make(*given)
        victim.write("plan.json", json.loads(taken))
        return made

    monkeypatch.setattr(plan_run.Planner, "_make", slowly)
    with pytest.raises(AnotherRunError, match=SAID):
        plan_run.lambda_handler({"execution_arn": OTHER, "input": {"dataset": "churn"}}, lambda_context)
    assert json.loads(victim.read("plan.json")) == json.loads(taken)


def test_a_plan_that_somebody_put_there_before_the_run_has_no_effect(run: Run, lambda_context: Any) -> None:
    event = {"execution_arn": ARN, "input": {"dataset": "churn"}}
    honest = plan_run.lambda_handler(event, lambda_context)
    planted = json.loads(run.read("plan.json"))
    planted["requests"]["processing"]["AppSpecification"]["ContainerEntrypoint"] = ["/bin/sh", "-c", "id"]
    run.write("plan.json", planted)
    assert plan_run.lambda_handler(event, lambda_context) == honest
    assert json.loads(run.read("plan.json"))["requests"]["processing"] == honest["processing"]
