"""What SageMaker and the container's training toolkit do around a script: folders, files, environment, arguments."""

import contextlib
import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warmfold.cloud.sagemaker.instances import SINGLE_THREADED, Task
from warmfold.cloud.sagemaker.needs import has_needs
from warmfold.cloud.sagemaker.pythons import JobPython
from warmfold.cloud.sagemaker.settings import Settings

HOST = "algo-1"
# at the beginning of a path, be it in file:///opt/ml or -o/opt/ml, and not within s3://bucket/opt/ml or /opt/mlflow
OPT_ML = re.compile(r"(?:(?<=://)|(?<=^-\w)|(?<=\s-\w)|(?<![\w/.-]))/opt/ml(?![\w-]|\.\w)")
OWN_HYPERPARAMETERS = ("sagemaker_", "_tuning_objective_metric", "default_user_module_name")
"""How those begin that the toolkit keeps from the script's arguments and variables."""
PASSED_ON = ("HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
REWRITTEN = (".py", ".sh")
"""Files in which `/opt/ml` is replaced where the job's folder cannot be mounted there."""
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
COMMAND = ".sh"
"""How an entry point ends that the toolkit has a shell run."""


class ScriptModeError(Exception):
    """The request cannot be run as a script; the text says what is missing."""


@dataclass(frozen=True)
class JobFolder:
    """The container's `/opt/ml`, as a folder of the job.

    Paths that it gives are this machine's; `seen` and `mapped` are for the job.
    """

    root: Path
    mounted: bool = False
    """Whether the job has the folder as /opt/ml itself."""

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
    def opt(self) -> Path | None:
        """What the job gets as its /opt, if it gets one."""
        return self.opt_ml.parent if self.mounted else None

    @property
    def python(self) -> Path:
        """Where the job's Python is."""
        return self.root / "python"

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
        """The text as the job must read it: unless that is mounted, with this folder for `/opt/ml`.

        Only where that is the beginning of a path.
        """
        return text if self.mounted else OPT_ML.sub(lambda _: str(self.opt_ml), text)

    def local(self, path: str) -> Path:
        """Where on this machine a path of the job's below `/opt/ml` is."""
        return Path(OPT_ML.sub(lambda _: str(self.opt_ml), path))

    def seen(self, path: Path) -> str:
        """How the job calls a path in this folder."""
        return str(Path("/opt/ml", path.relative_to(self.opt_ml)) if self.mounted else path)

    def rewrite(self, *folders: Path) -> None:
        """Replace `/opt/ml` in the scripts below the folders, unless it is mounted."""
        if self.mounted:
            return
        for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
            if path.suffix in REWRITTEN and path.is_file() and not path.is_symlink():
                text = path.read_bytes()
                mapped = self.mapped(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
                if mapped != text:
                    path.write_bytes(mapped)

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


def base_environment(settings: Settings, keys: Mapping[str, str], role_arn: str, python: JobPython) -> dict[str, str]:
    """What every container finds: its role's credentials, region and endpoint, its Python, one thread per library."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    commands = [str(python.bin), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    environment |= {"PATH": os.pathsep.join(commands), "VIRTUAL_ENV": str(python.folder)}
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
    mode = request["AlgorithmSpecification"]["TrainingInputMode"]
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", mode),
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
    folder: JobFolder,
    request: Mapping[str, Any],
    job_arn: str,
    settings: Settings,
    keys: Mapping[str, str],
    python: JobPython,
) -> Task:
    """How the job's script, or its container entry point, is run; raises ScriptModeError."""
    environment = base_environment(settings, keys, request["RoleArn"], python)
    environment |= _toolkit_variables(folder, request)
    environment |= {key: folder.mapped(value) for key, value in request.get("Environment", {}).items()}
    environment |= {"TRAINING_JOB_NAME": request["TrainingJobName"], "TRAINING_JOB_ARN": job_arn}
    offline = bool(request.get("EnableNetworkIsolation"))
    if offline:
        take_keys(environment)
    algorithm = request.get("AlgorithmSpecification", {})
    if entrypoint := algorithm.get("ContainerEntrypoint"):
        command = [folder.mapped(part) for part in [*entrypoint, *algorithm.get("ContainerArguments", ())]]
        return Task(None, command, environment, folder.seen(folder.opt_ml), opt=folder.opt, offline=offline)
    hyperparameters = request.get("HyperParameters", {})
    if "sagemaker_program" not in hyperparameters or "sagemaker_submit_directory" not in hyperparameters:
        raise ScriptModeError(
            "the local cloud runs scripts, not images: set the hyperparameters sagemaker_program and "
            "sagemaker_submit_directory, or AlgorithmSpecification.ContainerEntrypoint"
        )
    name = str(decoded(hyperparameters["sagemaker_program"]))
    program = folder.code / name
    if not program.is_file():
        raise ScriptModeError(f"sagemaker_program {program.name} is not in the archive {submit_directory(request)}")
    arguments: list[str] = json.loads(environment["SM_USER_ARGS"])
    command, run = _script_command(folder, name, arguments, python)
    return Task(
        run,
        command,
        environment,
        folder.seen(folder.code),
        path=folder.seen(program.parent),
        opt=folder.opt,
        offline=offline,
        python=python,
    )


def _script_command(
    folder: JobFolder, name: str, arguments: list[str], python: JobPython
) -> tuple[list[str], str | None]:
    """The arguments and the program of a script for an interpreter that runs; without a program, the whole command.

    A shell runs `.sh`, as the toolkit has it; and what wants something installed gets an interpreter of its own.
    """
    program = folder.code / name
    if program.suffix == COMMAND:
        program.chmod(0o777)
        return ["/bin/sh", "-c", shlex.join([f"./{name}", *arguments])], None
    if not has_needs(folder.code):
        return arguments, folder.seen(program)
    module = name.removesuffix(".py")
    return python.with_needs(folder.seen(folder.code), module, [folder.seen(program), *arguments]), None


def _toolkit_variables(folder: JobFolder, request: Mapping[str, Any]) -> dict[str, str]:
    hyperparameters = request.get("HyperParameters", {})
    values = {k: decoded(v) for k, v in hyperparameters.items() if not k.startswith(OWN_HYPERPARAMETERS)}
    channels = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    arguments: list[str] = []
    for name in sorted(values):
        arguments += [f"-{name}" if len(name) == 1 else f"--{name}", _as_argument(values[name])]
    program = str(decoded(hyperparameters.get("sagemaker_program", '""')))
    variables = {
        "SAGEMAKER_BASE_DIR": folder.seen(folder.opt_ml),
        "SM_MODEL_DIR": folder.seen(folder.model),
        "SM_OUTPUT_DIR": folder.seen(folder.output),
        "SM_OUTPUT_DATA_DIR": folder.seen(folder.output / "data"),
        "SM_INPUT_DIR": folder.seen(folder.opt_ml / "input"),
        "SM_INPUT_CONFIG_DIR": folder.seen(folder.config),
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
    variables |= {f"SM_CHANNEL_{name.upper()}": folder.seen(folder.channel(name)) for name in channels}
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
