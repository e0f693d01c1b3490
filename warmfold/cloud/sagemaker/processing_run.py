"""What happens to one processing job between its admission and its end."""

import json
import shlex
import sys
from pathlib import Path

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.data import download_channel, upload_folder
from warmfold.cloud.sagemaker.instances import Outcome, Task
from warmfold.cloud.sagemaker.logs import JobLog
from warmfold.cloud.sagemaker.script_mode import HOST, JobFolder, base_environment
from warmfold.cloud.sagemaker.work_jobs import COMPLETED, STOPPED, Ending, Job

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
DEFAULT_MAX_RUNTIME = 86_400
MESSAGE_CHARACTERS = 1024
TOLD_IN_CONFIG = (
    "ProcessingJobName",
    "Environment",
    "AppSpecification",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "RoleArn",
    "StoppingCondition",
)


def run_processing(core: Core, job: Job) -> Ending:
    """Download the inputs, run the container's command, upload the outputs; raises DataError and InstanceLost.

    As on AWS, a job over its MaxRuntimeInSeconds ends as Stopped, and outputs are uploaded after success only.
    """
    folder = core.job_folder("processing", job.name)
    try:
        _prepare(core, job, folder)
        if job.stop.is_set():
            return STOPPED
        outcome = _execute(core, job, folder)
        message = _message(folder)
        with core.lock:
            job.exit_message = message or None
        if outcome.stopped or outcome.timed_out:
            return STOPPED
        if outcome.exit_code != 0:
            code = outcome.exit_code if outcome.exit_code > 0 else 128 - outcome.exit_code
            return Ending("Failed", f"AlgorithmError: {message}" if message else f"AlgorithmError: , exit code: {code}")
        s3 = core.s3.of_role(job.request["RoleArn"])
        for output in job.request.get("ProcessingOutputConfig", {}).get("Outputs", ()):
            upload_folder(s3, Path(folder.mapped(output["S3Output"]["LocalPath"])), output["S3Output"]["S3Uri"])
        return COMPLETED
    finally:
        folder.remove()


def _prepare(core: Core, job: Job, folder: JobFolder) -> None:
    """Lay out `/opt/ml` and `bin/`, where python and python3 are this interpreter with its packages."""
    request = job.request
    folder.clear()
    config = folder.opt_ml / "config"
    for path in (config, folder.output, folder.opt_ml / "processing", folder.root / "bin"):
        path.mkdir(parents=True, exist_ok=True)
    for name in ("python", "python3"):
        command = folder.root / "bin" / name
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        command.chmod(0o755)
    told = {"ProcessingJobArn": job.arn} | {name: request[name] for name in TOLD_IN_CONFIG if name in request}
    (config / "processingjobconfig.json").write_text(folder.mapped(json.dumps(told)), "utf-8")
    (config / "resourceconfig.json").write_text(json.dumps({"current_host": HOST, "hosts": [HOST]}), "utf-8")
    s3 = core.s3.of_role(request["RoleArn"])
    for entry in request.get("ProcessingInputs", ()):
        target = Path(folder.mapped(entry["S3Input"]["LocalPath"]))
        target.mkdir(parents=True, exist_ok=True)
        download_channel(s3, entry["S3Input"], target)
    for output in request.get("ProcessingOutputConfig", {}).get("Outputs", ()):
        Path(folder.mapped(output["S3Output"]["LocalPath"])).mkdir(parents=True, exist_ok=True)


def _execute(core: Core, job: Job, folder: JobFolder) -> Outcome:
    request, settings = job.request, core.settings
    environment = base_environment(settings, core.credentials(request["RoleArn"]), request["RoleArn"])
    environment["PATH"] = f"{folder.root / 'bin'}:{environment['PATH']}"
    environment |= {key: folder.mapped(value) for key, value in request.get("Environment", {}).items()}
    environment |= {"PROCESSING_JOB_NAME": job.name, "PROCESSING_JOB_ARN": job.arn}
    application = request["AppSpecification"]
    command = [*application["ContainerEntrypoint"], *application.get("ContainerArguments", ())]
    task = Task(None, [folder.mapped(part) for part in command], environment, folder.opt_ml)
    log = JobLog(core.log_sink, LOG_GROUP, f"{job.name}/{HOST}-{int(core.clock())}", core.clock)
    instance = core.start_instance(warm=False)
    try:
        return instance.run(
            task,
            log.write,
            job.stop,
            max_seconds=request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME),
            grace=settings.stop_grace_seconds,
            tell=True,
            on_idle=log.flush,
        )
    finally:
        log.close()
        core.stop_instance(instance)


def _message(folder: JobFolder) -> str:
    path = folder.output / "message"
    return path.read_text("utf-8", "replace")[:MESSAGE_CHARACTERS] if path.is_file() else ""
