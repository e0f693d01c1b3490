"""What SageMaker and the container's training toolkit do around a script: folders, files, environment, arguments."""

import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warmfold.cloud.sagemaker.instances import SINGLE_THREADED, Task
from warmfold.cloud.sagemaker.settings import Settings

HOST = "algo-1"
# at the beginning of a path, be it in file:///opt/ml or -o/opt/ml, and not within s3://bucket/opt/ml or /opt/mlflow
OPT_ML = re.compile(r"(?:(?<=://)|(?<=^-\w)|(?<=\s-\w)|(?<![\w/.-]))/opt/ml(?![\w-]|\.\w)")
OWN_HYPERPARAMETERS = ("sagemaker_", "_tuning_objective_metric", "default_user_module_name")
"""How those begin that the toolkit keeps from the script's arguments and variables."""
PASSED_ON = ("HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class ScriptModeError(Exception):
    """The request cannot be run as a script; the text says what is missing."""


@dataclass(frozen=True)
class JobFolder:
    """The container's `/opt/ml`, as a folder of the job."""

    root: Path

    def clear(self) -> None:
        """Make sure that nothing of an earlier job is in it; raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.root)

    def remove(self) -> None:
        """Remove it, but for what a dying process still holds."""
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def opt_ml(self) -> Path:
        """What stands for `/opt/ml`."""
        return self.root / "opt" / "ml"

    @property
    def code(self) -> Path:
        """Where the source archive is unpacked."""
        return self.opt_ml / "code"

    @property
    def model(self) -> Path:
        """What becomes model.tar.gz."""
        return self.opt_ml / "model"

    @property
    def output(self) -> Path:
        """The folder of `data/` and `failure`."""
        return self.opt_ml / "output"

    @property
    def config(self) -> Path:
        """The folder of the JSON files that describe the job."""
        return self.opt_ml / "input" / "config"

    def channel(self, name: str) -> Path:
        """The folder of a channel's data."""
        return self.opt_ml / "input" / "data" / name

    def mapped(self, text: str) -> str:
        """The text with `/opt/ml` turned into this job's folder, where it is the beginning of a path."""
        return OPT_ML.sub(lambda _: str(self.opt_ml), text)

    def failure(self) -> str:
        """What the job wrote about its failure, cut at 1024 characters; empty when it wrote nothing."""
        path = self.output / "failure"
        return path.read_text("utf-8", "replace")[:1024] if path.is_file() else ""


def decoded(value: str) -> Any:
    """A hyperparameter as the toolkit understands it: JSON when it is JSON, else the text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def base_environment(settings: Settings, keys: Mapping[str, str], role_arn: str) -> dict[str, str]:
    """What every container finds: its role's credentials, region and endpoint, one thread per library."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment |= SINGLE_THREADED
    environment |= {
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "WARMFOLD_ROLE_ARN": role_arn,
    }
    if keys.get("SessionToken"):
        environment["AWS_SESSION_TOKEN"] = keys["SessionToken"]
    return environment


def take_keys(environment: dict[str, str]) -> None:
    """Leave no credentials to a container that is isolated from the network."""
    for name in KEYS:
        environment.pop(name, None)


def write_inputs(folder: JobFolder, request: Mapping[str, Any]) -> None:
    """Make the `/opt/ml` folders and the three configuration files of a training job."""
    for path in (folder.config, folder.model, folder.output / "data", folder.code):
        path.mkdir(parents=True, exist_ok=True)
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", "File"),
            "S3DistributionType": channel["DataSource"]
            .get("S3DataSource", {})
            .get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        for channel in request.get("InputDataConfig", ())
    }
    resources = {
        "current_host": HOST,
        "current_instance_type": request["ResourceConfig"]["InstanceType"],
        "hosts": [HOST],
        "network_interface_name": "eth0",
    }
    _write_json(folder.config / "hyperparameters.json", request.get("HyperParameters", {}))
    _write_json(folder.config / "inputdataconfig.json", channels)
    _write_json(folder.config / "resourceconfig.json", resources)


