"""What happens to one transform job between its admission and its end."""

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from warmfold.cloud.sagemaker import serving as serving_program
from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.data import channel_objects, download_object, unpack, upload_file
from warmfold.cloud.sagemaker.data_processing import DataProcessing, RecordsDiffer
from warmfold.cloud.sagemaker.instances import Task
from warmfold.cloud.sagemaker.jobs import REASON_CHARACTERS
from warmfold.cloud.sagemaker.logs import JobLog
from warmfold.cloud.sagemaker.model_server import ModelServer, NoAnswer, ServerDied, serving
from warmfold.cloud.sagemaker.models import Model
from warmfold.cloud.sagemaker.needs import has_needs
from warmfold.cloud.sagemaker.script_mode import HOST, ScriptModeError, base_environment, take_keys
from warmfold.cloud.sagemaker.work_jobs import COMPLETED, STOPPED, Ending, Job

LOG_GROUP = "/aws/sagemaker/TransformJobs"
PROGRAM = "SAGEMAKER_PROGRAM"
SUBMIT_DIRECTORY = "SAGEMAKER_SUBMIT_DIRECTORY"
DEFAULT_PAYLOAD_MB = 6
DEFAULT_TIMEOUT = 600
MEGABYTE = 1 << 20
STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}
NO_PING = (
    "Model container failed to respond to ping. Please ensure /ping endpoint is implemented and responds with an "
    "HTTP 200 status code"
)


def run_transform(core: Core, job: Job, model: Model) -> Ending:
    """Serve the model and send it every input; raises DataError, ScriptModeError and InstanceLost.

    As on AWS, an input that fails has no output and fails the job while the others go on and keep theirs, and a job
    that is stopped leaves no outputs. Requests are sent one at a time, as the job holds one core.
    """
    return _Run(core, job, model).run()


class InputFailed(Exception):
    """One input has no output; `blame` is whose error it is, as a FailureReason begins."""

    def __init__(self, blame: str, text: str) -> None:
        super().__init__(text)
        self.blame = blame


@dataclass(frozen=True)
class Batching:
    """How an input is cut into requests; a request's `limit` is in bytes."""

    by_line: bool
    strategy: str
    max_payload_mb: int

    @classmethod
    def of(cls, request: Mapping[str, Any], told: Mapping[str, Any]) -> "Batching":
        """What the job asks for, else what its container says of itself, else AWS's defaults."""
        strategy = STRATEGIES.get(request.get("BatchStrategy", ""), told.get("BatchStrategy", "MULTI_RECORD"))
        payload = request.get("MaxPayloadInMB", told.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB))
        return cls(request["TransformInput"].get("SplitType") == "Line", str(strategy), int(payload))

    @property
    def limit(self) -> float:
        """MaxPayloadInMB, of which 0 sets no limit."""
        return self.max_payload_mb * MEGABYTE or float("inf")

    def payloads(self, path: Path) -> Iterator[bytes]:
        """The bodies of the requests for one input, in order; raises InputFailed for what is too large for one."""
        if not self.by_line:
            self._check(path.stat().st_size, "it")
            yield path.read_bytes()
            return
        batch: list[bytes] = []
        size = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                self._check(len(line), f"line {number}")
                if batch and (self.strategy == "SINGLE_RECORD" or size + len(line) > self.limit):
                    yield b"".join(batch)
                    batch, size = [], 0
                batch.append(line)
                size += len(line)
        if batch:
            yield b"".join(batch)

    def _check(self, size: int, what: str) -> None:
        if size > self.limit:
            raise InputFailed(
                "ClientError",
                f"{what} has {size} bytes, and MaxPayloadInMB is {self.max_payload_mb}: cut it smaller"
                + (" " if self.by_line else ", set SplitType to Line ")
                + "or raise MaxPayloadInMB (at most 100)",
            )


class _LastLine:
    """The last line of output that says something: of a traceback, the exception."""

    def __init__(self) -> None:
        self.text = ""

    def take(self, line: str) -> None:
        self.text = line.strip() or self.text


