"""What moto does otherwise than AWS, mended, in Lambda: each test through an ordinary client."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from tests.local.things import Things
from tests.patience import PATIENCE
from tests.waiting import until


def test_a_function_has_its_layer_its_role_and_its_log_group(things: Things) -> None:
    answer = things.invoke(do="tell")
    told = json.loads(answer["Payload"].read())
    assert told["layer"] == {"from": "layer"}
    assert ":assumed-role/hooks-FunctionRole" in told["caller"]
    assert 0 < told["milliseconds"] <= 600_000
    assert "asked to tell" in base64.b64decode(answer["LogResult"]).decode()
    events = things.client("logs").filter_log_events(logGroupName="/own/hooks")["events"]
    streams = {event["logStreamName"] for event in events if "asked to tell" in event["message"]}
    assert streams
    # as on AWS, where a group is not a function's own by default
    assert all(f"/{things.outputs['Function']}[$LATEST]" in stream for stream in streams)


def test_a_function_s_process_serves_again(things: Things) -> None:
    processes = {json.loads(things.invoke(do="tell")["Payload"].read())["process"] for _ in range(3)}
    assert len(processes) == 1


@pytest.mark.parametrize(
    ("function", "do", "error", "message"),
    [
        ("Function", "fail", "OutOfCheeseError", "no cheese"),
        ("HastyFunction", "hang", "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
        ("Function", "exit", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_a_function_that_fails_says_so_as_on_aws(
    things: Things, function: str, do: str, error: str, message: str
) -> None:
    answer = things.invoke(function, do=do)
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
        Timeout=900,
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
    patient = Config(max_pool_connections=100, retries={"total_max_attempts": 1}, read_timeout=PATIENCE)
    client = things.cloud.session().client("lambda", config=patient)

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
