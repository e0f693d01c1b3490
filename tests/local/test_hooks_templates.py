"""Templates as the public write them, through CloudFormation's ordinary client."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.things import Things, outputs_of
from tests.waiting import until
from warmfold.cloud.deploy import deploy

ROLE = """
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Action: sts:AssumeRole
            Principal: {Service: states.amazonaws.com}
"""
"""With the date of the policy language as nearly everybody writes it: without quotes."""

Make = Callable[..., dict[str, str]]


@pytest.fixture
def make(things: Things) -> Iterator[Make]:
    """Makes stacks that the test's end deletes; gives their outputs."""
    client, names = things.client("cloudformation"), []

    def made(resources: str, *, by_change_set: bool = False, **outputs: str) -> dict[str, str]:
        name = f"own-{uuid.uuid4().hex[:8]}"
        told = "".join(f"  {output}: {{Value: {value}}}\n" for output, value in outputs.items())
        text = f"Resources:\n{resources}" + (f"Outputs:\n{told}" if told else "")
        names.append(name)
        if by_change_set:
            kind = {"ChangeSetName": "one", "ChangeSetType": "CREATE"}
            client.create_change_set(StackName=name, TemplateBody=text, **kind)
            client.execute_change_set(StackName=name, ChangeSetName="one")
        else:
            client.create_stack(StackName=name, TemplateBody=text)
        return outputs_of(things.cloud, name)

    yield made
    for name in reversed(names):
        client.delete_stack(StackName=name)


def test_a_date_without_quotes_is_text(things: Things, make: Make, tmp_path: Path) -> None:
    role = make(ROLE, Role="!Ref Role")["Role"]
    document = things.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    assert document["Version"] == "2012-10-17"
    (tmp_path / "template.yaml").write_text(f"Resources:\n{ROLE}")
    name = f"own-{uuid.uuid4().hex[:8]}"
    deploy(things.cloud.session(), tmp_path / "template.yaml", name)
    things.client("cloudformation").delete_stack(StackName=name)


def machine(definition: str) -> str:
    return f"""{ROLE}
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn
{definition}"""


PASS = "{StartAt: A, States: {A: {Type: Wait, Timestamp: 2020-01-01T00:00:00Z, End: true}}}"


@pytest.mark.parametrize("by_change_set", [False, True])
def test_attributes_that_are_arns_are_given(things: Things, make: Make, by_change_set: bool) -> None:
    resources = machine(f"      Definition: {PASS}\n") + "  Topic: {Type: AWS::SNS::Topic}\n"
    outputs = make(
        resources,
        by_change_set=by_change_set,
        Machine="!GetAtt Machine.Arn",
        Same="!Ref Machine",
        Topic="!GetAtt Topic.TopicArn",
        SameTopic="!Ref Topic",
    )
    assert (outputs["Machine"], outputs["Topic"]) == (outputs["Same"], outputs["SameTopic"])
    started = things.client("stepfunctions").start_execution(stateMachineArn=outputs["Machine"])
    assert things.ended(started["executionArn"])["status"] == "SUCCEEDED"


def test_an_output_that_cannot_be_had_fails_its_own_stack_only(things: Things, make: Make) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        make("  Topic: {Type: AWS::SNS::Topic}\n", by_change_set=True, Nothing="!GetAtt Topic.Nothing")
    assert things.client("cloudformation").describe_stacks()["Stacks"]


def test_a_definition_of_json_may_have_tabs(things: Things, make: Make) -> None:
    key = {"Bucket": things.outputs["Bucket"], "Key": f"{uuid.uuid4()}.asl.json"}
    body = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, indent="\t")
    things.client("s3").put_object(**key, Body=body.encode())
    outputs = make(machine(f"      DefinitionS3Location: {json.dumps(key)}\n"), Machine="!Ref Machine")
    assert ":stateMachine:" in outputs["Machine"]


def test_a_stack_within_a_stack_gives_its_outputs(things: Things, make: Make) -> None:
    inner = "Resources: {Topic: {Type: AWS::SNS::Topic}}\nOutputs: {Name: {Value: !GetAtt Topic.TopicName}}\n"
    bucket, key = things.outputs["Bucket"], f"{uuid.uuid4()}.yaml"
    things.client("s3").put_object(Bucket=bucket, Key=key, Body=inner.encode())
    child = f"  Child:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: 'https://s3.amazonaws.com/{bucket}/{key}'}}\n"
    assert make(child, Name="!GetAtt Child.Outputs.Name")["Name"]


