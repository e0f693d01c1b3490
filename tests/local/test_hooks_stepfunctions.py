"""What moto does otherwise than AWS, mended, in Step Functions: each test through an ordinary client."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from tests.local.things import Things
from tests.waiting import until


def test_jsonata_takes_quotes_backslashes_lists_and_the_start_time(things: Things) -> None:
    word = 'a "quoted" \\ word\n'
    done = things.run(do="keep", word=word)
    assert done["status"] == "SUCCEEDED", (done.get("error"), done.get("cause"))
    output = json.loads(done["output"])
    assert output["answer"] == {"do": "keep", "word": word, "list": [word], "said": 'say "first"'}
    assert output["began"].endswith("Z")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("$sum([1, 2)", "threw an error during evaluation. S0202: "),
        ("$number('many')", "threw an error during evaluation. "),
        ("$sum", "a function"),
        ("$states.input.nothing", "nothing (undefined)"),
    ],
)
def test_a_jsonata_expression_that_fails_is_named(things: Things, expression: str, words: str) -> None:
    done = things.run_definition({"A": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}})
    assert (done["status"], done["error"]) == ("FAILED", "States.QueryEvaluationError")
    where = f"The JSONata expression '{expression}' specified for the field 'Output' "
    assert done["cause"].startswith(
        f"An error occurred while executing the state 'A' (entered at the event id #2). {where}"
    )
    assert words in done["cause"]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({"Type": "Fail", "Error": "OutOfCheeseError", "Cause": "no cheese"}, "OutOfCheeseError"),
        ({"Type": "Pass", "Output": "{% $number('many') %}", "End": True}, "States.QueryEvaluationError"),
    ],
)
def test_a_parallel_fails_with_the_error_of_its_branch_and_can_catch_it(
    things: Things, state: dict[str, Any], error: str
) -> None:
    failing = {"StartAt": "F", "States": {"F": state}}
    fine = {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}
    parallel = {"Type": "Parallel", "Branches": [failing, fine], "End": True}
    done = things.run_definition({"A": parallel})
    assert (done["status"], done["error"]) == ("FAILED", error)
    way = {"ErrorEquals": [error], "Output": "{% {'caught': $states.errorOutput.Error} %}", "Next": "B"}
    done = things.run_definition({"A": parallel | {"Catch": [way]}, "B": {"Type": "Pass", "End": True}})
    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", {"caught": error})


def test_jsonata_has_step_functions_own_functions(things: Things) -> None:
    expression = "{% {'uuid': $uuid(), 'hash': $hash('a', 'MD5'), 'range': $range(1, 3, 1)} %}"
    done = things.run_definition({"A": {"Type": "Pass", "Output": expression, "End": True}})
    output = json.loads(done["output"])
    assert uuid.UUID(output.pop("uuid")).version == 4
    assert output == {"hash": "0cc175b9c0f1b6a831c399e269772661", "range": [1, 2, 3]}


def test_jsonata_numbers_and_sequences_are_plain_json(things: Things) -> None:
    expression = (
        '{% {"sum": 2 + 2, "half": 1 / 2, "range": $map([1..3], function($x) {$x * 2}), "all": $merge([{"a": 1}])} %}'
    )
    done = things.run_definition({"A": {"Type": "Pass", "Output": expression, "End": True}})
    expected = '{"sum": 4, "half": 0.5, "range": [2, 4, 6], "all": {"a": 1}}'
    assert json.dumps(json.loads(done["output"])) == expected


def test_a_definition_is_filled_in_before_it_is_read(things: Things) -> None:
    made = things.client("stepfunctions").describe_state_machine(stateMachineArn=things.outputs["Machine"])
    ask = json.loads(made["definition"])["States"]["Ask"]
    assert ask["Retry"] == [{"ErrorEquals": ["Lambda.ServiceException"], "MaxAttempts": 2}]
    assert ask["Arguments"]["FunctionName"] == things.outputs["FunctionArn"]


def test_a_state_machine_catches_a_function_s_exception_by_its_class(things: Things) -> None:
    assert json.loads(things.run(do="fail", word="")["output"]) == {"caught": "OutOfCheeseError"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"Payload": {"do": "keep", "list": "{% [1..100000] %}"}}, "States.DataLimitExceeded"),
        ({"Payload": {"do": "fail"}}, "OutOfCheeseError"),
    ],
)
def test_all_errors_are_not_those_that_end_an_execution_for_good(
    things: Things, arguments: dict[str, Any], error: str
) -> None:
    work = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": things.outputs["Function"], **arguments},
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        "End": True,
    }
    done = things.run_definition({"Work": work, "Caught": {"Type": "Pass", "Output": "caught", "End": True}})
    history = things.client("stepfunctions").get_execution_history(executionArn=done["executionArn"])["events"]
    attempts = sum(event["type"] == "TaskScheduled" for event in history)
    caught = error == "OutOfCheeseError"
    assert (done["status"], attempts) == (("SUCCEEDED", 2) if caught else ("FAILED", 1))
    assert caught or done["error"] == error


@pytest.mark.parametrize(("wanted", "status"), [("States.ALL", "FAILED"), ("States.Runtime", "SUCCEEDED")])
def test_a_runtime_error_is_caught_by_its_own_name_only(things: Things, wanted: str, status: str) -> None:
    work = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "TimeoutSecondsPath": "$.nothing",
        "Parameters": {"FunctionName": things.outputs["Function"]},
        "Catch": [{"ErrorEquals": [wanted], "Next": "Caught"}],
        "End": True,
    }
    done = things.run_definition({"Work": work, "Caught": {"Type": "Succeed"}}, QueryLanguage="JSONPath")
    assert done["status"] == status
    assert status == "SUCCEEDED" or done["error"] == "States.Runtime"


def test_a_task_s_timeout_may_be_an_expression(things: Things) -> None:
    done = things.run(do="hang", word="", seconds=1)
    assert (done["status"], done["error"]) == ("FAILED", "States.Timeout")


def test_executions_without_a_name_are_not_the_same(things: Things) -> None:
    arns = {things.run(do="keep", word="")["executionArn"] for _ in range(2)}
    assert len(arns) == 2


def test_an_execution_s_end_is_an_event(things: Things, rule: Callable[..., None]) -> None:
    machines = {"stateMachineArn": [things.outputs["Machine"]]}
    rule("ends", {"source": ["aws.states"], "detail": machines}, "QueueArn")
    done = things.run(do="keep", word="")
    begun, ended = sorted(things.messages(2), key=lambda event: event["detail"]["status"])
    assert {e["detail-type"] for e in (begun, ended)} == {"Step Functions Execution Status Change"}
    assert (begun["detail"]["status"], ended["detail"]["status"]) == ("RUNNING", "SUCCEEDED")
    assert ended["resources"] == [done["executionArn"]]
    assert json.loads(ended["detail"]["output"]) == json.loads(done["output"])
    assert begun["detail"]["stopDate"] is None
    assert ended["detail"]["stopDate"] >= begun["detail"]["startDate"] > 1e12


def test_an_execution_is_stopped_at_once_with_its_cause_though_a_call_goes_on(
    things: Things, rule: Callable[..., None], tmp_path: Path
) -> None:
    payload = {"do": "hang", "until": str(tmp_path / "end")}
    arguments = {"FunctionName": things.outputs["Function"], "Payload": payload}
    work = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": arguments, "End": True}
    machine, client = things.machine({"Work": work}), things.client("stepfunctions")
    rule(
        "ended", {"source": ["aws.states"], "detail": {"stateMachineArn": [machine], "status": ["ABORTED"]}}, "QueueArn"
    )
    ends = things.logged("hangs no longer")
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]
    until(lambda: len(client.get_execution_history(executionArn=arn)["events"]) > 3)
    client.stop_execution(executionArn=arn, error="Enough", cause="of this")
    ended = client.describe_execution(executionArn=arn)
    history = client.get_execution_history(executionArn=arn)["events"]
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "of this")
    assert history[-1]["type"] == "ExecutionAborted"
    assert history[-1]["executionAbortedEventDetails"] == {"error": "Enough", "cause": "of this"}

    (tmp_path / "end").touch()
    until(lambda: things.logged("hangs no longer") > ends)  # the function goes on to its end, which changes nothing
    (event,) = things.messages(1)
    assert event["detail"]["executionArn"] == arn
    assert (event["detail"]["error"], event["detail"]["cause"]) == ("Enough", "of this")
    assert client.describe_execution(executionArn=arn) | {"ResponseMetadata": 0} == ended | {"ResponseMetadata": 0}
    assert client.get_execution_history(executionArn=arn)["events"] == history


def test_an_execution_can_be_stopped_the_moment_it_is_started(things: Things) -> None:
    many = 1000  # takes the interpreter a while to read
    states = {f"S{i}": {"Type": "Wait", "Seconds": 60, "Next": f"S{i + 1}"} for i in range(many)}
    machine = things.machine(states | {f"S{many}": {"Type": "Succeed"}})
    client = things.cloud.session().client("stepfunctions", config=Config(retries={"total_max_attempts": 1}))
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]
    client.stop_execution(executionArn=arn)
    assert client.describe_execution(executionArn=arn)["status"] == "ABORTED"


def test_the_state_machine_calls_as_its_role(things: Things) -> None:
    who = json.loads(things.run("Jobs")["output"])
    assert ":assumed-role/hooks-JobsRole" in who["Arn"]


def test_a_job_calls_as_its_role_and_its_description_is_the_task_s_result(things: Things) -> None:
    ask = "import boto3; open('/opt/ml/output/message', 'w').write(boto3.client('sts').get_caller_identity()['Arn'])"
    done = things.run("Jobs", job=things.job("asks", "python3", "-c", ask))
    assert done["status"] == "SUCCEEDED", (done.get("error"), done.get("cause"))
    job = json.loads(done["output"])
    assert job["ProcessingJobStatus"] == "Completed"
    assert f":assumed-role/{things.outputs['JobRole']}/" in job["ExitMessage"]
    assert job["Tags"]["own"] == "tag"
    assert job["Tags"]["AWS_STEP_FUNCTIONS_EXECUTION_ARN"] == done["executionArn"]
    assert job["ProcessingEndTime"] > 1e12


def test_a_failed_job_fails_its_task_with_the_job_as_the_cause(things: Things) -> None:
    fail = "echo no cheese > /opt/ml/output/message; exit 3"
    done = things.run("Jobs", job=things.job("fails", "/bin/sh", "-c", fail))
    assert (done["status"], done["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(done["cause"])["ExitMessage"].strip() == "no cheese"


def test_what_sagemaker_refuses_fails_the_task_under_its_own_name(things: Things) -> None:
    things.client("sagemaker").create_processing_job(**things.job("taken", "true"))
    done = things.run("Jobs", job=things.job("taken", "true"))
    assert (done["status"], done["error"]) == ("FAILED", "SageMaker.ResourceInUseException")
    done = things.run("Jobs", job=things.job("no_such_name", "true"))
    assert (done["status"], done["error"]) == ("FAILED", "SageMaker.AmazonSageMakerException")
    assert "processingJobName" in done["cause"]


def test_a_task_s_timeout_stops_its_job(things: Things) -> None:
    done = things.run("Jobs", job=things.job("slow", "sleep", "60"), seconds=1)
    assert (done["status"], done["error"]) == ("FAILED", "States.Timeout")
    until(lambda: things.job_status("slow") == "Stopped")


def test_an_execution_s_timeout_is_an_event_and_the_history_s_end_though_a_call_goes_on(
    things: Things, rule: Callable[..., None]
) -> None:
    rule("late", {"source": ["aws.states"], "detail": {"status": ["TIMED_OUT"]}}, "QueueArn")
    arguments = {"FunctionName": things.outputs["Function"], "Payload": {"do": "hang"}}
    work = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": arguments, "End": True}
    done = things.run_definition({"Work": work}, TimeoutSeconds=1)
    history = things.client("stepfunctions").get_execution_history(executionArn=done["executionArn"])["events"]
    assert done["status"] == "TIMED_OUT"
    assert history[-1]["type"] == "ExecutionTimedOut"
    (event,) = things.messages(1)
    assert event["detail"]["executionArn"] == done["executionArn"]


def test_an_execution_s_timeout_stops_its_job(things: Things) -> None:
    resource = "arn:aws:states:::sagemaker:createProcessingJob.sync"
    work = {"Type": "Task", "Resource": resource, "Arguments": things.job("late", "sleep", "60"), "End": True}
    assert things.run_definition({"Work": work}, TimeoutSeconds=1)["status"] == "TIMED_OUT"
    until(lambda: things.job_status("late") == "Stopped")


def test_stopping_an_execution_stops_its_job(things: Things) -> None:
    arn = things.start("Jobs", job=things.job("endless", "sleep", "60"))
    history = things.client("stepfunctions").get_execution_history
    until(lambda: any(e["type"] == "TaskSubmitted" for e in history(executionArn=arn)["events"]))
    things.client("stepfunctions").stop_execution(executionArn=arn)
    until(lambda: things.job_status("endless") == "Stopped")


@pytest.mark.parametrize(
    ("state", "location"),
    [
        ({"Type": "Pass", "Output": {"a": ["{% $nothing %}"]}}, "Output/a[0]"),
        ({"Type": "Pass", "Assign": {"a": "{% $nothing %}"}}, "Assign/a"),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": "{% $nothing %}"},
            "Arguments",
        ),
        ({"Type": "Wait", "Timestamp": "{% 'today' %}"}, "Timestamp"),
        (
            {
                "Type": "Map",
                "Items": "{% 'one' %}",
                "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}},
            },
            "Items",
        ),
    ],
)
def test_a_failed_evaluation_is_told_once_and_can_be_caught(
    things: Things, state: dict[str, Any], location: str
) -> None:
    done = things.run_definition({"A": {**state, "End": True}})
    assert (done["status"], done["error"]) == ("FAILED", "States.QueryEvaluationError")
    history = things.client("stepfunctions").get_execution_history(executionArn=done["executionArn"])["events"]
    (told,) = [event["evaluationFailedEventDetails"] for event in history if event["type"] == "EvaluationFailed"]
    assert told == {"error": done["error"], "cause": done["cause"], "location": location, "state": "A"}
    if state["Type"] in ("Task", "Map"):
        way = {"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B"}
        caught = things.run_definition({"A": {**state, "Catch": [way], "End": True}, "B": {"Type": "Succeed"}})
        assert caught["status"] == "SUCCEEDED"


def test_a_map_of_what_is_no_array_fails(things: Things) -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    done = things.run_definition({"A": {"Type": "Map", "ItemProcessor": inner, "End": True}})
    assert done["error"] == "States.QueryEvaluationError"
    assert done["cause"].endswith("(entered at the event id #2). Map state input must be an array but was: {}")


def test_a_quote_within_a_string_of_jsonata_is_equal_to_one_of_a_variable(things: Things) -> None:
    given = {"Type": "Pass", "Assign": {"quoted": 'a"b'}, "Next": "B"}
    compared = {"Type": "Pass", "Output": "{% $quoted = 'a\\\"b' %}", "End": True}
    assert things.run_definition({"A": given, "B": compared})["output"] == "true"
