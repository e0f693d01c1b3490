"""What moto does otherwise than AWS, mended: each test through an ordinary client."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from tests.waiting import until
from warmfold.cloud.deploy import deploy, package
from warmfold.cloud.local import LocalCloud

FOLDER = Path(__file__).parent / "hooks_stack"


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

    def messages(self, wanted: int, grace: float = 0.3) -> list[Any]:
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

    def run(self, machine: str = "Machine", **given: Any) -> dict[str, Any]:
        return self.ended(self.start(machine, **given))

    def start(self, machine: str = "Machine", **given: Any) -> str:
        client = self.client("stepfunctions")
        started = client.start_execution(stateMachineArn=self.outputs[machine], input=json.dumps(given))
        return str(started["executionArn"])

    def job(self, name: str, *command: str) -> dict[str, Any]:
        """A CreateProcessingJob request."""
        return {
            "ProcessingJobName": name,
            "RoleArn": self.outputs["JobRoleArn"],
            "AppSpecification": {"ImageUri": "an-image", "ContainerEntrypoint": list(command)},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            "Tags": [{"Key": "own", "Value": "tag"}],
        }

    def job_status(self, name: str) -> str:
        return str(self.client("sagemaker").describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"])

    def run_definition(self, states: dict[str, Any], **options: Any) -> dict[str, Any]:
        """An execution of a state machine of these states, to its end."""
        started = self.client("stepfunctions").start_execution(stateMachineArn=self.machine(states, **options))
        return self.ended(started["executionArn"])

    def machine(self, states: dict[str, Any], **options: Any) -> str:
        """A new state machine of these states, the first of them the start."""
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **options}
        made = self.client("stepfunctions").create_state_machine(
            name=f"machine-{uuid.uuid4()}", definition=json.dumps(definition), roleArn=self.outputs["JobRoleArn"]
        )
        return str(made["stateMachineArn"])

    def logged(self, words: str) -> int:
        """How many lines of the functions' log have these words."""
        events = self.client("logs").filter_log_events(logGroupName="/own/hooks")["events"]
        return sum(words in event["message"] for event in events)

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

    def make(name: str, pattern: dict[str, Any] | None, target: str, **options: Any) -> None:
        own = {name: options.pop(name) for name in ("State", "ScheduleExpression") if name in options}
        events.put_rule(Name=name, **({"EventPattern": json.dumps(pattern)} if pattern else {}), **own)
        events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": things.outputs.get(target, target), **options}])
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


WAITS_FOR_A_FILE = """
import os, pathlib, time
def handle(event, context):
    pathlib.Path(event["here"], f"{os.getpid()}-{event['n']}").touch()
    while not pathlib.Path(event["here"], "end").exists():
        time.sleep(0.02)
    return event["n"]
"""


def zipped(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()


@pytest.fixture
def waiting(things: Things) -> Iterator[str]:
    """The ARN of a function that says that it has begun and then waits, both by files in the event's folder."""
    client = things.client("lambda")
    made = client.create_function(
        FunctionName="waits",
        Runtime="python3.12",
        Role=things.outputs["JobRoleArn"],
        Handler="waits.handle",
        Timeout=60,
        Code={"ZipFile": zipped("waits.py", WAITS_FOR_A_FILE)},
    )
    yield made["FunctionArn"]
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):  # the test has deleted it
        client.delete_function(FunctionName="waits")


def test_a_deleted_function_s_process_ends(things: Things, waiting: str, tmp_path: Path) -> None:
    (tmp_path / "end").touch()
    client = things.client("lambda")
    client.invoke(FunctionName=waiting, Payload=json.dumps({"here": str(tmp_path), "n": 1}))
    (told,) = tmp_path.glob("*-1")
    process = int(told.name.split("-")[0])
    os.kill(process, 0)
    client.delete_function(FunctionName=waiting)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"Runtime": "nodejs22.x", "Handler": "waits.handle"}, "other has nodejs22.x"),
        ({"PackageType": "Image"}, "other has package type Image"),
        ({"Handler": "waits.handle"}, "other has no runtime"),
    ],
)
def test_a_function_that_is_not_python_is_refused(things: Things, wanted: dict[str, str], words: str) -> None:
    client = things.client("lambda")
    code = {"ZipFile": zipped("waits.py", WAITS_FOR_A_FILE)}
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=words):
        client.create_function(FunctionName="other", Role=things.outputs["JobRoleArn"], Code=code, **wanted)


