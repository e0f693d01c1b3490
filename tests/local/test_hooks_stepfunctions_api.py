"""Step Functions' API beside executions of state machines: as AWS answers, through an ordinary client."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local.things import Things
from tests.waiting import until

PASS: dict[str, Any] = {"Type": "Pass", "End": True}
DEFINITION = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": PASS}})


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def made(things: Things, definition: str = DEFINITION, **options: Any) -> dict[str, Any]:
    return dict(
        things.client("stepfunctions").create_state_machine(
            name=f"machine-{uuid.uuid4()}",
            definition=definition,
            roleArn=things.outputs["MachineRoleArn"],
            **options,
        )
    )


def definition_of(**states: Any) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states})


WRONG = {
    "a target that is not there": (
        definition_of(A={"Type": "Pass", "Next": "Nowhere"}, B=PASS),
        [
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/A/Next",
            'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
        ],
    ),
    "no end": (
        definition_of(A={"Type": "Pass", "Next": "A"}),
        ["MISSING_END_STATE: Workflow has no terminal state"],
    ),
    "neither End nor Next": (definition_of(A={"Type": "Pass"}), ["SCHEMA_VALIDATION_FAILED"]),
    "no StartAt": ('{"States": {}}', ["SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /"]),
    "an unknown type": (definition_of(A={"Type": "Jump", "End": True}), ["SCHEMA_VALIDATION_FAILED", "/States/A/Type"]),
    "a choice to nowhere": (
        definition_of(
            A={"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "X"}], "Default": "B"}, B=PASS
        ),
        ["Missing 'Next' target: X at /States/A/Choices[0]/Next"],
    ),
    "a branch to nowhere": (
        definition_of(
            A={
                "Type": "Parallel",
                "Branches": [{"StartAt": "I", "States": {"I": {"Type": "Pass", "Next": "X"}, "J": PASS}}],
                "End": True,
            }
        ),
        ["Missing 'Next' target: X at /States/A/Branches[0]/States/I/Next"],
    ),
    "what only the parser knows": (
        json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {**PASS, "ResultPath": "$.a"}}}),
        ["ResultPath"],
    ),
    "states that are a list": ('{"StartAt": "A", "States": []}', ["SCHEMA_VALIDATION_FAILED", "/States"]),
    "a start that is no name": (json.dumps({"StartAt": ["A"], "States": {"A": PASS}}), ["SCHEMA_VALIDATION_FAILED"]),
    "a branch whose states are a number": (
        definition_of(A={"Type": "Parallel", "Branches": [{"StartAt": "I", "States": 3}], "End": True}),
        ["SCHEMA_VALIDATION_FAILED", "/States/A/Branches[0]/States"],
    ),
}


@pytest.mark.parametrize(("definition", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_definition_is_refused_with_aws_s_code(things: Things, definition: str, words: list[str]) -> None:
    client = things.client("stepfunctions")
    role = things.outputs["MachineRoleArn"]
    code, message = refused(client.create_state_machine, name=f"m-{uuid.uuid4()}", definition=definition, roleArn=role)
    assert code == "InvalidDefinition"
    assert all(word in message for word in words)
    arn = made(things)["stateMachineArn"]
    assert refused(client.update_state_machine, stateMachineArn=arn, definition=definition) == (code, message)
    judged = client.validate_state_machine_definition(definition=definition)
    assert judged["result"] == "FAIL"
    assert {one["severity"] for one in judged["diagnostics"]} == {"ERROR"}


INNER = {"StartAt": "I", "States": {"I": {**PASS, "QueryLanguage": "JSONPath"}}}


@pytest.mark.parametrize(
    "definition",
    [DEFINITION, definition_of(A={**PASS, "Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": INNER})],
)
def test_a_right_definition_is_found_right(things: Things, definition: str) -> None:
    judged = things.client("stepfunctions").validate_state_machine_definition(definition=definition)
    assert (judged["result"], judged["diagnostics"]) == ("OK", [])


def test_a_second_state_machine_of_a_name_is_refused_unless_it_is_the_same(things: Things) -> None:
    client, first = things.client("stepfunctions"), made(things)
    request = {"name": first["stateMachineArn"].rpartition(":")[2], "roleArn": things.outputs["MachineRoleArn"]}
    again = client.create_state_machine(definition=DEFINITION, **request)
    assert again["stateMachineArn"] == first["stateMachineArn"]
    other = definition_of(B=PASS)
    assert refused(client.create_state_machine, definition=other, **request) == (
        "StateMachineAlreadyExists",
        f"State Machine Already Exists: '{first['stateMachineArn']}'",
    )


def test_an_execution_is_described_with_all_that_aws_tells(things: Things) -> None:
    failed = things.run_definition({"A": {"Type": "Fail", "Error": "OutOfCheeseError"}})
    assert (failed["redriveCount"], failed["redriveStatus"], failed["inputDetails"]) == (
        0,
        "REDRIVABLE",
        {"included": True},
    )
    done = things.run_definition({"A": PASS})
    assert done["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert (done["output"], done["outputDetails"]) == ("{}", {"included": True})


def test_the_context_knows_of_redrives(things: Things) -> None:
    done = things.run_definition({"A": {**PASS, "Output": "{% $states.context.Execution.RedriveCount %}"}})
    assert done["output"] == "0"


def test_a_history_is_told_from_its_end_and_in_pages(things: Things) -> None:
    client = things.client("stepfunctions")
    arn = things.run_definition({"A": {"Type": "Pass", "Next": "B"}, "B": PASS})["executionArn"]
    forwards = client.get_execution_history(executionArn=arn)["events"]
    assert [event["id"] for event in forwards] == [1, 2, 3, 4, 5, 6]
    backwards = client.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=2)
    assert backwards["events"] == forwards[:3:-1]
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn, PaginationConfig={"PageSize": 2})
    assert [event for page in pages for event in page["events"]] == forwards
    without = client.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    assert not any("input" in event.get("stateEnteredEventDetails", {}) for event in without)


def test_a_failed_task_s_cause_is_kept(things: Things) -> None:
    arguments = {
        "FunctionName": things.outputs["EchoFunction"],
        "Payload": {"token": "{% $states.context.Task.Token %}"},
    }
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Arguments": arguments}
    client = things.client("stepfunctions")
    started = client.start_execution(stateMachineArn=things.machine({"A": {**state, "End": True}}))

    def token() -> Any:
        for event in client.get_execution_history(executionArn=started["executionArn"])["events"]:
            if event["type"] == "TaskScheduled":
                return json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"]["token"]
        return None

    client.send_task_failure(taskToken=until(token), error="OutOfCheeseError", cause="no cheese")
    done = things.ended(started["executionArn"])
    assert (done["error"], done["cause"]) == ("OutOfCheeseError", "no cheese")
    assert refused(client.send_task_success, taskToken="made up", output="{}")[0] == "InvalidToken"


def test_versions_stay_as_they_were_published_and_aliases_lead_to_them(things: Things) -> None:
    client, machine = things.client("stepfunctions"), made(things)["stateMachineArn"]
    publish = client.publish_state_machine_version
    first = publish(stateMachineArn=machine)["stateMachineVersionArn"]
    assert publish(stateMachineArn=machine)["stateMachineVersionArn"] == first == f"{machine}:1"
    changed = definition_of(A={"Type": "Pass", "Result": "second", "End": True})
    updated = client.update_state_machine(stateMachineArn=machine, definition=changed, publish=True)
    second = updated["stateMachineVersionArn"]
    listed = client.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in listed] == [second, first]
    route = [{"stateMachineVersionArn": first, "weight": 100}]
    alias = client.create_state_machine_alias(name="live", routingConfiguration=route)["stateMachineAliasArn"]
    ends = {arn: things.ended(client.start_execution(stateMachineArn=arn)["executionArn"]) for arn in (alias, second)}
    assert (ends[alias]["output"], ends[second]["output"]) == ("{}", '"second"')
    assert ends[alias]["stateMachineVersionArn"] == first
    assert ends[alias]["stateMachineAliasArn"] == alias
    by_version = client.list_executions(stateMachineArn=second)["executions"]
    assert [one["executionArn"] for one in by_version] == [ends[second]["executionArn"]]
    code, message = refused(client.delete_state_machine_version, stateMachineVersionArn=first)
    assert (code, "[live]" in message) == ("ConflictException", True)
    client.delete_state_machine_alias(stateMachineAliasArn=alias)
    client.delete_state_machine_version(stateMachineVersionArn=first)
    assert refused(client.update_state_machine, stateMachineArn=second, definition=DEFINITION)[0] == (
        "StateMachineDoesNotExist"
    )
    described = client.describe_state_machine(stateMachineArn=machine)
    assert described["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
    assert described["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    revision = described["revisionId"]
    assert refused(publish, stateMachineArn=machine, revisionId="other")[0] == "ConflictException"
    assert publish(stateMachineArn=machine, revisionId=revision)["stateMachineVersionArn"] == second


@pytest.mark.parametrize(
    ("routes", "words"),
    [([70], "must equal 100"), ([50, 50], "distinct"), ([101], "less than or equal to 100")],
)
def test_an_alias_that_leads_nowhere_is_refused(things: Things, routes: list[int], words: str) -> None:
    client, machine = things.client("stepfunctions"), made(things, publish=True)
    to = [{"stateMachineVersionArn": machine["stateMachineVersionArn"], "weight": weight} for weight in routes]
    code, message = refused(client.create_state_machine_alias, name="live", routingConfiguration=to)
    assert (code, words in message) == ("ValidationException", True)


def test_an_alias_stays_at_its_state_machine(things: Things) -> None:
    client, own, other = things.client("stepfunctions"), made(things, publish=True), made(things, publish=True)
    to, elsewhere = (
        [{"stateMachineVersionArn": machine["stateMachineVersionArn"], "weight": 100}] for machine in (own, other)
    )
    alias = client.create_state_machine_alias(name="live", routingConfiguration=to)["stateMachineAliasArn"]
    update = client.update_state_machine_alias
    assert refused(update, stateMachineAliasArn=alias, routingConfiguration=elsewhere)[0] == "ValidationException"
    assert client.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"] == to


def test_an_activity_s_work_is_fetched_and_done(things: Things) -> None:
    client = things.client("stepfunctions")
    activity = client.create_activity(name=f"activity-{uuid.uuid4()}")["activityArn"]
    machine = things.machine({"A": {"Type": "Task", "Resource": activity, "End": True}})
    started = client.start_execution(stateMachineArn=machine, input='{"a": 1}')
    task = client.get_activity_task(activityArn=activity, workerName="me")
    assert json.loads(task["input"]) == {"a": 1}
    client.send_task_success(taskToken=task["taskToken"], output='{"b": 2}')
    assert json.loads(things.ended(started["executionArn"])["output"]) == {"b": 2}
    history = client.get_execution_history(executionArn=started["executionArn"])["events"]
    assert "ActivityStarted" in {event["type"] for event in history}
    client.delete_activity(activityArn=activity)
    assert refused(client.get_activity_task, activityArn=activity)[0] == "ActivityDoesNotExist"


def test_an_express_machine_can_not_be_changed_to_what_only_a_standard_one_may(things: Things) -> None:
    client, machine = things.client("stepfunctions"), made(things, type="EXPRESS")["stateMachineArn"]
    waits = definition_of(
        A={"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": {}, "End": True}
    )
    assert refused(client.update_state_machine, stateMachineArn=machine, definition=waits)[0] == "InvalidDefinition"


def test_an_express_workflow_is_run_while_one_waits(things: Things) -> None:
    client = things.cloud.session().client("stepfunctions", config=Config(inject_host_prefix=False))
    machine = made(things, type="EXPRESS")["stateMachineArn"]
    done = client.start_sync_execution(stateMachineArn=machine, input='{"a": 1}')
    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", {"a": 1})
    assert ":express:" in done["executionArn"]
    assert done["billingDetails"]["billedDurationInMilliseconds"] >= 100
    assert refused(client.describe_execution, executionArn=done["executionArn"])[0] == "InvalidArn"
    standard = made(things)["stateMachineArn"]
    assert refused(client.start_sync_execution, stateMachineArn=standard)[0] == "StateMachineTypeNotSupported"


def test_a_state_is_tried_by_itself(things: Things) -> None:
    client = things.cloud.session().client("stepfunctions", config=Config(inject_host_prefix=False))
    state = {"QueryLanguage": "JSONata", "Type": "Pass", "Output": "{% $states.input.a + 1 %}", "Next": "B"}
    role = things.outputs["MachineRoleArn"]
    tried = client.test_state(definition=json.dumps(state), roleArn=role, input='{"a": 1}')
    assert (tried["status"], tried["output"], tried["nextState"]) == ("SUCCEEDED", "2", "B")
    failing = json.dumps({"Type": "Fail", "Error": "OutOfCheeseError", "Cause": "no cheese"})
    tried = client.test_state(definition=failing, roleArn=role)
    assert (tried["status"], tried["error"]) == ("FAILED", "OutOfCheeseError")
    assert refused(client.test_state, definition='{"Type": "Jump"}', roleArn=role)[0] == "InvalidDefinition"


def test_a_state_machine_logs_to_its_log_group(things: Things) -> None:
    logs, group = things.client("logs"), f"/aws/vendedlogs/states/{uuid.uuid4()}"
    logs.create_log_group(logGroupName=group)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": found["arn"]}}]

    def logged(**options: Any) -> list[Any]:
        logging = {"destinations": destinations, **options}
        machine = made(things, loggingConfiguration=logging)["stateMachineArn"]
        arn = things.client("stepfunctions").start_execution(stateMachineArn=machine, input='{"a": 1}')["executionArn"]
        things.ended(arn)
        events = logs.filter_log_events(logGroupName=group)["events"]
        return [line for line in (json.loads(event["message"]) for event in events) if line["execution_arn"] == arn]

    with_data = logged(level="ALL", includeExecutionData=True)
    assert [line["type"] for line in with_data] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert json.loads(with_data[0]["details"]["input"]) == {"a": 1}
    assert "input" not in logged(level="ALL")[0]["details"]
    assert logged(level="ERROR") == []
    refusal = {"level": "ALL", "destinations": []}
    with pytest.raises(ClientError, match="Must specify exactly one Log Destination"):
        made(things, loggingConfiguration=refusal)


def test_executions_at_once_of_one_alias_are_all_found(things: Things) -> None:
    client, machine = things.client("stepfunctions"), made(things, publish=True)["stateMachineArn"]
    with ThreadPoolExecutor(8) as pool:
        arns = set(pool.map(lambda _: client.start_execution(stateMachineArn=machine)["executionArn"], range(20)))
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine, PaginationConfig={"PageSize": 7})
    assert {one["executionArn"] for page in pages for one in page["executions"]} == arns


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("stepfunctions", "redrive_execution", {"executionArn": "arn:aws:states:us-east-1:123456789012:execution:a:b"}),
        ("iam", "simulate_custom_policy", {"PolicyInputList": ["{}"], "ActionNames": ["s3:GetObject"]}),
        ("sns", "create_sms_sandbox_phone_number", {"PhoneNumber": "+15555550123"}),
        ("logs", "list_anomalies", {}),
    ],
)
def test_what_is_not_there_is_refused_by_name_at_once(
    things: Things, service: str, operation: str, request_: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(things.client(service), operation)(**request_)
    answer = caught.value.response
    assert answer["Error"]["Code"] == "UnsupportedOperation"
    assert "The local cloud lacks" in answer["Error"]["Message"]
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["ResponseMetadata"]["RetryAttempts"]) == (501, 0)
