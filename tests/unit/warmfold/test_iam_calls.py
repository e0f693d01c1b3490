"""Which actions and resources a request to a service other than SageMaker and S3 needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from warmfold.cloud.iam import services
from warmfold.cloud.iam.policy import Call

ACCOUNT, REGION = "123456789012", "us-east-1"
FOLD_ROLE = f"arn:aws:iam::{ACCOUNT}:role/fold"


def made(
    service: str, body: Any = b"", *, target: str | None = None, method: str = "POST", path: str = "/"
) -> list[Call]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return services.calls(services.operation_of(service, method, path, "", target, raw), ACCOUNT, REGION)


def needs(service: str, body: Any = b"", **request: Any) -> list[tuple[str, str]]:
    return [(call.action, call.resource) for call in made(service, body, **request)]


MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:wf-tuning"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


def test_json_services() -> None:
    start = {"stateMachineArn": MACHINE, "name": "n", "input": "{}"}
    assert needs("states", start, target="AWSStepFunctions.StartExecution") == [("states:StartExecution", MACHINE)]
    told = {"executionArn": "arn:x"}
    assert needs("states", told, target="AWSStepFunctions.DescribeExecution") == [("states:DescribeExecution", "arn:x")]
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    assert needs("events", {"Entries": [{}]}, target="AWSEvents.PutEvents") == [("events:PutEvents", bus)]
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/r"
    targets = {"Rule": "r", "Targets": [{"Id": "1", "Arn": MACHINE, "RoleArn": FOLD_ROLE}]}
    assert needs("events", targets, target="AWSEvents.PutTargets") == [
        ("events:PutTargets", rule),
        ("iam:PassRole", FOLD_ROLE),
    ]
    stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/g:log-stream:s"
    put = {"logGroupName": "/g", "logStreamName": "s"}
    assert needs("logs", put, target="Logs_20140328.PutLogEvents") == [("logs:PutLogEvents", stream)]
    queue = {"QueueUrl": f"http://localhost:4566/{ACCOUNT}/q"}
    expected = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    assert needs("sqs", queue, target="AmazonSQS.SendMessage") == [("sqs:SendMessage", expected)]


def test_query_and_rpc_services() -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:t"
    body = f"Action=Publish&Version=2010-03-31&TopicArn={topic}&Message=m".encode()
    assert needs("sns", body) == [("sns:Publish", topic)]
    role = f"Action=AssumeRole&RoleArn={FOLD_ROLE}".encode()
    assert needs("sts", role) == [("sts:AssumeRole", FOLD_ROLE)]
    assert needs("sts", b"Action=GetCallerIdentity&Version=2011-06-15") == []
    path = "/service/GraniteServiceVersion20100801/operation/PutMetricData"
    assert needs("monitoring", b"\xa1", path=path) == [("cloudwatch:PutMetricData", "unknown")]


@pytest.mark.parametrize("name", ["f", FUNCTION])
def test_rest_services(name: str) -> None:
    assert needs("lambda", {}, path=f"/2015-03-31/functions/{name}/invocations") == [
        ("lambda:InvokeFunction", FUNCTION)
    ]
    found = needs("lambda", method="GET", path=f"/2015-03-31/functions/{name}/configuration")
    assert found == [("lambda:GetFunctionConfiguration", FUNCTION)]


def test_a_role_that_a_function_gets_is_passed() -> None:
    body = {"FunctionName": "f", "Role": FOLD_ROLE}
    assert needs("lambda", body, path="/2015-03-31/functions") == [
        ("lambda:CreateFunction", FUNCTION),
        ("iam:PassRole", FOLD_ROLE),
    ]


RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"


@pytest.mark.parametrize(
    ("service", "operation", "members", "expected"),
    [
        ("dynamodb", "Scan", {"TableName": "secret"}, ["unknown"]),
        ("dynamodb", "ListTables", {}, ["*"]),
        ("secretsmanager", "GetSecretValue", {"SecretId": "prod"}, ["unknown"]),
        ("states", "ListStateMachines", {}, ["*"]),
        ("states", "SendTaskSuccess", {"taskToken": "t"}, ["unknown"]),
        ("states", "CreateActivity", {"name": "a"}, [f"arn:aws:states:{REGION}:{ACCOUNT}:activity:a"]),
        ("events", "PutEvents", {"Entries": [{}, {"EventBusName": "s"}, {}]}, [BUS + "default", BUS + "s"]),
        ("events", "PutEvents", {"Entries": [{"EventBusName": BUS + "s"}]}, [BUS + "s"]),
        ("events", "PutRule", {"Name": "r", "EventBusName": "s"}, [RULE + "s/r"]),
        ("events", "DeleteRule", {"Name": "r", "EventBusName": "default"}, [RULE + "r"]),
        ("events", "ListTargetsByRule", {"Rule": "r", "EventBusName": BUS + "s"}, [RULE + "s/r"]),
        ("events", "CreateEventBus", {"Name": "s"}, [BUS + "s"]),
        ("logs", "DescribeLogStreams", {"logGroupIdentifier": "/s"}, [LOGS + "/s:log-stream:"]),
        ("logs", "DescribeLogStreams", {"logGroupIdentifier": LOGS + "/s:*"}, [LOGS + "/s:log-stream:"]),
        ("logs", "StartQuery", {"logGroupNames": ["a", "b"]}, [LOGS + "a:log-stream:", LOGS + "b:log-stream:"]),
        ("logs", "DescribeLogGroups", {}, [LOGS + ":log-stream:"]),
        (
            "ssm",
            "GetParameters",
            {"Names": ["/a", "b"]},
            [f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{n}" for n in "ab"],
        ),
    ],
)
def test_every_resource_that_members_name_is_judged(
    service: str, operation: str, members: dict[str, Any], expected: list[str]
) -> None:
    found = needs(service, members, target=f"x.{operation}")
    assert found == [(f"{service}:{operation}", resource) for resource in expected]


@pytest.mark.parametrize("name", [f"{ACCOUNT}:function:f", "function:f"])
def test_a_function_has_one_arn_however_it_is_named(name: str) -> None:
    assert needs("lambda", method="GET", path=f"/2015-03-31/functions/{name}") == [("lambda:GetFunction", FUNCTION)]
    found = needs("lambda", method="GET", path=f"/2015-03-31/functions/{name}:1")
    assert found == [("lambda:GetFunction", f"{FUNCTION}:1")]


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("sqs", "SendMessageBatch", "sqs:SendMessage"),
        ("sqs", "DeleteMessageBatch", "sqs:DeleteMessage"),
        ("sqs", "ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
        ("sns", "PublishBatch", "sns:Publish"),
    ],
)
def test_a_batch_needs_the_right_to_one(service: str, operation: str, action: str) -> None:
    (call,) = needs(service, {"QueueUrl": "q", "TopicArn": "t"}, target=f"x.{operation}")
    assert call[0] == action


@pytest.mark.parametrize(
    ("service", "arguments", "passed_to"),
    [
        ("scheduler", {"path": "/schedules/s", "body": {"Target": {"RoleArn": FOLD_ROLE}}}, "scheduler.amazonaws.com"),
        (
            "firehose",
            {"target": "x.CreateDeliveryStream", "body": {"S3": {"RoleARN": FOLD_ROLE}}},
            "firehose.amazonaws.com",
        ),
        ("glue", {"target": "x.CreateJob", "body": {"Role": FOLD_ROLE}}, None),
        ("nosuch", {"target": "x.StartThing", "body": {"executionRoleArn": FOLD_ROLE}}, None),
        ("rds", {"body": f"Action=CreateDBInstance&MonitoringRoleArn={FOLD_ROLE}".encode()}, None),
    ],
)
def test_every_service_is_passed_roles(service: str, arguments: dict[str, Any], passed_to: str | None) -> None:
    passed = [call for call in made(service, **arguments) if call.action == "iam:PassRole"]
    assert [(call.resource, call.context) for call in passed] == [(FOLD_ROLE, {"iam:passedtoservice": passed_to})]


def test_a_role_in_a_body_that_is_not_read_is_passed_unseen() -> None:
    path = "/service/GraniteServiceVersion20100801/operation/PutMetricStream"
    (passed,) = [call for call in made("monitoring", b"\xa1", path=path) if call.action == "iam:PassRole"]
    assert passed.resource == "unknown"


def test_reading_a_role_passes_none() -> None:
    assert needs("glue", {"Role": FOLD_ROLE}, target="x.GetJobs") == [("glue:GetJobs", "unknown")]


@pytest.mark.parametrize(
    ("query", "target", "path", "body"),
    [
        ("Action=GetCallerIdentity", None, "/", b"Action=AssumeRole"),
        ("", "x.GetCallerIdentity", "/", b"Action=AssumeRole"),
        ("", "x.GetCallerIdentity", "/", b'{"a": "&Action=AssumeRole&b="}'),
        ("", None, "/service/x/operation/GetCallerIdentity", b"Action=AssumeRole"),
        ("", None, "/", b"Action=GetCallerIdentity&Action=AssumeRole"),
    ],
)
def test_a_request_that_names_two_operations_is_a_contradiction(
    query: str, target: str | None, path: str, body: bytes
) -> None:
    operation = services.operation_of("sts", "POST", path, query, target, body)
    assert (operation.name, operation.protocol) == ("", services.CONTRADICTION)


def test_what_can_not_be_told_is_an_action_that_nothing_names() -> None:
    assert needs("lambda", path="/nowhere") == [("lambda:", "unknown")]
    assert needs("nosuchservice", path="/nowhere") == [("nosuchservice:", "unknown")]
