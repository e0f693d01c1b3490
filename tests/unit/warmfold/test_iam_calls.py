"""Which actions and resources a request needs, service by service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from warmfold.cloud.iam import s3, sagemaker, services
from warmfold.cloud.iam.policy import Call

ACCOUNT, REGION = "123456789012", "us-east-1"
FOLD_ROLE = f"arn:aws:iam::{ACCOUNT}:role/fold"


def sagemaker_needs(operation: str, **request: Any) -> list[tuple[str, str]]:
    return [(call.action, call.resource) for call in sagemaker.calls(operation, request, ACCOUNT, REGION)]


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


def test_a_job_needs_its_creation_its_role_and_its_tags() -> None:
    request = {"TrainingJobName": "wf-J", "RoleArn": FOLD_ROLE, "Tags": [{"Key": "Stack", "Value": "wf"}]}
    made = sagemaker.calls("CreateTrainingJob", request, ACCOUNT, REGION)
    job = arn("training-job", "wf-j")
    assert [(call.action, call.resource) for call in made] == [
        ("sagemaker:CreateTrainingJob", job),
        ("iam:PassRole", FOLD_ROLE),
        ("sagemaker:AddTags", job),
    ]
    assert made[1].context == {"iam:passedtoservice": "sagemaker.amazonaws.com"}
    assert made[2].context == {"aws:requesttag/stack": "wf", "aws:tagkeys": ("Stack",)}


def test_roles_are_found_however_deep_and_once_each() -> None:
    definition = {"RoleArn": FOLD_ROLE, "Nested": [{"ExecutionRoleArn": FOLD_ROLE + "2"}]}
    needs = sagemaker_needs(
        "CreateHyperParameterTuningJob",
        HyperParameterTuningJobName="t",
        TrainingJobDefinition=definition,
        TrainingJobDefinitions=[definition],
    )
    assert [resource for action, resource in needs if action == "iam:PassRole"] == [FOLD_ROLE, FOLD_ROLE + "2"]
    assert needs[0] == ("sagemaker:CreateHyperParameterTuningJob", arn("hyper-parameter-tuning-job", "t"))


@pytest.mark.parametrize(
    ("operation", "request_", "resource"),
    [
        ("DescribeTransformJob", {"TransformJobName": "t"}, arn("transform-job", "t")),
        ("StopProcessingJob", {"ProcessingJobName": "p"}, arn("processing-job", "p")),
        ("CreateModel", {"ModelName": "m"}, arn("model", "m")),
        ("DescribeModelPackageGroup", {"ModelPackageGroupName": "g"}, arn("model-package-group", "g")),
        ("DescribeModelPackage", {"ModelPackageName": arn("model-package", "g/1")}, arn("model-package", "g/1")),
        ("UpdateModelPackage", {"ModelPackageArn": arn("model-package", "g/1")}, arn("model-package", "g/1")),
        ("ListTags", {"ResourceArn": arn("training-job", "j")}, arn("training-job", "j")),
        ("ListTrainingJobs", {"NameContains": "x"}, "*"),
        ("ListModelPackages", {"ModelPackageGroupName": "g"}, "*"),
        (
            "ListTrainingJobsForHyperParameterTuningJob",
            {"HyperParameterTuningJobName": "t"},
            arn("hyper-parameter-tuning-job", "t"),
        ),
        ("ListModels", {}, "*"),
        ("SomethingNew", {}, "unknown"),
        ("DescribeTrainingJob", {}, "unknown"),
    ],
)
def test_sagemaker_s_resources(operation: str, request_: dict[str, Any], resource: str) -> None:
    assert sagemaker_needs(operation, **request_) == [(f"sagemaker:{operation}", resource)]


def test_only_the_model_s_own_members_pass_roles() -> None:
    words = {"RoleArn": FOLD_ROLE + "1", "MyRoleArn": FOLD_ROLE + "2"}
    needs = sagemaker_needs("CreateTrainingJob", TrainingJobName="t", HyperParameters=words, Environment=words)
    assert needs == [("sagemaker:CreateTrainingJob", arn("training-job", "t"))]


def test_a_versioned_package_needs_its_group_too() -> None:
    assert sagemaker_needs("CreateModelPackage", ModelPackageGroupName="g") == [
        ("sagemaker:CreateModelPackage", arn("model-package-group", "g")),
        ("sagemaker:CreateModelPackage", arn("model-package", "g/*")),
    ]


def s3_needs(method: str, key: str = "k/x", query: str = "", body: bytes = b"", **headers: str) -> list[str]:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    made = s3.calls(s3.S3Request(method, "b", key, query, named), body)
    return [f"{call.action} {call.resource.removeprefix('arn:aws:s3:::')}" for call in made]


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        ("GET", "", ["s3:GetObject b/k/x"]),
        ("HEAD", "", ["s3:GetObject b/k/x"]),
        ("GET", "versionId=1", ["s3:GetObjectVersion b/k/x"]),
        ("HEAD", "versionId=1", ["s3:GetObjectVersion b/k/x"]),
        ("GET", "x-id=GetObject&response-content-type=a", ["s3:GetObject b/k/x"]),
        ("PUT", "", ["s3:PutObject b/k/x"]),
        ("PUT", "partNumber=1&uploadId=u", ["s3:PutObject b/k/x"]),
        ("POST", "uploads", ["s3:PutObject b/k/x"]),
        ("POST", "uploadId=u", ["s3:PutObject b/k/x"]),
        ("DELETE", "uploadId=u", ["s3:AbortMultipartUpload b/k/x"]),
        ("GET", "uploadId=u", ["s3:ListMultipartUploadParts b/k/x"]),
        ("DELETE", "", ["s3:DeleteObject b/k/x"]),
        ("DELETE", "versionId=1", ["s3:DeleteObjectVersion b/k/x"]),
        ("GET", "tagging", ["s3:GetObjectTagging b/k/x"]),
        ("GET", "tagging&versionId=1", ["s3:GetObjectVersionTagging b/k/x"]),
        ("PUT", "acl", ["s3:PutObjectAcl b/k/x"]),
        ("PUT", "acl&versionId=1", ["s3:PutObjectVersionAcl b/k/x"]),
        ("PUT", "legal-hold", ["s3:PutObjectLegalHold b/k/x"]),
        ("GET", "retention&versionId=1", ["s3:GetObjectRetention b/k/x"]),
        ("GET", "attributes&versionId=1", ["s3:GetObjectVersionAttributes b/k/x", "s3:GetObjectVersion b/k/x"]),
        ("GET", "X-Amz-Signature=a&X-Amz-Expires=1", ["s3:GetObject b/k/x"]),
        ("GET", "acl&tagging", ["s3: b/k/x"]),
        ("GET", "renameObject", ["s3: b/k/x"]),
        ("PUT", "policy", ["s3: b/k/x"]),
        ("GET", "attributes", ["s3:GetObjectAttributes b/k/x", "s3:GetObject b/k/x"]),
    ],
)
def test_what_an_object_s_requests_need(method: str, query: str, expected: list[str]) -> None:
    assert s3_needs(method, query=query) == expected


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        ("GET", "list-type=2&prefix=runs/", "s3:ListBucket b"),
        ("GET", "", "s3:ListBucket b"),
        ("HEAD", "", "s3:ListBucket b"),
        ("GET", "versions", "s3:ListBucketVersions b"),
        ("GET", "location", "s3:GetBucketLocation b"),
        ("GET", "lifecycle", "s3:GetLifecycleConfiguration b"),
        ("PUT", "policy", "s3:PutBucketPolicy b"),
        ("DELETE", "policy", "s3:DeleteBucketPolicy b"),
        ("GET", "versioning", "s3:GetBucketVersioning b"),
        ("PUT", "", "s3:CreateBucket b"),
        ("DELETE", "", "s3:DeleteBucket b"),
        ("GET", "accelerate", "s3:GetAccelerateConfiguration b"),
        ("PUT", "accelerate", "s3:PutAccelerateConfiguration b"),
        ("GET", "requestPayment", "s3:GetBucketRequestPayment b"),
        ("GET", "policyStatus", "s3:GetBucketPolicyStatus b"),
        ("GET", "inventory&id=i", "s3:GetInventoryConfiguration b"),
        ("PUT", "inventory&id=i", "s3:PutInventoryConfiguration b"),
        ("DELETE", "analytics&id=i", "s3:PutAnalyticsConfiguration b"),
        ("GET", "metrics", "s3:GetMetricsConfiguration b"),
        ("GET", "intelligent-tiering", "s3:GetIntelligentTieringConfiguration b"),
        ("GET", "replication", "s3:GetReplicationConfiguration b"),
        ("PUT", "object-lock", "s3:PutBucketObjectLockConfiguration b"),
        ("DELETE", "website", "s3:DeleteBucketWebsite b"),
        ("DELETE", "tagging", "s3:PutBucketTagging b"),
        ("GET", "metadataTable", "s3: b"),
        ("PUT", "acl&list-type=2&versioning", "s3: b"),
        ("POST", "", "s3: b"),
    ],
)
def test_what_a_bucket_s_requests_need(method: str, query: str, expected: str) -> None:
    assert s3_needs(method, key="", query=query) == [expected]


def test_headers_ask_for_more() -> None:
    assert s3_needs("PUT", x_amz_copy_source="/c/a%20b?versionId=2") == [
        "s3:PutObject b/k/x",
        "s3:GetObjectVersion c/a b",
    ]
    assert s3_needs("PUT", x_amz_tagging="a=b", x_amz_acl="private") == [
        "s3:PutObject b/k/x",
        "s3:PutObjectTagging b/k/x",
        "s3:PutObjectAcl b/k/x",
    ]
    assert s3_needs("PUT", if_match='"e"') == ["s3:PutObject b/k/x", "s3:GetObject b/k/x"]


def test_grants_and_locks_ask_for_more() -> None:
    assert s3_needs("PUT", x_amz_grant_read="uri=x") == ["s3:PutObject b/k/x", "s3:PutObjectAcl b/k/x"]
    assert s3_needs("POST", query="uploads", x_amz_object_lock_mode="GOVERNANCE") == [
        "s3:PutObject b/k/x",
        "s3:PutObjectRetention b/k/x",
    ]
    assert s3_needs("DELETE", x_amz_bypass_governance_retention="true") == [
        "s3:DeleteObject b/k/x",
        "s3:BypassGovernanceRetention b/k/x",
    ]
    for more in ({"x_amz_acl": "public-read"}, {"x_amz_grant_write": "uri=x"}):
        assert s3_needs("PUT", key="", **more) == ["s3:CreateBucket b", "s3:PutBucketAcl b"]
    assert s3_needs("PUT", key="", x_amz_acl="private") == ["s3:CreateBucket b"]


def test_a_path_without_a_bucket_is_no_listing_of_buckets() -> None:
    for path, expected in (("/", ("s3:ListAllMyBuckets", "*")), ("//b/secret", ("s3:", "unknown"))):
        (call,) = s3.calls(s3.S3Request("GET", *s3.located("localhost", path)))
        assert (call.action, call.resource) == expected


def test_each_deleted_object_is_a_call() -> None:
    body = (
        b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object>'
        b"<Object><Key>c/d</Key><VersionId>7</VersionId></Object><Quiet>true</Quiet></Delete>"
    )
    expected = ["s3:DeleteObject b/a", "s3:DeleteObjectVersion b/c/d"]
    assert s3_needs("POST", key="", query="delete", body=body) == expected


def test_a_listing_tells_its_prefix() -> None:
    (call,) = s3.calls(s3.S3Request("GET", "b", "", "list-type=2&prefix=runs%2Fa&max-keys=1"))
    assert call.context == {"s3:prefix": "runs/a", "s3:max-keys": "1"}


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("localhost:4566", "/b/k/x", ("b", "k/x")),
        ("127.0.0.1:4566", "/b/k/x", ("b", "k/x")),
        ("localhost", "/b", ("b", "")),
        ("localhost", "/", ("", "")),
        ("b.localhost:4566", "/k/x", ("b", "k/x")),
        ("b.s3.localhost:4566", "/k/x", ("b", "k/x")),
        ("b.s3.us-east-1.localhost:4566", "/k/x", ("b", "k/x")),
        ("B.localhost:4566", "/k/x", ("b", "k/x")),
        ("LOCALHOST:4566", "/b/k/x", ("b", "k/x")),
        ("[::1]:4566", "/b/k/x", ("b", "k/x")),
    ],
)
def test_where_a_request_s_bucket_is_told(host: str, path: str, expected: tuple[str, str]) -> None:
    assert s3.located(host, path) == expected


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
