"""What moto does otherwise than AWS, mended, in S3, EventBridge, IAM and CloudFormation: each through a client."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.local.things import FOLDER, Things, outputs_of
from warmfold.cloud.deploy import deploy, package
from warmfold.cloud.local import LocalCloud


def test_s3_sends_one_event_per_put_in_aws_s_form(things: Things, rule: Callable[..., None]) -> None:
    rule("puts", {"source": ["aws.s3"], "detail": {"bucket": {"name": [things.outputs["Bucket"]]}}}, "QueueArn")
    s3 = things.client("s3")
    for body in (b"one", b"three"):
        put = s3.put_object(Bucket=things.outputs["Bucket"], Key="a b/é.csv", Body=body)
    first, second = sorted(things.messages(2), key=lambda event: event["detail"]["object"]["sequencer"])
    assert {e["detail-type"] for e in (first, second)} == {"Object Created"}
    assert second["detail"]["object"] == {
        "key": "a b/é.csv",
        "size": 5,
        "etag": put["ETag"].strip('"'),
        "version-id": put["VersionId"],
        "sequencer": second["detail"]["object"]["sequencer"],
    }
    assert second["detail"]["reason"] == "PutObject"
    assert second["time"].endswith("Z")
    assert second["resources"] == [f"arn:aws:s3:::{things.outputs['Bucket']}"]


def test_a_multipart_upload_is_one_event(things: Things, rule: Callable[..., None]) -> None:
    rule("parts", {"source": ["aws.s3"], "detail": {"bucket": {"name": [things.outputs["Bucket"]]}}}, "QueueArn")
    s3 = things.client("s3")
    where = {"Bucket": things.outputs["Bucket"], "Key": "large.csv"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"data")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
    (event,) = things.messages(1)
    assert event["detail"]["reason"] == "CompleteMultipartUpload"


def test_a_bucket_is_versioned_as_its_template_says(things: Things) -> None:
    assert things.client("s3").get_bucket_versioning(Bucket=things.outputs["Bucket"])["Status"] == "Enabled"


def test_a_disabled_rule_delivers_nothing_and_an_enabled_one_its_transformed_input(
    things: Things, rule: Callable[..., None]
) -> None:
    transformer = {
        "InputPathsMap": {"n": "$.detail.n", "all": "$.detail"},
        "InputTemplate": '{"number": <n>, "d": <all>}',
    }
    rule("off", {"source": ["own"]}, "QueueArn", State="DISABLED")
    rule("on", {"source": ["own"]}, "QueueArn", InputTransformer=transformer)
    entry = {"Source": "own", "DetailType": "thing", "Detail": json.dumps({"n": 3})}
    things.client("events").put_events(Entries=[entry])
    assert things.messages(1) == [{"number": 3, "d": {"n": 3}}]


def test_a_schedule_is_no_rule_for_events(things: Things, rule: Callable[..., None]) -> None:
    rule("daily", None, "QueueArn", ScheduleExpression="rate(1 day)", Input='"from the schedule"')
    rule("last", {"source": ["own"]}, "QueueArn", Input='"from the event"')
    things.client("events").put_events(Entries=[{"Source": "own", "DetailType": "thing", "Detail": "{}"}])
    things.client("s3").put_object(Bucket=things.outputs["Bucket"], Key="any")
    assert things.messages(1) == ["from the event"]


def test_a_rule_reaches_a_function_and_a_state_machine(things: Things, rule: Callable[..., None]) -> None:
    rule("function", {"source": ["own"]}, "FunctionArn", Input='{"via": "rule"}')
    role, said = things.outputs["RuleRoleArn"], '{"do": "echo", "word": "via machine"}'
    rule("machine", {"source": ["own"]}, "Machine", Input=said, RoleArn=role)
    things.client("events").put_events(Entries=[{"Source": "own", "DetailType": "thing", "Detail": "{}"}])
    received = [message["function"] for message in things.messages(2)]
    assert {"via": "rule"} in received
    assert [m["word"] for m in received if "word" in m] == ["via machine"]


def test_a_role_has_its_inline_and_managed_policies(things: Things) -> None:
    iam = things.client("iam")
    role = things.outputs["JobRole"]
    attached = {p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
    assert attached == {things.outputs["JobPolicy"], "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
    (statement,) = iam.get_role_policy(RoleName=role, PolicyName="write")["PolicyDocument"]["Statement"]
    assert statement["Resource"] == f"arn:aws:s3:::{things.outputs['Bucket']}/first/*"
    detail = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    (of_role,) = [d for d in detail if d["RoleName"] == role]
    assert of_role["RolePolicyList"][0]["PolicyDocument"]["Statement"] == [statement]


def policies_of(cloud: LocalCloud, outputs: dict[str, str]) -> list[str]:
    """The resources that a role's own inline and managed policy allow."""
    iam = cloud.session().client("iam")
    inline = iam.get_role_policy(RoleName=outputs["JobRole"], PolicyName="write")["PolicyDocument"]
    arn = outputs["JobPolicy"]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    managed = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return [document["Statement"][0]["Resource"] for document in (inline, managed)]


