"""What moto does otherwise than AWS, mended: each test through an ordinary client."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from warmfold.cloud.deploy import deploy, package
from warmfold.cloud.local import LocalCloud

pytestmark = [pytest.mark.xdist_group("cloud")]

FOLDER = Path(__file__).parent / "hooks_stack"


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait for what a condition gives, and give it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come about")


@dataclass
class Things:
    cloud: LocalCloud
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        return self.cloud.session().client(service)

    def invoke(self, **event: Any) -> dict[str, Any]:
        return dict(
            self.client("lambda").invoke(
                FunctionName=self.outputs["Function"], Payload=json.dumps(event), LogType="Tail"
            )
        )

    def messages(self, wanted: int, grace: float = 0.5) -> list[Any]:
        """The queue's messages once `wanted` are there, and those that come a little later."""
        sqs, found = self.client("sqs"), []

        def receive() -> None:
            for message in sqs.receive_message(QueueUrl=self.outputs["Queue"], MaxNumberOfMessages=10).get(
                "Messages", []
            ):
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.outputs["Queue"], ReceiptHandle=message["ReceiptHandle"])

        def enough() -> bool:
            receive()
            return len(found) >= wanted

        until(enough)
        end = time.monotonic() + grace
        while time.monotonic() < end:
            receive()
        return found

    def run(self, name: str | None = None, **given: Any) -> dict[str, Any]:
        client = self.client("stepfunctions")
        named = {"name": name} if name else {}
        arn = client.start_execution(stateMachineArn=self.outputs["Machine"], input=json.dumps(given), **named)
        return self.ended(arn["executionArn"])

    def ended(self, arn: str) -> dict[str, Any]:
        client = self.client("stepfunctions")

        def described() -> Any:
            found = client.describe_execution(executionArn=arn)
            return found if found["status"] != "RUNNING" else None

        return dict(until(described))


@pytest.fixture(scope="module")
def things(cloud: LocalCloud) -> Things:
    deploy(cloud.session(), FOLDER / "template.yaml", "hooks")
    return Things(cloud, outputs_of(cloud, "hooks"))


def outputs_of(cloud: LocalCloud, stack: str) -> dict[str, str]:
    described = cloud.session().client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


@pytest.fixture
def rule(things: Things) -> Iterator[Callable[..., None]]:
    """Makes rules that the test's end removes, and empties the queue."""
    events, names = things.client("events"), []

    def make(name: str, pattern: dict[str, Any], target: str, **options: Any) -> None:
        state = options.pop("state", "ENABLED")
        events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)
        events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": things.outputs[target], **options}])
        names.append(name)

    yield make
    for name in names:
        events.remove_targets(Rule=name, Ids=["one"])
        events.delete_rule(Name=name)
    things.messages(0)


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
    rule("off", {"source": ["own"]}, "QueueArn", state="DISABLED")
    rule("on", {"source": ["own"]}, "QueueArn", InputTransformer=transformer)
    entry = {"Source": "own", "DetailType": "thing", "Detail": json.dumps({"n": 3})}
    things.client("events").put_events(Entries=[entry])
    assert things.messages(1) == [{"number": 3, "d": {"n": 3}}]


def test_a_rule_reaches_a_function_and_a_state_machine(things: Things, rule: Callable[..., None]) -> None:
    rule("function", {"source": ["own"]}, "FunctionArn", Input='{"via": "rule"}')
    rule("machine", {"source": ["own"]}, "Machine", Input='{"do": "echo", "word": "via machine"}')
    things.client("events").put_events(Entries=[{"Source": "own", "DetailType": "thing", "Detail": "{}"}])
    received = [message["function"] for message in things.messages(2)]
    assert {"via": "rule"} in received
    assert [m["word"] for m in received if "word" in m] == ["via machine"]


