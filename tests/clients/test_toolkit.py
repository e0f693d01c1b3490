"""SageMaker's training toolkit runs the training code on the container's versions as the local SageMaker does."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.aws.environment import PlanEnvironment
from pipeline.aws.storage import Storage
from pipeline.planning.planner import Planner
from tests.clients.toolkit import IS_THERE, ROOT, VENV, WHY_NOT, environment, finished_here, train
from tests.conformance.endpoint import Endpoint, archive
from tests.conformance.requests import BUCKET, OTHER_ROLE, ROLE, changed, channel, scripted
from tests.unit.training_code.split import breast_cancer
from virtual.clock import VirtualClock
from warmfold.cloud.local import LocalCloud
from warmfold_jobs.data.split import split_dataset
from warmfold_jobs.fan_out.job_calls import JobCalls
from warmfold_run import names

pytestmark = pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:tuning:toolkit"
CANDIDATE = "wf-run-001-0a1b2c3d"
TUNED = {"learning_rate": "0.1", "max_leaf_nodes": "15"}
EXPERIMENT = """
target: diagnosis
cross_validation: {n_splits: 3}
search:
  abandon: "off"
  hyperparameters:
    learning_rate: {min: 0.01, max: 0.5}
    max_leaf_nodes: {min: 7, max: 31}
    max_iter: 20
    max_depth: null
"""
VERSIONS = {
    "python": "3.12",
    "scikit-learn": "1.9.0",
    "numpy": "2.5.1",
    "scipy": "1.18.0",
    "pandas": "2.2.3",
    "boto3": "1.43.46",
}
"""Of the scikit-learn container 1.9-0."""

PROBE = """
import json, os, pathlib, sys
import sibling
told = {name: value for name, value in os.environ.items() if name.startswith("SM_")}
told |= {"argv": sys.argv[1:], "cwd": os.getcwd(), "beside": sorted(map(str, pathlib.Path().glob("*.py")))}
print("told " + json.dumps(told))
"""
TRICKY = {"word": "sqrt", "quoted": '"a b"', "none": "null", "yes": "true", "whole": "07", "real": "1e-3"}
TRICKY |= {"l": "[1, 2]", "map": '{"b": 1, "a": null}', "text": "{}x", "empty": "", "Mixed-Case": "1"}
ONLY_THERE = {
    "SM_CURRENT_INSTANCE_GROUP",
    "SM_CURRENT_INSTANCE_GROUP_HOSTS",
    "SM_DISTRIBUTION_INSTANCE_GROUPS",
    "SM_FRAMEWORK_MODULE",
    "SM_FRAMEWORK_PARAMS",
    "SM_INPUT_DATA_CONFIG",
    "SM_INSTANCE_GROUPS",
    "SM_INSTANCE_GROUPS_DICT",
    "SM_IS_HETERO",
    "SM_NUM_NEURONS",
    "SM_OUTPUT_INTERMEDIATE_DIR",
    "SM_RESOURCE_CONFIG",
    "SM_TRAINING_ENV",
}
"""What the local SageMaker does not set: for several instances, accelerators, or the same again."""
OF_THE_MACHINE = {"SM_NUM_CPUS", "SM_NUM_GPUS", "SM_NETWORK_INTERFACE_NAME"}


class Planned:
    """A run on the local cloud that has been planned and split, and whose fold 1 was asked for by a candidate."""

    def __init__(self, endpoint: Endpoint, folder: Path) -> None:
        s3 = endpoint.client("s3")
        endpoint.put("datasets/cancer/data.csv", breast_cancer().to_csv(index=False).encode())
        endpoint.put("datasets/cancer/experiment.yaml", EXPERIMENT.encode())
        variables = {"NAME_PREFIX": "wf", "DATA_BUCKET": BUCKET, "AWS_REGION": "us-east-1", "TRAINING_IMAGE": "image"}
        variables |= {"CANDIDATE_ROLE_ARN": OTHER_ROLE, "FOLD_ROLE_ARN": ROLE}
        variables |= {"SPLIT_ROLE_ARN": OTHER_ROLE, "MODEL_ROLE_ARN": OTHER_ROLE}
        variables |= {"TRAINING_CODE_DIR": str(ROOT / "training_code")}
        planner = Planner(
            Storage(s3, BUCKET),
            PlanEnvironment.read(variables),
            lambda: datetime(2026, 1, 5, tzinfo=UTC),
            lambda _: None,
        )
        run = planner.plan_run(EXECUTION, {"dataset": "cancer"})["run"]
        self.plan: dict[str, Any] = json.loads(endpoint.objects(f"runs/{run}/")["plan.json"])
        split_dataset(self.plan, s3, folder)
        for path in folder.rglob("*"):
            if path.is_file():
                endpoint.put(f"runs/{run}/{path.relative_to(folder)}", path.read_bytes())
        self._endpoint, self._run = endpoint, run

    def fold(self, candidate: str) -> dict[str, Any]:
        """The request by which the candidate's own code creates the job of its fold 1."""
        asked: list[dict[str, Any]] = []

        class Asked:
            def create_training_job(self, **request: Any) -> None:
                asked.append(request)

        calls = JobCalls(self.plan, TUNED, Asked(), VirtualClock(), random.Random(0), lambda _: None)  # type: ignore[arg-type]
        assert calls.create(names.fold_job(candidate, 1), 1, 0)
        return asked[0]

    def score(self, candidate: str) -> dict[str, Any]:
        """What the candidate's fold 1 wrote."""
        written = self._endpoint.objects(f"runs/{self._run}/candidates/{candidate}/")
        return dict(json.loads(written["fold-1.json"]))


