"""Step Functions' calls of other services, as AWS spells members, values and errors: through an ordinary client."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.local.things import Things

TASK = "arn:aws:states:::"


def ran(things: Things, resource: str, parameters: dict[str, Any], **options: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": TASK + resource, "Arguments": parameters, "End": True, **options}
    return things.run_definition({"A": state, "Caught": {"Type": "Pass", "End": True}} if options else {"A": state})


@pytest.mark.parametrize(
    ("resource", "output"),
    [
        ("states:startExecution.sync", '"{\\"word\\":\\"given\\"}"'),
        ("states:startExecution.sync:2", '{"word": "given"}'),
    ],
)
def test_a_state_machine_runs_another_to_its_end(things: Things, resource: str, output: str) -> None:
    inner = things.machine({"Inner": {"Type": "Pass", "End": True}})
    done = ran(things, resource, {"StateMachineArn": inner, "Input": {"word": "given"}})
    assert done["status"] == "SUCCEEDED", done
    result = json.loads(done["output"])
    assert (result["Status"], result["StateMachineArn"]) == ("SUCCEEDED", inner)
    assert json.loads(result["Output"]) == {"word": "given"} if isinstance(result["Output"], str) else True
    assert json.loads(json.dumps(result["Output"])) == json.loads(output)


def test_a_state_machine_starts_another_and_describes_it(things: Things) -> None:
    inner = things.machine({"Inner": {"Type": "Pass", "End": True}})
    started = json.loads(ran(things, "states:startExecution", {"StateMachineArn": inner, "Input": {}})["output"])
    assert isinstance(started["StartDate"], int)
    things.ended(started["ExecutionArn"])
    done = ran(things, "aws-sdk:sfn:describeExecution", {"ExecutionArn": started["ExecutionArn"]})
    described = json.loads(done["output"])
    assert (described["Status"], described["Input"]) == ("SUCCEEDED", "{}")
    assert described["StartDate"].endswith("Z")


def test_a_nested_execution_that_fails_fails_the_state(things: Things) -> None:
    inner = things.machine({"Inner": {"Type": "Fail", "Error": "OutOfCheeseError"}})
    done = ran(things, "states:startExecution.sync:2", {"StateMachineArn": inner, "Input": {}})
    assert (done["status"], done["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(done["cause"])["Error"] == "OutOfCheeseError"


def test_an_object_of_s3_may_be_json_and_is_read_as_text(things: Things) -> None:
    key = {"Bucket": things.outputs["Bucket"], "Key": f"{uuid.uuid4()}.json"}
    assert ran(things, "aws-sdk:s3:putObject", {**key, "Body": {"a": [1]}})["status"] == "SUCCEEDED"
    got = json.loads(ran(things, "aws-sdk:s3:getObject", key)["output"])
    assert json.loads(got["Body"]) == {"a": [1]}
    assert got["LastModified"].endswith("Z")


def test_an_error_of_an_sdk_integration_has_the_sdk_s_name(things: Things) -> None:
    catch = [{"ErrorEquals": ["S3.NoSuchKeyException"], "Next": "Caught"}]
    absent = {"Bucket": things.outputs["Bucket"], "Key": "absent"}
    assert ran(things, "aws-sdk:s3:getObject", absent, Catch=catch)["status"] == "SUCCEEDED"
    assert ran(things, "aws-sdk:s3:getObject", absent)["error"] == "S3.NoSuchKeyException"


@pytest.mark.parametrize("payload", ["Hello", '{"a": 1}', "", 5, None, ["x"]])
def test_a_function_gets_the_json_value_that_was_sent(things: Things, payload: Any) -> None:
    client = things.client("lambda")
    answer = client.invoke(FunctionName=things.outputs["EchoFunction"], Payload=json.dumps(payload))
    assert (answer["StatusCode"], answer.get("FunctionError")) == (200, None)
    assert json.load(answer["Payload"]) == payload


def test_a_map_over_strings_gives_each_to_its_function(things: Things) -> None:
    call = {
        "Type": "Task",
        "Resource": TASK + "lambda:invoke",
        "Arguments": {"FunctionName": things.outputs["EchoFunction"], "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        "End": True,
    }
    done = things.run_definition(
        {
            "A": {
                "Type": "Map",
                "Items": ["one", "two"],
                "ItemProcessor": {"StartAt": "Call", "States": {"Call": call}},
                "End": True,
            }
        }
    )
    assert json.loads(done["output"]) == ["one", "two"]
