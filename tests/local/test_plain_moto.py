"""What plain moto does otherwise than AWS: a hook is needed while its test here passes, and can go when it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.ports import free_port
from tests.waiting import until

ROLE = "arn:aws:iam::123456789012:role/any"
PASS: dict[str, Any] = {"Type": "Pass", "End": True}


class Plain:
    """Clients of a moto without hooks."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._made = 0

    def client(self, service: str) -> Any:
        session: Any = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
        once = Config(retries={"total_max_attempts": 1}, proxies={})
        return session.client(service, endpoint_url=self.endpoint, config=once)

    def machine(self, states: dict[str, Any], **options: Any) -> str:
        self._made += 1
        definition = json.dumps({"StartAt": next(iter(states)), "States": states, **options})
        made = self.client("stepfunctions").create_state_machine(
            name=f"machine-{self._made}", definition=definition, roleArn=ROLE
        )
        return str(made["stateMachineArn"])

    def run(self, states: dict[str, Any], **options: Any) -> dict[str, Any]:
        client = self.client("stepfunctions")
        arn = client.start_execution(stateMachineArn=self.machine(states, **options), name="one")["executionArn"]

        def ended() -> Any:
            described = client.describe_execution(executionArn=arn)
            return described if described["status"] != "RUNNING" else None

        return dict(until(ended))

    def refusal(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        with pytest.raises(ClientError) as caught:
            getattr(self.client(service), operation)(**request)
        return dict(caught.value.response)


@pytest.fixture(scope="module")
def moto() -> Iterator[Plain]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env={**os.environ, "MOTO_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    plain = Plain(port)
    body = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()

    def configured() -> bool:
        try:
            with urllib.request.urlopen(f"{plain.endpoint}/moto-api/config", body) as answer:
                return bool(answer.status < 300)
        except OSError:
            return False

    until(configured)
    yield plain
    process.terminate()
    process.wait()


def test_nested_executions_fail(moto: Plain) -> None:
    inner = moto.machine({"A": PASS})
    state = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True}
    done = moto.run({"A": {**state, "Parameters": {"StateMachineArn": inner}}})
    assert (done["status"], done["error"]) == ("FAILED", "States.Runtime")


def test_errors_of_sdk_integrations_have_the_service_s_own_spelling(moto: Plain) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "End": True}
    done = moto.run({"A": {**state, "Parameters": {"Bucket": "absent", "Key": "absent"}}})
    assert done["error"].startswith("s3.")


def test_what_is_not_there_is_a_bare_500(moto: Plain) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:execution:a:b"
    answer = moto.refusal("stepfunctions", "redrive_execution", executionArn=arn)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 500


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("get_activity_task", {"activityArn": "arn:aws:states:us-east-1:123456789012:activity:a"}),
        ("list_state_machine_versions", {"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:a"}),
        ("validate_state_machine_definition", {"definition": "{}"}),
    ],
)
def test_operations_are_absent(moto: Plain, operation: str, request_: dict[str, Any]) -> None:
    assert moto.refusal("stepfunctions", operation, **request_)["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_a_next_to_nowhere_is_taken(moto: Plain) -> None:
    assert moto.machine({"A": {"Type": "Pass", "Next": "Nowhere"}})


def test_a_refused_definition_has_no_code(moto: Plain) -> None:
    wrong = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Jump"}}})
    answer = moto.refusal("stepfunctions", "create_state_machine", name="wrong", definition=wrong, roleArn=ROLE)
    assert answer["Error"]["Code"] == ""


def test_a_second_machine_of_a_name_is_taken_for_the_first(moto: Plain) -> None:
    client = moto.client("stepfunctions")
    made = []
    for result in (1, 2):
        definition = json.dumps({"StartAt": "A", "States": {"A": {**PASS, "Result": result}}})
        made.append(client.create_state_machine(name="twice", definition=definition, roleArn=ROLE)["stateMachineArn"])
    assert made[0] == made[1]
    kept = json.loads(client.describe_state_machine(stateMachineArn=made[0])["definition"])
    assert kept["States"]["A"]["Result"] == 1


def test_histories_are_told_forwards_and_executions_without_redrives(moto: Plain) -> None:
    done = moto.run({"A": PASS})
    told = moto.client("stepfunctions").get_execution_history(executionArn=done["executionArn"], reverseOrder=True)
    assert told["events"][0]["type"] == "ExecutionStarted"
    assert "redriveCount" not in done


def test_a_state_machine_s_log_group_stays_empty(moto: Plain) -> None:
    logs, client = moto.client("logs"), moto.client("stepfunctions")
    logs.create_log_group(logGroupName="machine")
    arn = logs.describe_log_groups(logGroupNamePrefix="machine")["logGroups"][0]["arn"]
    made = client.create_state_machine(
        name="logging",
        definition=json.dumps({"StartAt": "A", "States": {"A": PASS}}),
        roleArn=ROLE,
        loggingConfiguration={"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]},
    )
    execution = client.start_execution(stateMachineArn=made["stateMachineArn"], name="one")["executionArn"]
    until(lambda: client.describe_execution(executionArn=execution)["status"] != "RUNNING")
    assert logs.filter_log_events(logGroupName="machine")["events"] == []


def test_a_topic_has_no_arn_among_its_attributes(moto: Plain) -> None:
    body = "Resources: {Topic: {Type: AWS::SNS::Topic}}\nOutputs: {Topic: {Value: !GetAtt Topic.TopicArn}}\n"
    answer = moto.refusal("cloudformation", "create_stack", StackName="topic", TemplateBody=body)
    assert "TopicArn" in answer["Error"]["Message"]


def test_one_refused_definition_breaks_all_that_come_after_it(moto: Plain) -> None:
    """The last one here: what it breaks stays so."""
    mixed = {"A": {"Type": "Pass", "Parameters": {"one": 1}, "End": True}}
    with pytest.raises(ClientError):
        moto.machine(mixed, QueryLanguage="JSONata")
    with pytest.raises(ClientError):
        moto.machine(mixed)