class _Run:
    """One job's run; its outputs wait in the job's folder until it is clear that it was not stopped."""

    def __init__(self, core: Core, job: Job, model: Model) -> None:
        self._core = core
        self._job = job
        self._model = model
        self._folder = core.job_folder("transform", job.name)
        self._s3 = core.s3.of_role(model.role_arn)
        self._environment = {**model.container.environment, **job.request.get("Environment", {})}
        self._processing = DataProcessing.of(job.request)
        self._last = _LastLine()
        stream = f"{job.name}/{HOST}-{int(core.clock())}"
        self._log = JobLog(core.log_sink, LOG_GROUP, stream, core.clock, self._last.take)
        self._data_log = JobLog(core.log_sink, LOG_GROUP, f"{stream}/data-log", core.clock)

    def run(self) -> Ending:
        instance = self._core.start_instance(warm=False)  # the script imports what its model needs, and no more
        try:
            source = self._job.request["TransformInput"]["DataSource"]["S3DataSource"]
            inputs = list(channel_objects(self._s3, source))
            task = self._task()
            with serving(instance, task, self._port_file, self._job.stop, self._log) as server:
                ending, outputs = self._served(server, inputs)
            if self._job.stop.is_set():
                return STOPPED
            for path, name in outputs:
                target = self._job.request["TransformOutput"]["S3OutputPath"].rstrip("/")
                upload_file(self._s3, path, f"{target}/{name}.out")
            return ending
        finally:
            self._core.stop_instance(instance)
            for log in (self._log, self._data_log):
                log.close()
            self._folder.remove()

    @property
    def _port_file(self) -> Path:
        return self._folder.root / "port"

    def _task(self) -> Task:
        """Unpack the model's archive and tell how its script is served; raises DataError and ScriptModeError."""
        folder, core = self._folder, self._core
        folder.clear()
        for path in (folder.model, folder.code, folder.output):
            path.mkdir(parents=True, exist_ok=True)
        self._fetch(self._model.container.model_data, folder.model)
        submitted = self._environment.get(SUBMIT_DIRECTORY, "/opt/ml/code")
        if submitted.startswith("s3://"):
            self._fetch(submitted, folder.code)
            submitted = "/opt/ml/code"
        script = folder.local(submitted) / self._environment[PROGRAM]
        if not script.is_file():
            raise ScriptModeError(
                f"{PROGRAM} {self._environment[PROGRAM]} is not in {SUBMIT_DIRECTORY} "
                f"{self._environment.get(SUBMIT_DIRECTORY, submitted)}; the model archive is "
                f"{self._model.container.model_data}"
            )
        batching = Batching.of(self._job.request, {})
        folder.rewrite(folder.opt_ml)
        role_arn, python = self._model.role_arn, core.pythons.make(folder.python)
        environment = base_environment(core.settings, core.credentials(role_arn), role_arn, python)
        if self._model.request.get("EnableNetworkIsolation"):
            take_keys(environment)
        environment |= {
            "SAGEMAKER_BASE_DIR": folder.seen(folder.opt_ml),
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_BATCH_STRATEGY": batching.strategy,
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(batching.max_payload_mb),
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self._job.request.get("MaxConcurrentTransforms") or 1),
        }
        environment |= {name: folder.mapped(value) for name, value in self._environment.items()}
        own = folder.seen(script.parent) if script.parent.is_relative_to(folder.opt_ml) else str(script.parent)
        serve = [serving_program.__file__, str(self._port_file)]
        needs = has_needs(script.parent)
        if needs:
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, [own, environment.get("PYTHONPATH")]))
        return Task(
            None if needs else serve[0],
            python.with_needs(own, "", serve) if needs else serve[1:],
            environment,
            folder.seen(folder.opt_ml),
            path=own,
            opt=folder.opt,
            python=python,
        )

    def _fetch(self, uri: str, target: Path) -> None:
        archive = self._folder.root / "archive.tar.gz"
        download_object(self._s3, uri, archive)
        unpack(archive, target)

    def _served(self, server: ModelServer, inputs: list[tuple[str, str]]) -> tuple[Ending, list[tuple[Path, str]]]:
        """How the job ends, and its outputs: the whole ones, as (file, name)."""
        outputs: list[tuple[Path, str]] = []
        failures: list[tuple[str, InputFailed]] = []
        try:
            server.wait_ready()
            batching = Batching.of(self._job.request, server.execution_parameters())
        except (ServerDied, NoAnswer) as error:
            return self._broken(NO_PING, error), outputs
        try:
            self._note(f"MaxPayloadInMB={batching.max_payload_mb}, BatchStrategy={batching.strategy}")
            for number, (uri, name) in enumerate(inputs):
                if self._job.stop.is_set():
                    break
                path = self._folder.output / f"{number}.out"
                try:
                    self._transform(server, batching, uri, path)
                except InputFailed as failure:
                    failures.append((name, failure))
                    self._note(f"{uri.removeprefix('s3://')}: {failure}")
                else:
                    outputs.append((path, name))
        except ServerDied as error:
            return self._broken("The model container ended while it served", error), outputs
        if not failures:
            return COMPLETED, outputs
        name, first = failures[0]
        told = f"See job logs for more information. {len(failures)} of {len(inputs)} inputs failed; {name}: {first}"
        return Ending("Failed", f"{first.blame}: {told}"[:REASON_CHARACTERS]), outputs

    def _transform(self, server: ModelServer, batching: Batching, uri: str, output: Path) -> None:
        """One input to one file; raises InputFailed and ServerDied."""
        request = self._job.request
        content_type = request["TransformInput"].get("ContentType")
        accept = request["TransformOutput"].get("Accept")
        newline = b"\n" if request["TransformOutput"].get("AssembleWith") == "Line" else b""
        source = self._folder.root / "input"
        download_object(self._s3, uri, source)
        with output.open("wb") as file:
            for body in batching.payloads(source):
                try:
                    answer = self._invoke(server, self._processing.sent(body), content_type, accept)
                    file.write(self._processing.kept(body, answer) + newline)
                except (RecordsDiffer, UnicodeDecodeError, csv.Error) as error:
                    raise InputFailed("ClientError", str(error)) from error

    def _invoke(self, server: ModelServer, body: bytes, content_type: str | None, accept: str | None) -> bytes:
        config = self._job.request.get("ModelClientConfig", {})
        timeout = config.get("InvocationsTimeoutInSeconds", DEFAULT_TIMEOUT)
        # AWS asks three times more by default; what a local model refuses once it refuses again
        for left in reversed(range(config.get("InvocationsMaxRetries", 0) + 1)):
            try:
                answer = server.invoke(body, content_type, accept, timeout)
            except NoAnswer as error:
                if not left:
                    raise InputFailed(
                        "InternalServerError", f"Unable to get response from algorithm: {error}"
                    ) from error
                continue
            if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR or not left:
                break
        if answer.status == HTTPStatus.OK:
            return answer.body
        blame = "AlgorithmError" if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "ClientError"
        told = answer.body.decode("utf-8", "replace")
        raise InputFailed(blame, f"Bad HTTP status received from algorithm: {answer.status}: {told}")

    def _broken(self, what: str, error: Exception) -> Ending:
        if isinstance(error, ServerDied):
            self._log.close()  # it has ended, and its last line may have no end
        return Ending("Failed", f"AlgorithmError: {what}: {error}. {self._last.text}"[:REASON_CHARACTERS])

    def _note(self, text: str) -> None:
        """A line of the data log, as AWS writes it."""
        at = self._core.now().isoformat(timespec="milliseconds").removesuffix("+00:00")
        self._data_log.write(f"{at}:[sagemaker logs]: {text}\n".encode())