def test_activities_and_subscriptions_are_resources(things: Things, make: Make) -> None:
    name = f"activity-{uuid.uuid4()}"
    outputs = make(
        f"  Activity: {{Type: AWS::StepFunctions::Activity, Properties: {{Name: {name}}}}}\n"
        "  Topic: {Type: AWS::SNS::Topic}\n"
        "  Subscription:\n"
        "    Type: AWS::SNS::Subscription\n"
        "    Properties:\n"
        "      TopicArn: !Ref Topic\n"
        "      Protocol: sqs\n"
        f"      Endpoint: {things.outputs['QueueArn']}\n"
        "      RawMessageDelivery: true\n",
        Activity="!Ref Activity",
        Name="!GetAtt Activity.Name",
        Topic="!Ref Topic",
    )
    described = things.client("stepfunctions").describe_activity(activityArn=outputs["Activity"])
    assert described["name"] == outputs["Name"] == name
    things.client("sns").publish(TopicArn=outputs["Topic"], Message='{"told": true}')
    assert things.messages(1) == [{"told": True}]


def test_batch_takes_the_name_of_its_role_which_is_what_ref_gives(things: Things) -> None:
    batch, name = things.client("batch"), f"batch-{uuid.uuid4()}"
    made = {"computeEnvironmentName": name, "type": "UNMANAGED", "serviceRole": things.outputs["JobRole"]}
    arn = batch.create_compute_environment(**made)["computeEnvironmentArn"]
    (found,) = batch.describe_compute_environments(computeEnvironments=[name])["computeEnvironments"]
    assert found["computeEnvironmentArn"] == arn


def test_a_state_machine_of_a_template_logs_and_is_express(things: Things, make: Make) -> None:
    outputs = make(
        machine(
            f"      Definition: {PASS}\n"
            "      StateMachineType: EXPRESS\n"
            "      LoggingConfiguration:\n"
            "        Level: ALL\n"
            "        IncludeExecutionData: true\n"
            "        Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !GetAtt Logs.Arn}}]\n"
            "  Logs: {Type: AWS::Logs::LogGroup}\n"
        ),
        Machine="!Ref Machine",
        Logs="!Ref Logs",
    )
    client, logs = things.client("stepfunctions"), things.client("logs")
    described = client.describe_state_machine(stateMachineArn=outputs["Machine"])
    assert (described["type"], described["loggingConfiguration"]["level"]) == ("EXPRESS", "ALL")
    arn = client.start_execution(stateMachineArn=outputs["Machine"])["executionArn"]

    def ended() -> Any:
        events = logs.filter_log_events(logGroupName=outputs["Logs"])["events"]
        lines = [json.loads(event["message"]) for event in events]
        return [line for line in lines if line["type"] == "ExecutionSucceeded"]

    assert [line["execution_arn"] for line in until(ended)] == [arn]


def test_a_role_may_ask_for_the_source_of_a_call_and_an_external_id(things: Things) -> None:
    """What CDK writes: for the machines of one account, and for those who say a word that was agreed on, or none."""
    iam, client, name = things.client("iam"), things.client("stepfunctions"), f"role-{uuid.uuid4()}"

    def trusting(principal: dict[str, str], condition: dict[str, Any]) -> str:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        try:
            return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])
        except ClientError:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
            return str(iam.get_role(RoleName=name)["Role"]["Arn"])

    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    states = {"Service": "states.amazonaws.com"}
    like = "arn:aws:states:us-east-1:123456789012:stateMachine:"
    role = trusting(states, {"ArnLike": {"aws:SourceArn": f"{like}*"}})
    made = client.create_state_machine(name=f"m-{uuid.uuid4()}", definition=definition, roleArn=role)
    assert made["stateMachineArn"].startswith(like)
    trusting(states, {"ArnLike": {"aws:SourceArn": f"{like}other"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        client.create_state_machine(name=f"m-{uuid.uuid4()}", definition=definition, roleArn=role)
    sts, account = things.client("sts"), {"AWS": "arn:aws:iam::123456789012:root"}
    assume = {"RoleArn": role, "RoleSessionName": "session"}
    trusting(account, {"Null": {"sts:ExternalId": "true"}})
    sts.assume_role(**assume)
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(**assume, ExternalId="word")
    trusting(account, {"StringEquals": {"sts:ExternalId": "word"}})
    sts.assume_role(**assume, ExternalId="word")
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(**assume)
