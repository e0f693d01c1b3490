"""What happens to one processing job between its admission and its end."""

import json

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.data import download_channel, upload_folder
from warmfold.cloud.sagemaker.instances import Outcome, Task
from warmfold.cloud.sagemaker.logs import JobLog
from warmfold.cloud.sagemaker.script_mode import HOST, JobFolder, base_environment, take_keys
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
        log = JobLog(core.log_sink, LOG_GROUP, f"{job.name}/{HOST}-{int(core.clock())}", core.clock)
        try:
            outcome = _execute(core, job, folder, log)
            if outcome.exit_code == 0:
                _tell_empty_outputs(job, folder, log)
        finally:
            log.close()
        message = _message(folder)
        with core.lock:
            job.exit_message = message or None
        if outcome.stopped or outcome.timed_out:
            return STOPPED
        if outcome.exit_code != 0:
            code = outcome.exit_code if outcome.exit_code > 0 else 128 - outcome.exit_code
            return Ending("Failed", f"AlgorithmError: {message}" if message else f"AlgorithmError: , exit code: {code}")
        _upload(core, job, folder)
        return COMPLETED
    finally:
        folder.remove()


def _prepare(core: Core, job: Job, folder: JobFolder) -> None:
    """Lay out `/opt/ml`."""
    request = job.request
    folder.clear()
    config = folder.opt_ml / "config"
    for path in (config, folder.output, folder.opt_ml / "processing"):
        path.mkdir(parents=True, exist_ok=True)
    told = {"ProcessingJobArn": job.arn} | {name: request[name] for name in TOLD_IN_CONFIG if name in request}
    (config / "processingjobconfig.json").write_text(folder.mapped(json.dumps(told)), "utf-8")
    (config / "resourceconfig.json").write_text(json.dumps({"current_host": HOST, "hosts": [HOST]}), "utf-8")
    s3 = core.s3.of_role(request["RoleArn"])
    for entry in request.get("ProcessingInputs", ()):
        target = folder.local(entry["S3Input"]["LocalPath"])
        target.mkdir(parents=True, exist_ok=True)
        download_channel(s3, entry["S3Input"], target)
    folder.rewrite(folder.opt_ml / "processing")
    for output in _outputs(job):
        folder.local(output["LocalPath"]).mkdir(parents=True, exist_ok=True)


def _outputs(job: Job) -> list[dict[str, str]]:
    return [output["S3Output"] for output in job.request.get("ProcessingOutputConfig", {}).get("Outputs", ())]


def _tell_empty_outputs(job: Job, folder: JobFolder, log: JobLog) -> None:
    """Say which outputs have nothing in them: of a job that succeeded nobody would think so."""
    for output in _outputs(job):
        if not any(path.is_file() for path in folder.local(output["LocalPath"]).rglob("*")):
            text = f"warmfold: nothing was written to {output['LocalPath']}: {output['S3Uri']} gets nothing"
            log.write(f"{text}\n".encode())


def _upload(core: Core, job: Job, folder: JobFolder) -> None:
    s3 = core.s3.of_role(job.request["RoleArn"])
    for output in _outputs(job):
        upload_folder(s3, folder.local(output["LocalPath"]), output["S3Uri"])


def _execute(core: Core, job: Job, folder: JobFolder, log: JobLog) -> Outcome:
    request, settings = job.request, core.settings
    python = core.pythons.make(folder.python)
    environment = base_environment(settings, core.credentials(request["RoleArn"]), request["RoleArn"], python)
    environment |= {key: folder.mapped(value) for key, value in request.get("Environment", {}).items()}
    environment |= {"PROCESSING_JOB_NAME": job.name, "PROCESSING_JOB_ARN": job.arn}
    offline = bool(request.get("NetworkConfig", {}).get("EnableNetworkIsolation"))
    if offline:
        take_keys(environment)
    application = request["AppSpecification"]
    command = [*application["ContainerEntrypoint"], *application.get("ContainerArguments", ())]
    task = Task(
        None,
        [folder.mapped(part) for part in command],
        environment,
        folder.seen(folder.opt_ml),
        opt=folder.opt,
        offline=offline,
    )
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
        core.stop_instance(instance)


def _message(folder: JobFolder) -> str:
    path = folder.output / "message"
    return path.read_text("utf-8", "replace")[:MESSAGE_CHARACTERS] if path.is_file() else ""
