"""Whom the local cloud answers, over its endpoint: keys, signatures, regions, and whom roles trust."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local.assumed import clients_as, clients_with
from tests.local.things import Things
from tests.ports import free_port
from tests.waiting import until
from warmfold.cloud import local

BUCKET = "identities"
DEFINITION = json.dumps({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def bucket(things: Things) -> str:
    s3 = things.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"content")
    return BUCKET


@pytest.fixture
def make_role(things: Things) -> Iterator[Callable[..., str]]:
    """Makes roles that the test's end removes: who is trusted, and what the role may do."""
    iam, names = things.client("iam"), []

    def make(service: str, *statements: dict[str, Any]) -> str:
        name = f"identities-{uuid.uuid4()}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        document = {"Version": "2012-10-17", "Statement": [trust]}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
        names.append(name)
        if statements:
            rights = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(rights))
        return name

    yield make
    for name in names:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


def arn(role: str) -> str:
    return f"arn:aws:iam::123456789012:role/{role}"


def test_a_role_has_no_way_to_become_the_user(things: Things, bucket: str, make_role: Callable[..., str]) -> None:
    client = clients_as(things.cloud, make_role("sagemaker.amazonaws.com"), "me")
    said = ("AccessDenied", "Cannot call GetSessionToken with session credentials")
    assert refusal(client("sts").get_session_token) == said
    assert refusal(client("s3").get_object, Bucket=bucket, Key="a")[0] == "AccessDenied"


def test_the_user_s_session_is_the_user(things: Things, bucket: str) -> None:
    keys = things.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    assert keys["AccessKeyId"].startswith("ASIA")
    client = clients_with(things.cloud, keys)
    assert client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"content"
    assert refusal(things.client("sts").get_federation_token, Name="me")[0] == "InvalidAction"