@pytest.fixture(scope="module")
def planned(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    return Planned(endpoint, tmp_path_factory.mktemp("split"))


def test_a_fold_job_scores_under_the_toolkit_as_on_the_local_sagemaker(
    cloud: LocalCloud, endpoint: Endpoint, planned: Planned, tmp_path: Path
) -> None:
    here, there = CANDIDATE, CANDIDATE.replace("001", "002")
    logged = finished_here(endpoint, planned.fold(here))
    ended = train(planned.fold(there), tmp_path / "ml", cloud.session(), cloud.environment)
    assert ended.exit_code == 0, ended.log
    ours, theirs = planned.score(here), planned.score(there)
    assert theirs["job"] == f"{there}-f1"
    assert theirs["rows"] == ours["rows"]
    for name, line in (("train_score", "model training"), ("validation_score", "model validation")):
        assert theirs[name] == pytest.approx(ours[name], abs=1e-9)
        assert f"{line} score:{ours[name]!r};" in logged.splitlines()
        assert f"{line} score:{theirs[name]!r};" in ended.log.splitlines()
    assert 0.9 < theirs["validation_score"] <= 1


def test_a_fold_job_s_failure_is_the_same_text_under_the_toolkit(
    cloud: LocalCloud, endpoint: Endpoint, planned: Planned, tmp_path: Path
) -> None:
    wrong = {"HyperParameters": planned.fold(CANDIDATE)["HyperParameters"] | {"learning_rate": "many"}}
    here, there = (changed(planned.fold(CANDIDATE.replace("001", n)), **wrong) for n in ("003", "004"))
    reason = endpoint.run(here)["FailureReason"]
    ended = train(there, tmp_path / "ml", cloud.session(), cloud.environment)
    assert ended.exit_code == 1
    failure = (ended.opt_ml / "output/failure").read_text()
    assert reason == f"AlgorithmError: {failure}"
    assert "learning_rate" in failure


@pytest.fixture(scope="module")
def told(
    cloud: LocalCloud, endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a script is told on the local SageMaker and under the toolkit, with the same names for folders and host."""
    endpoint.put("code/probe.tar.gz", archive({"probe.py": PROBE, "sibling.py": "NAME = 'sibling'\n"}))
    endpoint.put("parts/1/rows-1.csv", b"a,b\n1,2\n")
    own = {"sagemaker_program": "probe.py", "sagemaker_submit_directory": f"s3://{BUCKET}/code/probe.tar.gz"}
    own |= {"sagemaker_region": "us-east-1", "sagemaker_container_log_level": "20", "_tuning_objective_metric": "a:b"}
    inputs = {"InputDataConfig": [channel("train", f"s3://{BUCKET}/parts/1/")], "HyperParameters": own | TRICKY}
    logged = finished_here(endpoint, scripted("probe-here", "probe.py", **inputs))
    request = scripted("probe-there", "probe.py", **inputs)
    ended = train(request, tmp_path_factory.mktemp("probe") / "ml", cloud.session(), cloud.environment)
    assert ended.exit_code == 0, ended.log
    return _told(logged), _told(ended.log)


def _told(log: str) -> dict[str, Any]:
    (line,) = [line.removeprefix("told ") for line in log.splitlines() if line.startswith("told ")]
    root = re.escape(str(json.loads(line)["SM_INPUT_DIR"]).removesuffix("/input"))
    same = re.sub(root, "/opt/ml", line).replace("localhost", "algo-1")
    read: dict[str, Any] = json.loads(same)
    return read | {name: json.loads(read[name]) for name in ("SM_HPS", "SM_CHANNELS", "SM_HOSTS", "SM_USER_ARGS")}


def test_a_script_is_told_the_same_on_the_local_sagemaker_as_under_the_toolkit(
    told: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    here, there = told
    assert set(there) - set(here) == ONLY_THERE
    assert set(here) <= set(there)
    compared = set(here) - OF_THE_MACHINE
    assert {name: here[name] for name in compared} == {name: there[name] for name in compared}


def test_the_environment_has_the_container_s_versions() -> None:
    ask = (
        "import json, platform; from importlib.metadata import version;"
        f"print(json.dumps({{'python': platform.python_version()}} | {{n: version(n) for n in {[*VERSIONS][1:]!r}}}))"
    )
    done = subprocess.run([VENV / "bin/python", "-c", ask], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found.pop("python").rpartition(".")[0] == VERSIONS["python"]
    assert found == {name: version for name, version in VERSIONS.items() if name != "python"}


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("test_inference.py", 5),
        ("test_in_process.py", 5),
        pytest.param("test_training.py", 30, marks=pytest.mark.long),
    ],
)
def test_the_training_code_s_own_tests_pass_on_the_container_s_versions(name: str, tests: int) -> None:
    folders = os.pathsep.join([str(ROOT / "training_code"), str(ROOT)])
    done = subprocess.run(
        [VENV / "bin/python", "-m", "pytest", "--noconftest", "-p", "no:cacheprovider", name],
        cwd=ROOT / "tests/unit/training_code",
        env=environment({}) | {"PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert int(re.findall(r"(\d+) passed", done.stdout)[-1]) >= tests