def test_a_function_can_not_become_another_language_s(things: Things) -> None:
    client = things.client("lambda")
    name = things.outputs["Function"]
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=r"python3\.x.*java21"):
        client.update_function_configuration(FunctionName=name, Runtime="java21")
    assert client.get_function_configuration(FunctionName=name)["Runtime"] == "python3.12"


def test_too_many_invocations_are_refused_or_wait_and_the_cloud_still_answers(
    things: Things, waiting: str, rule: Callable[..., None], tmp_path: Path
) -> None:
    client = things.cloud.session().client(
        "lambda", config=Config(max_pool_connections=100, retries={"total_max_attempts": 1})
    )

    def invoke(n: int, **options: str) -> Any:
        payload = json.dumps({"here": str(tmp_path), "n": n})
        return client.invoke(FunctionName=waiting, Payload=payload, **options)

    def begun(n: int) -> int:
        return len(list(tmp_path.glob(f"*-{n}")))

    with ThreadPoolExecutor(60) as threads:
        many = [threads.submit(invoke, 1) for _ in range(60)]
        until(lambda: begun(1) + len([one for one in many if one.done()]) == len(many))
        at_once = begun(1)
        assert 0 < at_once <= 32
        refused = [one.exception() for one in many if one.done()]
        assert {error.response["Error"]["Code"] for error in refused} == {"TooManyRequestsException"}
        assert {error.response["ResponseMetadata"]["HTTPStatusCode"] for error in refused} == {429}

        arguments = {"FunctionName": waiting, "Payload": {"here": str(tmp_path), "n": 2}}
        work = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": arguments, "End": True}
        assert things.run_definition({"Work": work})["error"] == "Lambda.TooManyRequestsException"

        rule("waits", {"source": ["own"]}, waiting, Input=json.dumps({"here": str(tmp_path), "n": 3}))
        things.client("events").put_events(Entries=[{"Source": "own", "DetailType": "thing", "Detail": "{}"}])
        assert invoke(4, InvocationType="Event")["StatusCode"] == 202
        (tmp_path / "end").touch()
        until(lambda: begun(3) and begun(4))
        done = [json.load(one.result()["Payload"]) for one in many if one.exception() is None]
    assert done == [1] * at_once
    assert begun(2) == 0


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
        ("$sum([1, 2)", "could not be evaluated"),
        ("$number('many')", "could not be evaluated"),
        ("$sum", "a function"),
        ("$states.input.nothing", "nothing (undefined)"),
    ],
)
def test_a_jsonata_expression_that_fails_is_named(things: Things, expression: str, words: str) -> None:
    done = things.run_definition({"A": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}})
    assert (done["status"], done["error"]) == ("FAILED", "States.QueryEvaluationError")
    assert f"'{expression}'" in done["cause"]
    assert words in done["cause"]


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


def test_a_state_machine_catches_a_function_s_exception_by_its_class(things: Things) -> None:
    assert json.loads(things.run(do="fail", word="")["output"]) == {"caught": "OutOfCheeseError"}


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
    things: Things, rule: Callable[..., None]
) -> None:
    machines = {"stateMachineArn": [things.outputs["Machine"]], "status": ["ABORTED"]}
    rule("ended", {"source": ["aws.states"], "detail": machines}, "QueueArn")
    client = things.client("stepfunctions")
    ends = things.logged("Task timed out")
    arn = things.start(do="hang", word="")
    until(lambda: len(client.get_execution_history(executionArn=arn)["events"]) > 3)
    client.stop_execution(executionArn=arn, error="Enough", cause="of this")
    ended = client.describe_execution(executionArn=arn)
    history = client.get_execution_history(executionArn=arn)["events"]
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "of this")
    assert history[-1]["type"] == "ExecutionAborted"
    assert history[-1]["executionAbortedEventDetails"] == {"error": "Enough", "cause": "of this"}

    until(lambda: things.logged("Task timed out") > ends)  # the function goes on to its end, which changes nothing
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
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {}}
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}, "Late": alarm}}
    client = things.client("cloudformation")
    client.create_stack(StackName="watched", TemplateBody=json.dumps(template))
    (complete,) = [
        event
        for event in client.describe_stack_events(StackName="watched")["StackEvents"]
        if event["ResourceStatus"] == "CREATE_COMPLETE"
    ]
    assert complete["ResourceStatusReason"] == "the local cloud leaves out Late (AWS::CloudWatch::Alarm)"
    assert "stack watched: the local cloud leaves out Late" in (home / "cloud.log").read_text()


def test_a_stack_that_did_not_change_can_be_deployed_again(cloud: LocalCloud, things: Things) -> None:
    deploy(cloud.session(), FOLDER / "template.yaml", "hooks")
    assert outputs_of(cloud, "hooks") == things.outputs
