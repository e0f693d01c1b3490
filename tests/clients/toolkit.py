"""SageMaker's own training toolkit, in an environment with the container's versions, in the place of a container."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.conformance.endpoint import Endpoint
from warmfold.cloud.sagemaker.data import download_channel

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-container"
IS_THERE = (VENV / ".installed").is_file()
WHY_NOT = "make install-container makes .venv-container, which this needs"


@dataclass(frozen=True)
class Ended:
    """How the toolkit's `train` ended, and the folder that stood for /opt/ml."""

    exit_code: int
    log: str
    opt_ml: Path


def environment(cloud: Mapping[str, str]) -> dict[str, str]:
    """A container's environment, with a local cloud as AWS; `cloud` are its variables."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", os.defpath)])
    return kept | single | dict(cloud) | {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def train(request: Mapping[str, Any], opt_ml: Path, session: boto3.Session, cloud: Mapping[str, str]) -> Ended:
    """Do a training job's work as its container would, given its request: /opt/ml laid out, then `train`."""
    config = opt_ml / "input/config"
    for folder in (config, opt_ml / "model", opt_ml / "output/data", opt_ml / "code"):
        folder.mkdir(parents=True)
    channels = {}
    for channel in request.get("InputDataConfig", ()):
        folder = opt_ml / "input/data" / channel["ChannelName"]
        folder.mkdir(parents=True)
        download_channel(session.client("s3"), channel["DataSource"]["S3DataSource"], folder)
        channels[channel["ChannelName"]] = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}
    resources = {"current_host": "localhost", "hosts": ["localhost"], "network_interface_name": "lo"}
    resources["current_instance_type"] = request["ResourceConfig"]["InstanceType"]
    for name, content in (
        ("hyperparameters", request["HyperParameters"]),
        ("inputdataconfig", channels),
        ("resourceconfig", resources),
    ):
        (config / f"{name}.json").write_text(json.dumps(content))
    variables = environment(cloud) | dict(request.get("Environment", {}))
    variables |= {"SAGEMAKER_BASE_DIR": str(opt_ml), "TRAINING_JOB_NAME": request["TrainingJobName"]}
    done = subprocess.run(
        [VENV / "bin/train"],
        env=variables,
        cwd=opt_ml,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, opt_ml)


def finished_here(endpoint: Endpoint, request: Mapping[str, Any]) -> str:
    """Run a training job on the local SageMaker; returns what it logged."""
    job = endpoint.run(request)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return "\n".join(endpoint.lines("training", request["TrainingJobName"]))
