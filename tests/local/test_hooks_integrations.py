"""Step Functions' calls of other services, as AWS spells members, values and errors: through an ordinary client."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.things import Things

TASK = "arn:aws:states:::"


def ran(things: Things, resource: str, parameters: dict[str, Any], **options: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": TASK + resource, "Arguments": parameters, "End": True, **options}
    return things.run_definition({"A": state, "Caught": {"Type": "Pass", "End": True}} if options else {"A": state})


@pytest.mark.parametrize(
    ("resource", "output"),
    [
        ("states:startExecution.sync", '{"word":"given"}'),
        ("states:startExecution.sync:2", {"word": "given"}),
    ],
)
def test_a_state_machine_runs_another_to_its_end(things: Things, resource: str, output: Any) -> None:
    inner = things.machine({"Inner": {"Type": "Pass", "End": True}})
    done = ran(things, resource, {"StateMachineArn": inner, "Input": {"word": "given"}})
    assert done["status"] == "SUCCEEDED", done
    result = json.loads(done["output"])
    assert (result["Status"], result["StateMachineArn"], result["Output"]) == ("SUCCEEDED", inner, output)


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


def test_a_distributed_map_reads_the_objects_of_a_bucket(things: Things) -> None:
    bucket, prefix = things.outputs["Bucket"], f"{uuid.uuid4()}/"
    things.client("s3").put_object(Bucket=bucket, Key=f"{prefix}one", Body=b"1")
    express = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}, "ProcessorConfig": express}
    reader = {"Resource": TASK + "s3:listObjectsV2", "Arguments": {"Bucket": bucket, "Prefix": prefix}}
    done = things.run_definition({"A": {"Type": "Map", "ItemReader": reader, "ItemProcessor": inner, "End": True}})
    (found,) = json.loads(done["output"])
    assert (found["Key"], found["Size"]) == (f"{prefix}one", 1)
    assert isinstance(found["LastModified"], int)


def test_what_a_distributed_map_may_not_have_here_is_refused_by_name(things: Things) -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    batches = {"Type": "Map", "ItemBatcher": {"MaxItemsPerBatch": 2}, "ItemProcessor": inner, "End": True}
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*a Distributed Map with ItemBatcher"):
        things.machine({"A": batches})


def test_an_error_s_name_may_begin_with_states(things: Things) -> None:
    done = things.run_definition({"A": {"Type": "Fail", "Error": "States.MyOwn"}})
    assert done["error"] == "States.MyOwn"


def test_an_optimized_integration_tells_of_the_answer_s_head(things: Things) -> None:
    done = ran(things, "lambda:invoke", {"FunctionName": things.outputs["EchoFunction"], "Payload": {}})
    result = json.loads(done["output"])
    assert (result["ExecutedVersion"], result["SdkHttpMetadata"]["HttpStatusCode"]) == ("$LATEST", 200)
    assert result["SdkResponseMetadata"]["RequestId"]


def test_a_function_may_give_decimals_and_bytes_and_fails_as_on_aws_with_the_rest(things: Things) -> None:
    client = things.client("lambda")

    def answer(what: str) -> tuple[str, Any]:
        given = client.invoke(FunctionName=things.outputs["GivingFunction"], Payload=json.dumps(what))
        return given["Payload"].read().decode(), given.get("FunctionError")

    assert answer("decimal") == ('{"whole": 5, "part": 1.5}', None)
    assert answer("bytes") == ('"as it is"', None)
    payload, error = answer("set")
    assert (json.loads(payload)["errorType"], error) == ("Runtime.MarshalError", "Unhandled")
    payload, _ = answer("raise")
    assert json.loads(payload)["stackTrace"][0].startswith('  File "/var/task/probe.py", line ')