def test_a_function_has_its_layer_its_role_and_its_log_group(things: Things) -> None:
    answer = things.invoke(do="tell")
    told = json.loads(answer["Payload"].read())
    assert told["layer"] == {"from": "layer"}
    assert ":assumed-role/hooks-FunctionRole" in told["caller"]
    assert 0 < told["milliseconds"] <= 2000
    assert "asked to tell" in base64.b64decode(answer["LogResult"]).decode()
    events = things.client("logs").filter_log_events(logGroupName="/own/hooks")["events"]
    assert any("asked to tell" in event["message"] for event in events)


def test_a_function_s_process_serves_again(things: Things) -> None:
    processes = {json.loads(things.invoke(do="tell")["Payload"].read())["process"] for _ in range(3)}
    assert len(processes) == 1


@pytest.mark.parametrize(
    ("do", "error", "message"),
    [
        ("fail", "OutOfCheeseError", "no cheese"),
        ("hang", "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
        ("exit", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_a_function_that_fails_says_so_as_on_aws(things: Things, do: str, error: str, message: str) -> None:
    answer = things.invoke(do=do)
    assert answer["FunctionError"] == "Unhandled"
    told = json.loads(answer["Payload"].read())
    assert told["errorType"] == error
    assert message in told["errorMessage"]


def test_jsonata_takes_quotes_backslashes_lists_and_the_start_time(things: Things) -> None:
    word = 'a "quoted" \\ word\n'
    done = things.run(do="keep", word=word)
    assert done["status"] == "SUCCEEDED", (done.get("error"), done.get("cause"))
    output = json.loads(done["output"])
    assert output["answer"] == {"do": "keep", "word": word, "list": [word]}
    assert output["began"].endswith("Z")


def test_a_state_machine_catches_a_function_s_exception_by_its_class(things: Things) -> None:
    assert json.loads(things.run(do="fail", word="")["output"]) == {"caught": "OutOfCheeseError"}


def test_a_task_s_timeout_may_be_an_expression(things: Things) -> None:
    done = things.run(do="hang", word="", seconds=1)
    assert (done["status"], done["error"]) == ("FAILED", "States.Timeout")


def test_executions_without_a_name_are_not_the_same(things: Things) -> None:
    arns = {things.run(do="keep", word="")["executionArn"] for _ in range(2)}
    assert len(arns) == 2


def test_a_stopped_execution_keeps_the_cause_and_its_end_is_an_event(things: Things, rule: Callable[..., None]) -> None:
    pattern = {
        "source": ["aws.states"],
        "detail": {"stateMachineArn": [things.outputs["Machine"]], "status": ["ABORTED"]},
    }
    rule("ended", pattern, "QueueArn")
    client = things.client("stepfunctions")
    given = json.dumps({"do": "hang", "word": ""})
    arn = client.start_execution(stateMachineArn=things.outputs["Machine"], input=given)["executionArn"]
    until(lambda: len(client.get_execution_history(executionArn=arn)["events"]) > 3)
    client.stop_execution(executionArn=arn, error="Enough", cause="of this")
    ended = things.ended(arn)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "of this")
    (event,) = things.messages(1)
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["detail"]["executionArn"] == arn
    assert (event["detail"]["error"], event["detail"]["cause"]) == ("Enough", "of this")


def test_a_change_set_leaves_outputs(cloud: LocalCloud) -> None:
    session = cloud.session()
    client = session.client("cloudformation")
    template = json.dumps(package(session.client("s3"), FOLDER / "template.yaml"))
    client.create_change_set(
        StackName="by-change-set", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template
    )
    client.execute_change_set(StackName="by-change-set", ChangeSetName="first")
    assert set(outputs_of(cloud, "by-change-set")) == {
        "Bucket", "Queue", "QueueArn", "Function", "FunctionArn", "Machine"
    }  # fmt: skip


def test_a_stack_can_be_updated(cloud: LocalCloud, things: Things) -> None:
    deploy(cloud.session(), FOLDER / "template.yaml", "hooks")
    assert outputs_of(cloud, "hooks")["Bucket"] == things.outputs["Bucket"]
