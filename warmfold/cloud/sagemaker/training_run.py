"""What happens to one training job from Starting to its end, in a thread of its own."""

import logging
from collections.abc import Callable
from pathlib import Path

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.data import (
    DataError,
    download_channel,
    download_folder,
    download_object,
    pack,
    upload_file,
    upload_folder,
)
from warmfold.cloud.sagemaker.instances import Instance, InstanceLost, Outcome
from warmfold.cloud.sagemaker.jobs import REASON_CHARACTERS, reason_of
from warmfold.cloud.sagemaker.logs import JobLog
from warmfold.cloud.sagemaker.metrics import MetricScraper
from warmfold.cloud.sagemaker.script_mode import (
    HOST,
    ScriptModeError,
    submit_directory,
    training_task,
    write_inputs,
)
from warmfold.cloud.sagemaker.training_job import TrainingJob

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
DEFAULT_MAX_RUNTIME = 86_400
CHECKPOINTS = "/opt/ml/checkpoints"
"""Where a script keeps its checkpoints unless it says otherwise."""

Move = Callable[[TrainingJob, str | None, str, str], None]
Finish = Callable[[TrainingJob, str, str, str, Instance | None], None]
Measure = Callable[[TrainingJob, str, float], None]


class TrainingRun:
    """Runs one job; `move` reports a status on the way, `finish` its end with the instance if that may be kept.

    `measure` is told the name and value of every metric when it is printed.
    """

    def __init__(self, core: Core, job: TrainingJob, move: Move, finish: Finish, measure: Measure) -> None:
        self._core = core
        self._job = job
        self._move = move
        self._finish = finish
        self._measure = measure
        self._folder = core.job_folder("training", job.name)
        self._instance = job.instance
        self._spent = 0.0
        """Seconds that the attempts before have run."""

    def run(self) -> None:
        """Take the job to a terminal status, whatever happens."""
        job = self._job
        sound = True
        try:
            status, secondary, message = self._attempts()
        except (DataError, ScriptModeError) as error:
            status, secondary, message = self._fail(reason_of(error))
        except InstanceLost as error:
            sound = False
            status, secondary, message = self._lost(error)
        except Exception as error:
            logger.exception("training job %s failed inside the local cloud", job.name)
            sound = False
            status, secondary, message = self._fail(reason_of(error))
        try:
            self._folder.remove()
            if not sound and self._instance is not None:
                self._core.stop_instance(self._instance)
        finally:
            self._finish(job, status, secondary, message, self._instance if sound else None)

    def _lost(self, error: InstanceLost) -> tuple[str, str, str]:
        if self._job.stop.is_set():
            return "Stopped", "Stopped", "Training job stopped"
        return self._fail(reason_of(error))

    def _fail(self, reason: str) -> tuple[str, str, str]:
        with self._core.lock:
            self._job.failure_reason = reason[:REASON_CHARACTERS]
        return "Failed", "Failed", "Training job failed"

    def _attempts(self) -> tuple[str, str, str]:
        """The stages, again after each loss of the instance that the RetryStrategy allows; raises InstanceLost."""
        left = self._job.request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        while True:
            try:
                return self._stages()
            except InstanceLost:
                if left == 0 or self._job.stop.is_set():
                    raise
                left -= 1
                if self._instance is not None:
                    self._core.stop_instance(self._instance)
                self._instance = None
                self._move(self._job, None, "Starting", "Retrying the training job after an internal error")

    def _stages(self) -> tuple[str, str, str]:
        core, job = self._core, self._job
        settings = core.settings
        stopped = "Stopped", "Stopped", "Training job stopped"
        if job.stop.wait(settings.warm_start_seconds if self._instance else settings.cold_start_seconds):
            return stopped
        with core.admission.core(job.stop, job.holds_core, job.request["RoleArn"]) as admitted:
            if not admitted:
                return stopped
            self._move(job, None, "Pending", "Preparing the instances for training")
            if self._instance is None:
                self._instance = core.start_instance()
            with core.lock:
                job.started_at = job.started_at or core.now()
            self._move(job, None, "Downloading", "Downloading input data")
            self._download()
            self._instance.wait_ready()
            if job.stop.is_set():
                return stopped
            self._move(job, None, "Training", "Training image download completed. Training in progress.")
            try:
                outcome = self._train(self._instance)
            except InstanceLost:
                self._keep_what_a_lost_instance_had()
                raise
            self._keep_checkpoints()
            failed = self._failure_of(outcome)
            if failed:
                return self._fail(failed)
            self._upload()
        if outcome.timed_out:
            text = "Training job runtime exceeded MaxRuntimeInSeconds provided"
            return "Stopped", "MaxRuntimeExceeded", text
        if outcome.stopped:
            return stopped
        return "Completed", "Completed", "Training job completed"

    def _download(self) -> None:
        request = self._job.request
        s3 = self._core.s3.of_role(request["RoleArn"])
        self._folder.clear()
        write_inputs(self._folder, request)
        if source := submit_directory(request):
            archive = self._folder.root / "sourcedir.tar.gz"
            download_object(s3, source, archive)
            self._core.code.unpack(archive, self._folder.code)
        for channel in request.get("InputDataConfig", ()):
            folder = self._folder.channel(channel["ChannelName"])
            folder.mkdir(parents=True)
            download_channel(s3, channel["DataSource"]["S3DataSource"], folder)
        if checkpoints := self._checkpoints():
            download_folder(s3, *checkpoints)
        self._folder.rewrite(self._folder.code, self._folder.opt_ml / "input" / "data")

    def _checkpoints(self) -> tuple[str, Path] | None:
        """Where checkpoints are kept in S3, and where here."""
        config = self._job.request.get("CheckpointConfig")
        return None if config is None else (config["S3Uri"], self._folder.local(config.get("LocalPath", CHECKPOINTS)))

    def _keep_checkpoints(self) -> None:
        """Upload them, however the script ended; raises DataError."""
        if checkpoints := self._checkpoints():
            uri, folder = checkpoints
            upload_folder(self._core.s3.of_role(self._job.request["RoleArn"]), folder, uri)

    def _keep_what_a_lost_instance_had(self) -> None:
        try:
            self._keep_checkpoints()
        except DataError:
            logger.exception("the checkpoints of training job %s are lost with its instance", self._job.name)

    def _train(self, instance: Instance) -> Outcome:
        core, job = self._core, self._job
        keys = core.credentials(job.request["RoleArn"])
        python = core.pythons.make(self._folder.python)
        task = training_task(self._folder, job.request, job.arn, core.settings, keys, python)
        definitions = job.request["AlgorithmSpecification"].get("MetricDefinitions", ())
        scraper = MetricScraper(definitions, core.clock, lambda name, value: self._measure(job, name, value))
        stream = f"{job.name}/{HOST}-{int(core.clock())}"
        log = JobLog(core.log_sink, LOG_GROUP, stream, core.clock, scraper.feed)
        limit = job.request["StoppingCondition"].get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)
        began = core.clock()
        try:
            return instance.run(
                task,
                log.write,
                job.stop,
                max_seconds=max(0.0, limit - self._spent),
                grace=core.settings.stop_grace_seconds,
                tell=task.path is None,  # the toolkit that runs scripts passes no SIGTERM on
                on_idle=log.flush,
            )
        finally:
            log.close()
            self._spent += core.clock() - began
            with core.lock:
                job.take_metrics(scraper.final())

    def _failure_of(self, outcome: Outcome) -> str | None:
        """AWS's FailureReason; None when the script succeeded or was ended from outside."""
        if outcome.exit_code == 0 or outcome.stopped or outcome.timed_out:
            return None
        reason = self._folder.failure()
        code = outcome.exit_code if outcome.exit_code > 0 else 128 - outcome.exit_code
        return f"AlgorithmError: {reason}" if reason else f"AlgorithmError: , exit code: {code}"

    def _upload(self) -> None:
        job = self._job
        output = job.request["OutputDataConfig"]["S3OutputPath"].rstrip("/") + f"/{job.name}/output"
        archives = {"model.tar.gz": self._folder.model, "output.tar.gz": self._folder.output / "data"}
        filled = {name: folder for name, folder in archives.items() if _has_content(folder)}
        if not filled and job.status != "InProgress":
            return
        self._move(job, None, "Uploading", "Uploading generated training model")
        s3 = self._core.s3.of_role(job.request["RoleArn"])
        for name, folder in filled.items():
            archive = self._folder.root / name
            pack(folder, archive)
            upload_file(s3, archive, f"{output}/{name}")
        if "model.tar.gz" in filled or job.status == "InProgress":
            with self._core.lock:
                job.model_uri = f"{output}/model.tar.gz"


def _has_content(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