def test_a_change_set_creates_and_updates_a_stack_with_its_outputs(cloud: LocalCloud) -> None:
    session = cloud.session()
    client = session.client("cloudformation")
    template = json.dumps(package(session.client("s3"), FOLDER / "template.yaml"))

    def change(kind: str, word: str) -> None:
        client.create_change_set(
            StackName="by-change-set",
            ChangeSetName=kind.lower(),
            ChangeSetType=kind,
            TemplateBody=template,
            Parameters=[{"ParameterKey": "Word", "ParameterValue": word}],
        )
        client.execute_change_set(StackName="by-change-set", ChangeSetName=kind.lower())

    change("CREATE", "first")
    created = outputs_of(cloud, "by-change-set")
    assert {"Bucket", "Queue", "Function", "Machine", "JobRole"} <= set(created)
    change("UPDATE", "second")
    updated = outputs_of(cloud, "by-change-set")
    assert updated == created
    described = client.describe_stacks(StackName="by-change-set")["Stacks"][0]
    assert described["Parameters"] == [{"ParameterKey": "Word", "ParameterValue": "second"}]
    assert policies_of(cloud, updated) == [f"arn:aws:s3:::{updated['Bucket']}/second/*"] * 2


def test_an_update_changes_code_layer_environment_logs_bucket_definition_and_policies(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    folder = tmp_path / "stack"
    shutil.copytree(FOLDER, folder)
    deploy(cloud.session(), folder / "template.yaml", "changing")
    before = Things(cloud, outputs_of(cloud, "changing"))
    told = json.loads(before.invoke(do="tell")["Payload"].read())
    assert (told["layer"], told["word"]) == ({"from": "layer"}, "first")

    (folder / "layer" / "fact.json").write_text('{"from": "the new layer"}')
    probe = folder / "functions" / "probe.py"
    probe.write_text(probe.read_text().replace('"word": os', '"new": True, "word": os'))
    template = folder / "template.yaml"
    changed = template.read_text().replace("Status: Enabled", "Status: Suspended")
    template.write_text(changed.replace("LogGroup: !Ref Logs", "LogGroup: /another"))
    deploy(cloud.session(), template, "changing", {"Word": "second"})
    after = Things(cloud, outputs_of(cloud, "changing"))
    assert after.outputs == before.outputs
    told = json.loads(after.invoke(do="tell")["Payload"].read())
    assert (told["layer"], told["word"], told["new"]) == ({"from": "the new layer"}, "second", True)
    assert cloud.session().client("logs").filter_log_events(logGroupName="/another")["events"]
    versioning = cloud.session().client("s3").get_bucket_versioning(Bucket=after.outputs["Bucket"])
    assert versioning["Status"] == "Suspended"
    tags = cloud.session().client("s3").get_bucket_tagging(Bucket=after.outputs["Bucket"])["TagSet"]
    assert {"Key": "word", "Value": "second"} in tags
    assert json.loads(after.run(do="keep", word="")["output"])["answer"]["said"] == 'say "second"'
    assert policies_of(cloud, after.outputs) == [f"arn:aws:s3:::{after.outputs['Bucket']}/second/*"] * 2


@pytest.mark.parametrize(
    ("kind", "properties", "words"),
    [
        ("AWS::Serverless::Function", {"Nonsense": 1}, "Nonsense"),
        ("AWS::SQS::Queue", {"QueueName": {"Ref": "Nothing"}}, "KeyError: 'Nothing'"),
        (
            "AWS::Serverless::StateMachine",
            {"Definition": {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "x", "End": True}}}},
            "InvalidDefinition",
        ),
        (
            "AWS::StepFunctions::StateMachine",
            {"RoleArn": "arn:aws:iam::123456789012:role/any", "DefinitionString": "States: &a {}\nStartAt: *a"},
            r"Definition of wrong-[0-9a-f-]+-Thing-\w+: line 2 has the YAML alias \*a",
        ),
    ],
)
def test_what_is_wrong_with_a_template_is_said(
    things: Things, kind: str, properties: dict[str, Any], words: str
) -> None:
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"Thing": {"Type": kind, "Properties": properties}},
    }
    client = things.client("cloudformation")
    with pytest.raises(client.exceptions.ClientError, match=words) as refused:
        client.create_stack(StackName=f"wrong-{uuid.uuid4()}", TemplateBody=json.dumps(template))
    assert refused.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize("kind", ["AWS::S3::Bukcet", "AWS::SageMaker::Model", "AWS::Lambda::Alias"])
def test_a_resource_that_the_cloud_does_not_have_is_refused(things: Things, kind: str) -> None:
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}, "Thing": {"Type": kind, "Properties": {}}}}
    client, name = things.client("cloudformation"), f"wrong-{uuid.uuid4()}"
    with pytest.raises(client.exceptions.ClientError, match=rf"Unrecognized resource types: \[{kind}\]"):
        client.create_stack(StackName=name, TemplateBody=json.dumps(template))
    assert not [queue for queue in things.client("sqs").list_queues()["QueueUrls"] if name in queue]


def test_a_resource_that_only_aws_needs_is_left_out_and_named(things: Things, home: Path) -> None:
    policy = {"Type": "AWS::S3::BucketPolicy", "Properties": {}}
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}, "Late": policy}}
    client = things.client("cloudformation")
    client.create_stack(StackName="watched", TemplateBody=json.dumps(template))
    (complete,) = [
        event
        for event in client.describe_stack_events(StackName="watched")["StackEvents"]
        if event["ResourceStatus"] == "CREATE_COMPLETE"
    ]
    assert complete["ResourceStatusReason"] == "the local cloud leaves out Late (AWS::S3::BucketPolicy)"
    assert "stack watched: the local cloud leaves out Late" in (home / "cloud.log").read_text()


def test_a_stack_that_did_not_change_can_be_deployed_again(cloud: LocalCloud, things: Things) -> None:
    deploy(cloud.session(), FOLDER / "template.yaml", "hooks")
    assert outputs_of(cloud, "hooks") == things.outputs
