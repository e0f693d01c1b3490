"""The local cloud as a process: how it starts, what it listens on, how it goes, and stacks side by side in it."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tests.patience import PATIENCE
from tests.ports import free_port
from tests.waiting import until
from warmfold.cli import app, main
from warmfold.cloud import local
from warmfold.cloud.deploy import deploy
from warmfold.cloud.local import TEMPLATE, LocalCloud, LocalCloudError
from warmfold.stack import Stack, open_stack
from warmfold_run.names import run_id

HOOKS = Path(__file__).parent / "hooks_stack" / "template.yaml"


def processes() -> dict[int, tuple[int, str]]:
    """Every process's parent and command."""
    shown = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    ).stdout
    found = (line.split(None, 2) for line in shown.splitlines())
    return {int(pid): (int(parent), command) for pid, parent, command in found}


def below(root: int) -> dict[int, str]:
    """The commands of a process and of all that descends from it."""
    everything, found, grown = processes(), {root}, True
    while grown:
        children = {pid for pid, (parent, _) in everything.items() if parent in found}
        grown = not children <= found
        found |= children
    return {pid: everything[pid][1] for pid in found if pid in everything}


def left_of(before: dict[int, str]) -> dict[int, str]:
    """Those of the processes that are still there."""
    now = processes()
    return {pid: command for pid, command in before.items() if pid in now and now[pid][1] == command}


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[Path, LocalCloud]]:
    """A cloud of its own with a function, a job and a job's child running."""
    cloud = local.up(tmp_path, free_port(), stack_name="hooks", template=HOOKS)
    try:
        session = cloud.session()
        described = session.client("cloudformation").describe_stacks(StackName="hooks")["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        session.client("lambda").invoke(FunctionName=outputs["Function"], Payload='{"do": "keep"}')
        hanging = json.dumps({"do": "hang", "word": ""})
        session.client("stepfunctions").start_execution(stateMachineArn=outputs["Machine"], input=hanging)
        session.client("sagemaker").create_processing_job(
            ProcessingJobName="sleeps",
            RoleArn=outputs["JobRoleArn"],
            AppSpecification={"ImageUri": "x", "ContainerEntrypoint": ["/bin/sh", "-c", "sleep 61 & sleep 62"]},
            ProcessingResources={
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
        )

        def all_there() -> bool:
            commands = " ".join(below(cloud.pid).values())
            return all(words in commands for words in ("bootstrap.py", "sleep 61", "sleep 62"))

        until(all_there)
        yield tmp_path, cloud
    finally:
        local.down(tmp_path)


def test_down_leaves_no_process_and_closes_the_port(busy: tuple[Path, LocalCloud]) -> None:
    home, cloud = busy
    running = below(cloud.pid)
    assert local.down(home)
    assert left_of(running) == {}
    assert not (home / "cloud.json").exists()
    local._check_port(int(cloud.endpoint.rsplit(":", 1)[-1]))
    assert list((home / "functions").iterdir()) == []
    assert "Traceback" not in (home / "cloud.log").read_text()


def test_a_killed_cloud_leaves_no_process_and_its_home_is_free(busy: tuple[Path, LocalCloud]) -> None:
    home, cloud = busy
    running = below(cloud.pid)
    os.kill(cloud.pid, signal.SIGKILL)
    until(lambda: local.status(home) is None)
    until(lambda: left_of(running) == {})
    assert not local.down(home)
    assert not (home / "cloud.json").exists()


def test_up_status_and_down_as_commands_where_there_is_no_program_but_python(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("LC_ALL", "C")
    home = tmp_path / "ümlaut ü"
    where = ["--home", str(home)]
    runner = CliRunner()
    port = free_port()
    up = runner.invoke(app, ["local", "up", *where, "--port", str(port), "--json"])
    try:
        told = json.loads(up.stdout)
        assert told["endpoint"] == told["environment"]["AWS_ENDPOINT_URL"] == f"http://localhost:{port}"
        status = runner.invoke(app, ["local", "status", *where, "--json"])
        assert json.loads(status.stdout) == {"endpoint": told["endpoint"], "pid": told["pid"], "ready": True}
        assert status.exit_code == 0
        running = local.status(home)
        assert running is not None
        assert "stateMachine:warmfold" in open_stack(session=running.session()).state_machine_arn

        second = runner.invoke(app, ["local", "up", *where])
        assert second.exit_code == 0
        assert f"export AWS_ENDPOINT_URL={told['endpoint']}" in second.stdout
        defaults = Path(told["environment"]["SAGEMAKER_USER_CONFIG_OVERRIDE"])
        assert f"export SAGEMAKER_USER_CONFIG_OVERRIDE={shlex.quote(str(defaults))}" in second.stdout
        assert defaults.parent == home.resolve()
        modules = yaml.safe_load(defaults.read_text())["SageMaker"]["PythonSDK"]["Modules"]
        assert modules == {"TelemetryOptOut": True, "Session": {"DefaultS3Bucket": "sagemaker-local"}}
        assert f"process {told['pid']}" in second.stderr

        with pytest.raises(SystemExit) as taken:
            main(["local", "up", "--home", str(tmp_path / "other"), "--port", str(port)])
        assert taken.value.code == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert f"port {port}" in line
        assert "--port" in line
    finally:
        down = runner.invoke(app, ["local", "down", *where, "--json"])
    assert json.loads(down.stdout) == {"stopped": True}
    status = runner.invoke(app, ["local", "status", *where])
    assert (status.stdout, status.exit_code) == ("down\n", 1)


def test_a_server_that_ends_as_it_starts_says_why(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"unexpected keyword argument 'nonsense'.*cloud\.log"):
        local.up(tmp_path, free_port(), sagemaker={"nonsense": 1})
    assert local.status(tmp_path) is None
    assert not (tmp_path / "cloud.json").exists()


def test_a_template_that_can_not_be_deployed_takes_the_cloud_down(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: {Ref: Nothing}}}}")
    port = free_port()
    with pytest.raises(LocalCloudError, match=r"template\.yaml could not be deployed: .*Nothing"):
        local.up(tmp_path, port, template=template)
    assert local.status(tmp_path) is None
    local._check_port(port)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_listens_on_anything_but_localhost(cloud: LocalCloud) -> None:
    inodes = set()
    for pid in below(cloud.pid):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            link = str(descriptor.readlink())
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for row in Path(table).read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == "0A" and fields[9] in inodes:
                listening.add(fields[1])
    port = int(cloud.endpoint.rsplit(":", 1)[-1])
    assert listening == {f"0100007F:{port:04X}"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Host": "evil.example", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_web_page_can_run_nothing(cloud: LocalCloud, headers: dict[str, str]) -> None:
    target = "SageMaker.ListProcessingJobs"
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target"}
    requests = (("OPTIONS", asks), ("POST", {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}))
    for method, own in requests:
        connection = http.client.HTTPConnection(cloud.endpoint.removeprefix("http://"))
        connection.request(method, "/", "{}", headers | own)
        answer = connection.getresponse()
        assert answer.status == 403
        assert "evil.example" in answer.read().decode()
        assert [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")] == []
        connection.close()


def everything_of(stack: Stack, session: Any) -> dict[str, str]:
    """A stack's physical resources by logical id."""
    pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.name)
    found = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}


def test_stacks_side_by_side_start_their_own_runs_only(cloud: LocalCloud) -> None:
    session = cloud.session()
    stacks = []
    for prefix in ("wf", "wf2"):
        deploy(session, TEMPLATE, f"stack-{prefix}", {"NamePrefix": prefix})
        stacks.append(open_stack(f"stack-{prefix}", session=session))
    one, two = stacks
    first, second = everything_of(one, session), everything_of(two, session)
    assert first.keys() == second.keys()
    # moto names a permission after its logical id
    assert [name for name in first if first[name] == second[name] and not name.endswith("Permission")] == []
    assert one.bucket != two.bucket
    assert one.state_machine_arn != two.state_machine_arn

    started = []
    for stack in stacks:
        version = stack.s3.put_object(Bucket=stack.bucket, Key="datasets/none/data.csv", Body=b"x")["VersionId"]
        started.append(stack.wait_for_execution("none", version, timeout=PATIENCE))
    for stack, arn in zip(stacks, started, strict=True):
        executions = stack.stepfunctions.list_executions(stateMachineArn=stack.state_machine_arn)["executions"]
        assert [execution["executionArn"] for execution in executions] == [arn]
        assert stack.find_execution(run_id(arn)) == arn


def test_deploying_a_stack_again_updates_it(cloud: LocalCloud) -> None:
    session = cloud.session()

    def plan_run() -> dict[str, Any]:
        resources = everything_of(open_stack("again", session=session), session)
        return dict(session.client("lambda").get_function_configuration(FunctionName=resources["PlanRunFunction"]))

    deploy(session, TEMPLATE, "again", {"NamePrefix": "wfa"})
    before, stack = plan_run(), open_stack("again", session=session)
    deploy(session, TEMPLATE, "again", {"NamePrefix": "wfb", "TrainingImage": "own/image:1"})
    after = plan_run()
    assert before["FunctionArn"] == after["FunctionArn"]
    assert open_stack("again", session=session).bucket == stack.bucket
    assert before["Environment"]["Variables"]["NAME_PREFIX"] == "wfa"
    assert after["Environment"]["Variables"]["NAME_PREFIX"] == "wfb"
    assert before["Environment"]["Variables"]["TRAINING_IMAGE"] == ""
    assert after["Environment"]["Variables"]["TRAINING_IMAGE"] == "own/image:1"
