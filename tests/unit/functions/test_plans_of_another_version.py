"""A run that another version of the stack has planned: said to be so by whatever would go on with it or tell of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

import find_best_candidate
import plan_run
import register_model
import resume_run
from pipeline.errors import PlanError
from tests.unit.functions.fake_sagemaker import START, FakeSageMaker, arn
from tests.unit.functions.runs import ARN, Run

PACKAGE = arn("model-package", "wf-churn/1")
SAID = "was planned by another version of the stack: .* has schema 2, and .* upload the dataset again for a new run"


@pytest.fixture
def old(run: Run) -> Run:
    """A run with the plan of an earlier version, in which much is not there or called otherwise."""
    made = json.loads(run.read("plan.json"))
    run.write("plan.json", {"schema": 2, "run": run.id, "dataset": "churn", "execution_arn": made["execution_arn"]})
    return run


def test_the_states_of_a_run_refuse_it(old: Run, lambda_context: Any) -> None:
    with pytest.raises(PlanError, match=SAID):
        plan_run.lambda_handler({"execution_arn": ARN, "input": {"dataset": "churn"}}, lambda_context)
    with pytest.raises(PlanError, match=SAID):
        find_best_candidate.lambda_handler(
            {"execution_arn": old.execution_arn, "tuning_job": old.tuning_job}, lambda_context
        )
    event = {"execution_arn": old.execution_arn, "best": old.best, "final_job": old.final_job}
    with pytest.raises(PlanError, match=SAID):
        register_model.lambda_handler(event, lambda_context)


def test_it_is_not_gone_on_with_after_an_approval(
    old: Run, sagemaker: FakeSageMaker, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_MACHINE_ARN", "arn:aws:states:us-east-1:123456789012:stateMachine:wf-tuning")
    sagemaker.groups["wf-churn"] = {}
    sagemaker.packages.append(
        {
            "ModelPackageGroupName": "wf-churn",
            "ModelPackageArn": PACKAGE,
            "ModelPackageDescription": f"run {old.id}: no gate",
            "ModelApprovalStatus": "Approved",
            "CustomerMetadataProperties": {"run": old.id},
            "CreationTime": START,
        }
    )
    with pytest.raises(PlanError, match=SAID):
        resume_run.lambda_handler({"detail": {"ModelPackageArn": PACKAGE}}, lambda_context)


def test_the_report_says_why_it_says_no_more(old: Run, report: Any) -> None:
    summary, page = report()
    assert summary["run"] == old.id
    assert "was planned by another version of the stack" in summary["reason"]
    assert "was planned by another version of the stack" in page
    assert summary["candidate_results"] == []


def test_the_report_of_one_that_failed_says_both_and_nothing_twice(old: Run, report: Any) -> None:
    summary, _ = report("FAILED", "States.TaskFailed", "the instance went away")
    assert summary["reason"].startswith("the instance went away; run ")
    again, _ = report("FAILED", "PlanError", {"errorMessage": summary["reason"].partition("; ")[2]})
    assert again["reason"].count(f"run {old.id} was planned") == 1