def test_temporary_keys_that_nobody_gave_are_refused_by_every_service(things: Things, bucket: str) -> None:
    keys = {"AccessKeyId": "ASIAXXXXXXXXXXXXXXXX", "SecretAccessKey": "x", "SessionToken": "x"}
    client = clients_with(things.cloud, keys)
    assert refusal(client("s3").get_object, Bucket=bucket, Key="a")[0] == "InvalidAccessKeyId"
    said = "The security token included in the request is invalid."
    for service, operation, code in (
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("stepfunctions", "list_state_machines", "UnrecognizedClientException"),
        ("sagemaker", "list_training_jobs", "UnrecognizedClientException"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
    ):
        assert refusal(getattr(client(service), operation)) == (code, said)


def test_what_is_exported_replaces_a_session_on_aws(things: Things, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of AWS")
    for name, value in things.cloud.environment.items():
        monkeypatch.setenv(name, value)
    assert boto3.Session().client("sts").get_caller_identity()["Account"] == "123456789012"


def test_unsigned_requests_are_refused(things: Things, bucket: str) -> None:
    unsigned = Config(signature_version=UNSIGNED)
    s3 = things.cloud.session().client("s3", config=unsigned)
    assert refusal(s3.get_object, Bucket=bucket, Key="a") == ("AccessDenied", "Access Denied")
    assert refusal(s3.put_object, Bucket=bucket, Key="b", Body=b"x") == ("AccessDenied", "Access Denied")
    for service, operation in (("sagemaker", "list_training_jobs"), ("stepfunctions", "list_state_machines")):
        code, _ = refusal(getattr(things.cloud.session().client(service, config=unsigned), operation))
        assert code == "MissingAuthenticationTokenException"


def test_a_browser_uploads_with_the_rights_of_whoever_signed_its_form(
    things: Things, bucket: str, make_role: Callable[..., str]
) -> None:
    may = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/form/*"}
    client = clients_as(things.cloud, make_role("sagemaker.amazonaws.com", may), "me")

    def posted(s3: Any, key: str) -> int:
        form = s3.generate_presigned_post(bucket, key)
        parts = [f'--B\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in form["fields"].items()]
        parts.append('--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nuploaded\r\n--B--\r\n')
        headers = {"Content-Type": "multipart/form-data; boundary=B"}
        request = urllib.request.Request(form["url"], "".join(parts).encode(), headers)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    path = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    assert posted(client("s3", config=path), "form/role") == 204
    assert posted(client("s3", config=path), "other") == 403
    assert posted(things.cloud.session().client("s3", config=path), "other") == 204
    stored = things.client("s3").get_object(Bucket=bucket, Key="form/role")["Body"].read()
    assert stored == b"uploaded"


def test_a_region_is_a_place_of_its_own(things: Things, make_role: Callable[..., str]) -> None:
    here = {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:123456789012:*"}
    client = clients_as(things.cloud, make_role("sagemaker.amazonaws.com", here), "me")
    client("sqs").create_queue(QueueName="identities")
    code, said = refusal(client("sqs", region_name="us-west-2").create_queue, QueueName="identities")
    assert code == "AccessDeniedException"
    assert "on resource: arn:aws:sqs:us-west-2:123456789012:identities because" in said
    code, said = refusal(things.cloud.session().client("sagemaker", region_name="us-west-2").list_training_jobs)
    assert code == "InvalidSignatureException"
    assert "SageMaker is in us-east-1 only" in said


def test_a_role_is_assumed_by_those_it_trusts_and_must_be_there(things: Things, make_role: Callable[..., str]) -> None:
    target = arn(make_role("lambda.amazonaws.com"))
    other = clients_as(things.cloud, make_role("sagemaker.amazonaws.com", EVERYTHING), "me")("sts")
    for sts in (things.client("sts"), other):
        for wanted in (target, target + "-none"):
            code, said = refusal(sts.assume_role, RoleArn=wanted, RoleSessionName="me")
            assert code == "AccessDenied"
            assert said.endswith(f"is not authorized to perform: sts:AssumeRole on resource: {wanted}")


def decisions(things: Things, role: str, *actions: str, **more: Any) -> list[str]:
    """What SimulatePrincipalPolicy says of a role's actions."""
    pages = things.client("iam").get_paginator("simulate_principal_policy")
    answers = pages.paginate(PolicySourceArn=arn(role), ActionNames=list(actions), **more)
    return [result["EvalDecision"] for page in answers for result in page["EvaluationResults"]]


def test_a_role_s_rights_are_simulated_by_the_verdict_of_real_calls(
    things: Things, bucket: str, make_role: Callable[..., str]
) -> None:
    mine = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    denied = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    tagged = {"StringEquals": {"aws:RequestTag/team": "us"}}
    condition = {"Effect": "Allow", "Action": "sns:CreateTopic", "Resource": "*", "Condition": tagged}
    role = make_role("sagemaker.amazonaws.com", mine, denied, condition)
    asked = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = [f"arn:aws:s3:::{bucket}/a"]
    assert decisions(things, role, *asked, ResourceArns=resources) == ["allowed", "explicitDeny", "implicitDeny"]
    assert decisions(things, role, "s3:GetObject") == ["implicitDeny"], "not on every object"
    given = [{"ContextKeyName": "aws:RequestTag/team", "ContextKeyValues": ["us"], "ContextKeyType": "string"}]
    assert decisions(things, role, "sns:CreateTopic") == ["implicitDeny"]
    assert decisions(things, role, "sns:CreateTopic", ContextEntries=given) == ["allowed"]
    more = json.dumps({"Version": "2012-10-17", "Statement": [EVERYTHING]})
    assert decisions(things, role, "s3:DeleteObject", "s3:PutObject", PolicyInputList=[more]) == [
        "allowed",
        "explicitDeny",
    ]
    bound = json.dumps({"Version": "2012-10-17", "Statement": [{**EVERYTHING, "Action": "sqs:*"}]})
    bounded = {"PermissionsBoundaryPolicyInputList": [bound], "ResourceArns": resources}
    assert decisions(things, role, "s3:GetObject", **bounded) == ["implicitDeny"]


def test_what_is_not_simulated_is_refused_by_name(things: Things, make_role: Callable[..., str]) -> None:
    simulate = things.client("iam").simulate_principal_policy
    nobody = refusal(simulate, PolicySourceArn=arn("nobody-has-it"), ActionNames=["s3:GetObject"])
    assert nobody[0] == "NoSuchEntity"
    role, caller = make_role("sagemaker.amazonaws.com"), "arn:aws:iam::123456789012:user/me"
    asked = {"PolicySourceArn": arn(role), "ActionNames": ["s3:GetObject"]}
    assert refusal(simulate, **asked, CallerArn=caller) == (
        "InvalidInput",
        "CallerArn is not built in the local cloud: leave it out.",
    )
    assert refusal(simulate, **asked, PolicyInputList=["{"])[0] == "InvalidInput"


def test_a_state_machine_needs_a_role_that_step_functions_may_assume(
    things: Things, make_role: Callable[..., str]
) -> None:
    good, bad = arn(make_role("states.amazonaws.com")), arn(make_role("sagemaker.amazonaws.com"))
    client = things.client("stepfunctions")
    said = (
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume "
        "the provided role.",
    )
    for role in (bad, good + "-none"):
        assert refusal(client.create_state_machine, name="identities", definition=DEFINITION, roleArn=role) == said
    regional = arn(make_role("states.us-east-1.amazonaws.com"))
    made = client.create_state_machine(name="identities", definition=DEFINITION, roleArn=regional)["stateMachineArn"]
    assert refusal(client.update_state_machine, stateMachineArn=made, roleArn=bad) == said
    client.update_state_machine(stateMachineArn=made, roleArn=good)
    assert client.describe_state_machine(stateMachineArn=made)["roleArn"] == good
    client.delete_state_machine(stateMachineArn=made)


def test_a_function_s_new_role_must_trust_lambda_too(things: Things, make_role: Callable[..., str]) -> None:
    client, bad = things.client("lambda"), arn(make_role("states.amazonaws.com"))
    name = things.outputs["Function"]
    code, said = refusal(client.update_function_configuration, FunctionName=name, Role=bad)
    assert (code, said) == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    )
    assert client.get_function_configuration(FunctionName=name)["Role"] != bad


def test_a_rule_starts_a_machine_through_a_role_that_trusts_eventbridge(
    things: Things, make_role: Callable[..., str]
) -> None:
    events, machines = things.client("events"), things.client("stepfunctions")
    start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": "*"}
    machine = machines.create_state_machine(
        name="started", definition=DEFINITION, roleArn=arn(make_role("states.amazonaws.com"))
    )["stateMachineArn"]
    dead = things.client("sqs").create_queue(QueueName="identities-dead")["QueueUrl"]
    queue = f"arn:aws:sqs:{things.cloud.region}:123456789012:identities-dead"
    events.put_rule(Name="identities", EventPattern=json.dumps({"source": ["identities"]}))
    target = {"Id": "one", "Arn": machine, "DeadLetterConfig": {"Arn": queue}}
    said = ("ValidationException", f"RoleArn is required for target {machine}.")
    assert refusal(events.put_targets, Rule="identities", Targets=[target]) == said

    def put(role: str) -> None:
        events.put_targets(Rule="identities", Targets=[{**target, "RoleArn": arn(role)}])
        events.put_events(Entries=[{"Source": "identities", "DetailType": "made", "Detail": "{}"}])

    put(make_role("sagemaker.amazonaws.com", start))
    sqs = things.client("sqs")

    def dead_letter() -> Any:
        answer = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"])
        return next(iter(answer.get("Messages", [])), None)

    letter: Any = until(dead_letter)
    assert "cannot be assumed by principal" in letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert machines.list_executions(stateMachineArn=machine)["executions"] == []
    put(make_role("events.amazonaws.com", start))
    until(lambda: machines.list_executions(stateMachineArn=machine)["executions"])
    events.remove_targets(Rule="identities", Ids=["one"])
    events.delete_rule(Name="identities")


def test_a_role_without_rights_is_denied_before_its_request_is_found_invalid(
    things: Things, make_role: Callable[..., str]
) -> None:
    loose = Config(parameter_validation=False)
    client = clients_as(things.cloud, make_role("sagemaker.amazonaws.com"), "me")("sagemaker", config=loose)
    name = "no_underscores"
    code, said = refusal(client.stop_training_job, TrainingJobName=name)
    assert code == "AccessDeniedException"
    assert (
        f"sagemaker:StopTrainingJob on resource: arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}" in said
    )
    assert refusal(client.create_training_job, Tags=[{}], RoleArn=None)[0] == "AccessDeniedException"
    assert refusal(client.list_training_jobs, MaxResults="many")[0] == "SerializationException"
    user = things.cloud.session().client("sagemaker", config=loose)
    assert refusal(user.stop_training_job, TrainingJobName=name)[0] == "ValidationException"


def test_without_policies_everybody_may_do_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMFOLD_IAM", "off")
    template = Path(__file__).parents[1] / "conformance" / "template.yaml"
    cloud = local.up(tmp_path, free_port(), stack_name="off", template=template)
    try:
        session, unsigned = cloud.session(), Config(signature_version=UNSIGNED)
        session.client("s3", config=unsigned).create_bucket(Bucket=BUCKET)
        stranger = {"AccessKeyId": "ASIAXXXXXXXXXXXXXXXX", "SecretAccessKey": "x", "SessionToken": "x"}
        clients_with(cloud, stranger)("sagemaker").list_training_jobs()
        keys = session.client("sts").assume_role(RoleArn=arn("nobody"), RoleSessionName="me")["Credentials"]
        machines = clients_with(cloud, keys)("stepfunctions")
        made = machines.create_state_machine(name="off", definition=DEFINITION, roleArn=arn("nobody"))
        events = session.client("events")
        events.put_rule(Name="off", EventPattern=json.dumps({"source": ["off"]}))
        events.put_targets(Rule="off", Targets=[{"Id": "one", "Arn": made["stateMachineArn"]}])
        events.put_events(Entries=[{"Source": "off", "DetailType": "made", "Detail": "{}"}])
        until(lambda: machines.list_executions(stateMachineArn=made["stateMachineArn"])["executions"])
    finally:
        local.down(tmp_path)
