"""The unmodified SAM CLI and AWS CLI on the local cloud, from the check of the template to the stack's deletion.

One stack serves all the tests, and the last deletes it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.local.runs import as_csv, breast_cancer, summary_of
from tests.local.things import FOLDER
from tests.patience import PATIENCE
from tests.ports import free_port
from tests.waiting import until
from warmfold.cloud import local
from warmfold.cloud.functions_runtime.interpreter import find_python
from warmfold.stack import Stack, open_stack

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / ".venv-sam/bin"
FUNCTIONS_OF_A_RUN = (
    "start_run",
    "plan_run",
    "find_best_candidate",
    "release_warm_pools",
    "register_model",
    "write_report",
    "resume_run",
)
MARKER = "from the built package:"
EXPERIMENT = """\
cross_validation: {n_splits: 2}
search:
  max_candidates: 1
  max_parallel_candidates: 1
  hyperparameters: {learning_rate: {min: 0.1, max: 0.2}, max_iter: 5}
"""

pytestmark = [
    pytest.mark.skipif(not (PROGRAMS / "sam").exists(), reason="there is no .venv-sam; run: make install-sam"),
    pytest.mark.skipif(
        find_python("3.12") is None, reason="sam build needs the functions' Python, and there is no python3.12 on PATH"
    ),
]


@dataclass(frozen=True)
class Terminal:
    """A user's terminal: a copy of what SAM reads of the checkout to be in, and a cloud to talk to."""

    tree: Path
    cloud: local.LocalCloud
    environment: dict[str, str]

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of .venv-sam, which must end well."""
        done = subprocess.run(
            [PROGRAMS / program, *arguments],
            cwd=self.tree,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program} {' '.join(arguments)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def sam(self, *arguments: str) -> str:
        """All that SAM says."""
        done = self.run("sam", *arguments)
        return done.stdout + done.stderr

    def aws(self, *arguments: str) -> Any:
        """What the AWS CLI answers."""
        return json.loads(self.run("aws", *arguments, "--output", "json").stdout)

    def stack(self) -> Stack:
        """SAM's stack as warmfold's own commands find it."""
        return open_stack("warmfold", self.cloud.session())

    def log(self, group: str) -> list[str]:
        """A log group's lines."""
        return [line for _, line in self.lines(group)]

    def lines(self, group: str) -> list[tuple[str, str]]:
        """A log group's lines with the streams that have them."""
        asked = ("--log-group-name", group, "--query", "events[].[logStreamName, message]")
        return [(stream, line) for stream, line in self.aws("logs", "filter-log-events", *asked)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sam-cloud")


@pytest.fixture(scope="module")
def terminal(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """On a cloud that has another stack than the one SAM is to make."""
    tree = tmp_path_factory.mktemp("checkout")
    for name in ("functions", "training_code", "statemachine", "events"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, tree)
    python = find_python("3.12")
    assert python is not None
    cloud = local.up(home, free_port(), stack_name="hooks", template=FOLDER / "template.yaml")
    mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nothing = tmp_path_factory.mktemp("user")
    environment = {
        **mine,
        **cloud.environment,
        "AWS_CONFIG_FILE": str(nothing / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(nothing / "credentials"),
        "PATH": f"{python.parent}{os.pathsep}{mine['PATH']}",
        "SAM_CLI_POLL_DELAY": "0.2",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(nothing),
    }
    yield Terminal(tree, cloud, environment)
    local.down(home)


@pytest.fixture(scope="module")
def outputs(terminal: Terminal) -> dict[str, str]:
    """The outputs of the stack that SAM has built and deployed, with lines of its own in what was built."""
    terminal.sam("build")
    for package in terminal.tree.glob(".aws-sam/build/*/pipeline/__init__.py"):
        add_line(package, f"import pydantic_core; print({MARKER!r}, __file__, pydantic_core.__file__)")
    add_line(
        terminal.tree / ".aws-sam/build/TrainingCodeLayer/python/warmfold_jobs/__init__.py",
        f"print({MARKER!r}, __file__)",
    )
    said = terminal.sam("deploy", "--config-env", "local")
    assert "Successfully created/updated stack - warmfold" in said
    listed = terminal.run("sam", "list", "stack-outputs", "--stack-name", "warmfold", "--output", "json").stdout
    return {output["OutputKey"]: output["OutputValue"] for output in json.loads(listed)}


def add_line(path: Path, line: str) -> None:
    """Add a line at a module's end."""
    with path.open("a") as file:
        file.write(f"\n{line}\n")


def test_the_template_is_valid(terminal: Terminal) -> None:
    assert "is a valid SAM Template" in terminal.sam("validate", "--lint")


def test_deploy_makes_its_own_bucket_and_the_stack(terminal: Terminal, outputs: dict[str, str]) -> None:
    stack = terminal.stack()
    assert (outputs["DataBucketName"], outputs["StateMachineArn"]) == (stack.bucket, stack.state_machine_arn)
    stacks = terminal.aws("cloudformation", "describe-stacks", "--query", "Stacks[].[StackName, StackStatus]")
    assert sorted(stacks) == [
        [name, "CREATE_COMPLETE"] for name in ("aws-sam-cli-managed-default", "hooks", "warmfold")
    ]
    managed = [name for name in buckets(terminal) if name.startswith("aws-sam-cli-managed-default")]
    assert len(managed) == 1


def test_a_copied_dataset_ends_in_a_run_of_what_was_built(
    terminal: Terminal, outputs: dict[str, str], home: Path, tmp_path: Path
) -> None:
    stack, bucket = terminal.stack(), outputs["DataBucketName"]
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT)
    (tmp_path / "data.csv").write_bytes(as_csv(breast_cancer(150)))
    for name in ("experiment.yaml", "data.csv"):
        terminal.run("aws", "s3", "cp", str(tmp_path / name), f"s3://{bucket}/datasets/tiny/{name}")
    version = stack.s3.head_object(Bucket=bucket, Key="datasets/tiny/data.csv")["VersionId"]
    summary = summary_of(stack, stack.wait_for_execution("tiny", version, timeout=PATIENCE))

    (execution,) = terminal.aws(
        "stepfunctions", "list-executions", "--state-machine-arn", outputs["StateMachineArn"], "--query", "executions"
    )
    assert (execution["status"], execution["executionArn"]) == ("SUCCEEDED", summary["execution_arn"])
    named = ("--name-contains", summary["run"], "--query", "TrainingJobSummaries[].TrainingJobName")
    jobs = terminal.aws("sagemaker", "list-training-jobs", *named)
    assert summary["final_job"]["name"] in jobs
    assert len(jobs) >= 2
    job = terminal.aws("sagemaker", "describe-training-job", "--training-job-name", summary["final_job"]["name"])
    assert job["TrainingJobStatus"] == "Completed"
    listed = terminal.run("aws", "s3", "ls", f"s3://{bucket}/runs/{summary['run']}/").stdout.split()
    assert {"plan.json", "summary.json", "report.html"} <= set(listed)

    started: dict[str, list[str]] = {}

    def all_started() -> bool:
        """The events of a run's end come after it."""
        for stream, line in terminal.lines("/warmfold/warmfold/functions"):
            if paths := built_files([line]):
                started[stream.split("/")[-1].split("-")[1]] = paths
        return len(started) >= len(FUNCTIONS_OF_A_RUN)

    until(all_started)
    assert set(started) == {f"{name.title().replace('_', '')}Function" for name in FUNCTIONS_OF_A_RUN}
    for function, paths in started.items():
        assert all(Path(path).is_relative_to(home / "functions") for path in paths), (function, paths)
    trained = built_files(terminal.log("/aws/sagemaker/TrainingJobs"))
    assert trained
    # the job's folder by its own path, or mounted
    jobs = (home / "sagemaker", Path("/opt/ml/code"))
    assert all(any(Path(path).is_relative_to(folder) for folder in jobs) for path in trained), trained


def built_files(lines: list[str]) -> list[str]:
    """The files that said where they were when they were imported."""
    return [path for line in lines if line.startswith(MARKER) for path in line.removeprefix(MARKER).split()]


def test_a_function_is_invoked_from_afar_with_its_sample(terminal: Terminal, outputs: dict[str, str]) -> None:
    assert outputs
    event = ("--event-file", "events/release_warm_pools.json")
    invoked = terminal.run("sam", "remote", "invoke", "ReleaseWarmPoolsFunction", "--stack-name", "warmfold", *event)
    assert json.loads(invoked.stdout) == {"released": 0, "kept": [], "running": 0, "clean": True}
    assert "warm pools released" in invoked.stderr


@pytest.mark.long
def test_a_changed_parameter_changes_what_it_reaches_and_stays(terminal: Terminal, outputs: dict[str, str]) -> None:
    group = ("--log-group-name-prefix", "/warmfold/warmfold/functions", "--query", "logGroups[].retentionInDays")
    before = terminal.aws("logs", "describe-log-groups", *group)
    said = terminal.sam("deploy", "--config-env", "local", "--parameter-overrides", "LogRetentionDays=7")
    assert "* Modify" in said
    assert "AWS::Lambda::Function" not in said
    assert before != terminal.aws("logs", "describe-log-groups", *group) == [7]
    assert terminal.stack().bucket == outputs["DataBucketName"]


@pytest.mark.long
def test_make_deploy_asks_the_first_time_and_keeps_the_answers(terminal: Terminal, outputs: dict[str, str]) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy2(ROOT / name, terminal.tree)
    shutil.copytree(ROOT / "requirements", terminal.tree / "requirements")
    for name in (".venv", ".venv-sam"):
        (terminal.tree / name).mkdir()
        for path in (ROOT / name).iterdir():
            (terminal.tree / name / path.name).symlink_to(path)
    for marker in (".venv/.python", ".venv/.installed", ".venv-sam/.installed"):  # make finds nothing to install:
        (terminal.tree / marker).unlink()  # it would install this tree, which will be gone, into the developer's .venv
        (terminal.tree / marker).touch()

    def make_deploy(answers: str) -> str:
        done = subprocess.run(
            ["make", "deploy"],
            cwd=terminal.tree,
            env=terminal.environment,
            input=answers,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    said = make_deploy("\n" * 40)
    assert "Parameter LogRetentionDays [30]:" in said
    assert "Successfully created/updated stack - warmfold" in said
    assert "LogRetentionDays" in (terminal.tree / "samconfig.mine.toml").read_text()
    again = make_deploy("")
    assert "Parameter LogRetentionDays [30]:" not in again
    assert "No changes to deploy. Stack warmfold is up to date" in again
    assert terminal.stack().bucket == outputs["DataBucketName"]


def test_delete_takes_all_but_the_data(terminal: Terminal, outputs: dict[str, str]) -> None:
    """The last of them: the others need the stack."""
    terminal.run("aws", "s3api", "put-object", "--bucket", outputs["DataBucketName"], "--key", "kept/x")
    terminal.sam("delete", "--no-prompts", "--config-env", "local")
    stacks = terminal.aws("cloudformation", "describe-stacks", "--query", "Stacks[].StackName")
    assert sorted(stacks) == ["aws-sam-cli-managed-default", "hooks"]
    assert terminal.run("aws", "s3", "ls", f"s3://{outputs['DataBucketName']}/kept/").stdout.split()[-1] == "x"
    for service, operation, query in (
        ("lambda", "list-functions", "Functions[].FunctionName"),
        ("iam", "list-roles", "Roles[].RoleName"),
        ("iam", "list-policies", "Policies[].PolicyName"),
        ("stepfunctions", "list-state-machines", "stateMachines[].name"),
        ("sns", "list-topics", "Topics[].TopicArn"),
        ("events", "list-rules", "Rules[].Name"),
        ("cloudwatch", "describe-alarms", "MetricAlarms[].AlarmName"),
        ("logs", "describe-log-groups", "logGroups[].logGroupName"),
    ):
        left = terminal.aws(service, operation, "--query", query)
        assert [name for name in left if "warmfold" in name] == [], (service, operation)


def buckets(terminal: Terminal) -> list[str]:
    return [line.split()[-1] for line in terminal.run("aws", "s3", "ls").stdout.splitlines()]
