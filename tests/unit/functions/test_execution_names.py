"""An execution's own name leaves room for the one that goes on after an approval, where there may be one."""

from __future__ import annotations

from typing import Any

import pytest

import plan_run
from pipeline.errors import ExperimentError
from tests.unit.functions.runs import ARN, Run


@pytest.mark.parametrize(
    ("gate", "why"),
    [
        ({"approval": "manual", "suspicious": "ignore"}, r"execution input: quality_gate\.approval is manual"),
        ({"beat_champion": True}, r"a suspicious model waits for approval \(quality_gate\.suspicious is hold\)"),
        (
            {"beat_champion": True, "suspicious": "ignore"},
            r"execution input: quality_gate\.beat_champion is true, and a model waits for approval where it",
        ),
    ],
)
@pytest.mark.usefixtures("run")
def test_a_name_that_is_too_long_is_refused_with_what_asks_for_an_approval(
    lambda_context: Any, gate: dict[str, Any], why: str
) -> None:
    long = f"{ARN.rpartition(':')[0]}:{'x' * 57}"
    event = {"execution_arn": long, "input": {"dataset": "churn", "experiment": {"quality_gate": gate}}}
    with pytest.raises(ExperimentError, match=f"{why}.* has 57 characters; start it under a name of at most 56"):
        plan_run.lambda_handler(event, lambda_context)


def test_one_that_nothing_goes_on_after_may_be_longer(run: Run, lambda_context: Any) -> None:
    assert run.id
    long = f"{ARN.rpartition(':')[0]}:{'x' * 57}"
    gate = {"quality_gate": {"suspicious": "ignore"}}
    event = {"execution_arn": long, "input": {"dataset": "churn", "experiment": gate}}
    assert plan_run.lambda_handler(event, lambda_context)["plan_uri"]
