"""What happens to one processing job between its admission and its end."""

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from warmfold.cloud.sagemaker.admission import StopSignal
from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.data import download_channel, upload_folder
from warmfold.cloud.sagemaker.instances import Outcome, Task
from warmfold.cloud.sagemaker.logs import JobLog
from warmfold.cloud.sagemaker.script_mode import JobFolder, base_environment, take_keys
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

    Each instance does so at the same time, in a folder of its own; where one fails the others are stopped. As on AWS, a
    job over its MaxRuntimeInSeconds ends as Stopped, and outputs are uploaded after success only.
    """
    names = [f"algo-{number + 1}" for number in range(instances_of(job.request))]
    hosts = [_Host(name, names, core.job_folder("processing", job.name, name)) for name in names]
    try:
        for host in hosts:
            _prepare(core, job, host)
        if job.stop.is_set():
            return STOPPED
        end = StopSignal()
        with job.stop.calling(end.set), ThreadPoolExecutor(len(hosts)) as pool:
            running = [pool.submit(_run, core, job, host, end) for host in hosts]
        for one in running:
            one.result()
        return _ending(core, job, hosts)
    finally:
        for host in hosts:
            host.folder.remove()


def instances_of(request: Mapping[str, Any]) -> int:
    """How many instances a job asks for."""
    return int(request["ProcessingResources"]["ClusterConfig"]["InstanceCount"])


@dataclass
class _Host:
    """One instance of a job."""

    name: str
    all: list[str]
    folder: JobFolder
    outcome: Outcome | None = None
    ended_at: float = 0.0

    @property
    def message(self) -> str:
        """What it says of its end."""
        path = self.folder.output / "message"
        return path.read_text("utf-8", "replace")[:MESSAGE_CHARACTERS] if path.is_file() else ""


def _run(core: Core, job: Job, host: _Host, end: StopSignal) -> None:
    """Run an instance to its end; one that does not succeed ends the others."""
    log = JobLog(core.log_sink, LOG_GROUP, f"{job.name}/{host.name}-{int(core.clock())}", core.clock)
    try:
        outcome = _execute(core, job, host.folder, log, end)
        if outcome.exit_code == 0:
            _tell_empty_outputs(job, host, log)
        host.outcome, host.ended_at = outcome, time.monotonic()
    finally:
        if host.outcome is None or host.outcome.exit_code != 0:
            end.set()
        log.close()


def _ending(core: Core, job: Job, hosts: Sequence[_Host]) -> Ending:
    """How the job ended: as the first instance that did not succeed, unless all did."""
    ended = sorted(hosts, key=lambda host: host.ended_at)
    by_itself = [host for host in ended if host.outcome is not None and not host.outcome.stopped]
    failed = [host for host in by_itself if host.outcome is not None and host.outcome.exit_code != 0]
    told = [*failed, *hosts]
    message = next((host.message for host in told if host.message), "")
    with core.lock:
        job.exit_message = message or None
    if not failed and len(by_itself) < len(hosts):
        return STOPPED
    if failed:
        outcome, message = failed[0].outcome, failed[0].message
        assert outcome is not None
        if outcome.timed_out:
            return STOPPED
        code = outcome.exit_code if outcome.exit_code > 0 else 128 - outcome.exit_code
        return Ending("Failed", f"AlgorithmError: {message}" if message else f"AlgorithmError: , exit code: {code}")
    for host in hosts:
        _upload(core, job, host.folder)
    return COMPLETED


def _prepare(core: Core, job: Job, host: _Host) -> None:
    """Lay out `/opt/ml`."""
    request, folder = job.request, host.folder
    folder.clear()
    config = folder.opt_ml / "config"
    for path in (config, folder.output, folder.opt_ml / "processing"):
        path.mkdir(parents=True, exist_ok=True)
    told = {"ProcessingJobArn": job.arn} | {name: request[name] for name in TOLD_IN_CONFIG if name in request}
    (config / "processingjobconfig.json").write_text(folder.mapped(json.dumps(told)), "utf-8")
    resources = {"current_host": host.name, "hosts": host.all}
    (config / "resourceconfig.json").write_text(json.dumps(resources), "utf-8")
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


def _tell_empty_outputs(job: Job, host: _Host, log: JobLog) -> None:
    """Say which outputs have nothing in them: of a job that succeeded nobody would think so."""
    for output in _outputs(job):
        if not any(path.is_file() for path in host.folder.local(output["LocalPath"]).rglob("*")):
            text = f"warmfold: nothing was written to {output['LocalPath']}: {output['S3Uri']} gets nothing"
            log.write(f"{text}\n".encode())


def _upload(core: Core, job: Job, folder: JobFolder) -> None:
    s3 = core.s3.of_role(job.request["RoleArn"])
    for output in _outputs(job):
        upload_folder(s3, folder.local(output["LocalPath"]), output["S3Uri"])


def _execute(core: Core, job: Job, folder: JobFolder, log: JobLog, stop: StopSignal) -> Outcome:
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
            stop,
            max_seconds=request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME),
            grace=settings.stop_grace_seconds,
            tell=True,
            on_idle=log.flush,
        )
    finally:
        core.stop_instance(instance)
