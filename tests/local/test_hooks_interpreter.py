"""Step Functions' interpreter, which moto shares among all executions: nobody's machine is in another's way."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.things import Things
from tests.long import sampled

PATH: dict[str, Any] = {"A": {"Type": "Pass", "Parameters": {"one": 1}, "ResultPath": "$.made", "End": True}}
JSONATA: dict[str, Any] = {"A": {"Type": "Pass", "Output": "{% 1 + 1 %}", "End": True}}
MIXED: dict[str, Any] = {"A": {"Type": "Pass", "Parameters": {"one": 1}, "End": True}}
"""What JSONPath has and JSONata, of which the machine is, has not."""


def test_a_definition_that_is_refused_changes_nothing_for_others(things: Things) -> None:
    known = things.machine(PATH, QueryLanguage="JSONPath")
    for _ in range(3):
        with pytest.raises(ClientError, match="Unsupported declaration"):
            things.machine(MIXED)
    assert things.run_definition(PATH, QueryLanguage="JSONPath")["status"] == "SUCCEEDED"
    started = things.client("stepfunctions").start_execution(stateMachineArn=known, input="{}")
    assert json.loads(things.ended(started["executionArn"])["output"]) == {"made": {"one": 1}}


@pytest.mark.parametrize("_time", sampled(range(10), every=10))
def test_executions_of_both_query_languages_at_once_all_end(things: Things, _time: int) -> None:
    machines = [things.machine(PATH, QueryLanguage="JSONPath"), things.machine(JSONATA)]
    client = things.client("stepfunctions")

    def start(number: int) -> str:
        started = client.start_execution(stateMachineArn=machines[number % 2], input="{}")
        return str(started["executionArn"])

    with ThreadPoolExecutor(30) as pool:
        arns = list(pool.map(start, range(90)))
    ends = [things.ended(arn) for arn in arns]
    assert [end["status"] for end in ends] == ["SUCCEEDED"] * 90
    outputs = [json.loads(end["output"]) for end in ends]
    assert (outputs.count({"made": {"one": 1}}), outputs.count(2)) == (45, 45)