def submit_directory(request: Mapping[str, Any]) -> str | None:
    """The S3 URI of the source archive, when the request names one."""
    value = request.get("HyperParameters", {}).get("sagemaker_submit_directory")
    return None if value is None else str(decoded(value))


def training_task(
    folder: JobFolder, request: Mapping[str, Any], job_arn: str, settings: Settings, keys: Mapping[str, str]
) -> Task:
    """How the job's script, or its container entry point, is run; raises ScriptModeError."""
    environment = base_environment(settings, keys, request["RoleArn"])
    environment |= _toolkit_variables(folder, request)
    environment |= {key: folder.mapped(value) for key, value in request.get("Environment", {}).items()}
    environment |= {"TRAINING_JOB_NAME": request["TrainingJobName"], "TRAINING_JOB_ARN": job_arn}
    algorithm = request.get("AlgorithmSpecification", {})
    if entrypoint := algorithm.get("ContainerEntrypoint"):
        command = [folder.mapped(part) for part in [*entrypoint, *algorithm.get("ContainerArguments", ())]]
        return Task(None, command, environment, folder.opt_ml)
    hyperparameters = request.get("HyperParameters", {})
    if "sagemaker_program" not in hyperparameters or "sagemaker_submit_directory" not in hyperparameters:
        raise ScriptModeError(
            "the local cloud runs scripts, not images: set the hyperparameters sagemaker_program and "
            "sagemaker_submit_directory, or AlgorithmSpecification.ContainerEntrypoint"
        )
    program = folder.code / str(decoded(hyperparameters["sagemaker_program"]))
    if not program.is_file():
        raise ScriptModeError(f"sagemaker_program {program.name} is not in the archive {submit_directory(request)}")
    arguments = json.loads(environment["SM_USER_ARGS"])
    return Task(program, arguments, environment, folder.code, path=program.parent)


def _toolkit_variables(folder: JobFolder, request: Mapping[str, Any]) -> dict[str, str]:
    hyperparameters = request.get("HyperParameters", {})
    values = {k: decoded(v) for k, v in hyperparameters.items() if not k.startswith(OWN_HYPERPARAMETERS)}
    channels = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    arguments: list[str] = []
    for name in sorted(values):
        arguments += [f"-{name}" if len(name) == 1 else f"--{name}", _as_argument(values[name])]
    program = str(decoded(hyperparameters.get("sagemaker_program", '""')))
    variables = {
        "SAGEMAKER_BASE_DIR": str(folder.opt_ml),
        "SM_MODEL_DIR": str(folder.model),
        "SM_OUTPUT_DIR": str(folder.output),
        "SM_OUTPUT_DATA_DIR": str(folder.output / "data"),
        "SM_INPUT_DIR": str(folder.opt_ml / "input"),
        "SM_INPUT_CONFIG_DIR": str(folder.config),
        "SM_HPS": json.dumps(values),
        "SM_USER_ARGS": json.dumps(arguments),
        "SM_USER_ENTRY_POINT": program,
        "SM_MODULE_NAME": Path(program).stem,
        "SM_MODULE_DIR": submit_directory(request) or "",
        "SM_CHANNELS": json.dumps(sorted(channels)),
        "SM_HOSTS": json.dumps([HOST]),
        "SM_CURRENT_HOST": HOST,
        "SM_CURRENT_INSTANCE_TYPE": request["ResourceConfig"]["InstanceType"],
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_NUM_CPUS": "1",  # what a job is admitted with
        "SM_NUM_GPUS": "0",
        "SM_LOG_LEVEL": str(decoded(hyperparameters.get("sagemaker_container_log_level", "20"))),
    }
    variables |= {f"SM_CHANNEL_{name.upper()}": str(folder.channel(name)) for name in channels}
    variables |= {f"SM_HP_{name.upper()}": _as_variable(value) for name, value in values.items()}
    return variables


def _as_argument(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key}={value[key]}" for key in sorted(value))
    return "" if value is None else str(value)


def _as_variable(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), "utf-8")
