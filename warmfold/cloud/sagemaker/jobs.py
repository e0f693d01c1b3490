"""What processing jobs and transform jobs have in common: records, statuses, stop, list, events, one thread each."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from warmfold.cloud.sagemaker.admission import StopSignal
from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.data import DataError
from warmfold.cloud.sagemaker.errors import ServiceError, validation_error
from warmfold.cloud.sagemaker.instances import InstanceLost
from warmfold.cloud.sagemaker.listing import page_of
from warmfold.cloud.sagemaker.script_mode import ScriptModeError
from warmfold.cloud.sagemaker.tags import tag_map
from warmfold.cloud.sagemaker.training_job import REASON_CHARACTERS, TERMINAL, in_milliseconds

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobKind:
    """How AWS names a kind of job; `prefix` (`Processing`) starts the names of its fields."""

    prefix: str
    shown_of_request: tuple[str, ...]
    """What Describe repeats from the request."""
    describes_modification: bool
    """Whether Describe has LastModifiedTime."""

    @property
    def noun(self) -> str:
        """The kind in a sentence, such as `processing job`."""
        return f"{self.prefix.lower()} job"

    @property
    def event(self) -> str:
        """The detail-type of its events."""
        return f"SageMaker {self.prefix} Job State Change"

    @property
    def name_field(self) -> str:
        """The member that holds a job's name."""
        return f"{self.prefix}JobName"

    @property
    def status_field(self) -> str:
        """The member that holds a job's status."""
        return f"{self.prefix}JobStatus"


@dataclass(frozen=True)
class Ending:
    """How a job ended: a terminal status, and why it failed."""

    status: str
    reason: str | None = None


COMPLETED = Ending("Completed")
STOPPED = Ending("Stopped")


@dataclass
class Job:
    """The record of one job; read and changed under the core's lock only, except `stop`."""

    kind: JobKind
    name: str
    arn: str
    request: dict[str, Any]
    created_at: datetime
    status: str = "InProgress"
    failure_reason: str | None = None
    exit_message: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    modified_at: datetime | None = None
    stop: StopSignal = field(default_factory=StopSignal)

    @property
    def is_finished(self) -> bool:
        """Whether its status is terminal."""
        return self.status in TERMINAL

    def describe(self) -> dict[str, Any]:
        """The Describe response."""
        shown = self._always()
        if not self.kind.describes_modification:
            del shown["LastModifiedTime"]
        shown |= {name: self.request[name] for name in self.kind.shown_of_request if name in self.request}
        if self.started_at is not None:
            shown[f"{self.kind.prefix}StartTime"] = self.started_at
        return shown

    def summary(self) -> dict[str, Any]:
        """Its entry in the List response."""
        return self._always()

    def event_detail(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """The detail of its state-change event: what Describe says, times in epoch milliseconds."""
        return {**in_milliseconds(self.describe()), "Tags": dict(tags)}

    def _always(self) -> dict[str, Any]:
        prefix = self.kind.prefix
        optional = {
            "FailureReason": self.failure_reason,
            "ExitMessage": self.exit_message,
            f"{prefix}EndTime": self.ended_at,
        }
        return {
            self.kind.name_field: self.name,
            f"{prefix}JobArn": self.arn,
            self.kind.status_field: self.status,
            "CreationTime": self.created_at,
            "LastModifiedTime": self.modified_at or self.created_at,
            **{name: value for name, value in optional.items() if value is not None},
        }


class JobGroup:
    """All jobs of one kind."""

    def __init__(self, core: Core, kind: JobKind) -> None:
        self._core = core
        self._kind = kind
        self._jobs: dict[str, Job] = {}  # by lowercased name
        self._finished = threading.Condition(core.lock)

    def start(self, request: dict[str, Any], work: Callable[[Job], Ending]) -> dict[str, Any]:
        """Register the job of a checked request and run `work` for it, holding a core, in a thread; as Create responds.

        Raises ServiceError for a name in use. What `work` raises becomes the job's FailureReason.
        """
        kind, name = self._kind, request[self._kind.name_field]
        job = Job(kind, name, self._core.arn(f"{kind.prefix.lower()}-job", name), request, self._core.now())
        tags = tag_map(request.get("Tags", ()))
        with self._core.lock:
            if name.lower() in self._jobs:
                raise ServiceError(
                    "ResourceInUse",
                    "Job name must be unique within an AWS account and region, and a job with this name already exists "
                    f"({job.arn})",
                )
            self._jobs[name.lower()] = job
            self._core.tags[job.arn] = tags
            detail = job.event_detail(tags)
        self._core.publish(kind.event, detail, job.arn)
        self._core.start_thread(lambda: self._run(job, work), f"{kind.prefix.lower()}-{name}")
        return {f"{kind.prefix}JobArn": job.arn}

    def get(self, name: str) -> Job:
        """The job's record, whatever the case of the name; raises ServiceError when there is none."""
        job = self._jobs.get(name.lower())
        if job is None:
            raise validation_error(f"Could not find requested job with name: {name}")
        return job

    def describe(self, name: str) -> dict[str, Any]:
        """The Describe response."""
        with self._core.lock:
            return self.get(name).describe()

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The List response."""
        with self._core.lock:
            result = f"{self._kind.prefix}JobSummaries"
            return page_of(self._jobs.values(), request, result=result, summarize=Job.summary)

    def stop(self, name: str) -> dict[str, Any]:
        """The job is Stopping, and Stopped soon after; raises ServiceError for one that has ended."""
        with self._core.lock:
            job = self.get(name)
            if job.is_finished:
                raise validation_error(
                    f"The request was rejected because the {self._kind.noun} is in status {job.status}."
                )
            already = job.status == "Stopping"
            job.status, job.modified_at = "Stopping", self._core.now()
            detail = job.event_detail(self._core.tags[job.arn])
        if not already:
            self._core.publish(self._kind.event, detail, job.arn)
            job.stop.set()
        return {}

    def wait(self, name: str, timeout: float | None = None) -> Job:
        """Wait until the job is terminal, as tests do; raises TimeoutError after `timeout` seconds."""
        with self._finished:
            job = self.get(name)
            if not self._finished.wait_for(lambda: job.is_finished, timeout):
                raise TimeoutError(f"{self._kind.noun} {name} is still {job.status} after {timeout} s")
            return job

    def shutdown(self) -> None:
        """Stop every job; nothing is waited for."""
        with self._core.lock:
            running = [job for job in self._jobs.values() if not job.is_finished]
        for job in running:
            job.stop.set()

    def _run(self, job: Job, work: Callable[[Job], Ending]) -> None:
        """Take the job to a terminal status, whatever happens."""
        try:
            ending = self._admitted(job, work)
        except (DataError, ScriptModeError) as error:
            ending = Ending("Failed", f"ClientError: {error}"[:REASON_CHARACTERS])
        except InstanceLost as error:
            again = f"InternalServerError: We encountered an internal error: {error}. Please try again."
            ending = STOPPED if job.stop.is_set() else Ending("Failed", again)
        except Exception as error:
            logger.exception("%s %s failed inside the local cloud", self._kind.noun, job.name)
            ending = Ending("Failed", f"InternalServerError: {type(error).__name__}: {error}"[:REASON_CHARACTERS])
        with self._core.lock:
            if job.status == "Stopping":
                ending = STOPPED
            now = self._core.now()
            job.status, job.failure_reason, job.ended_at, job.modified_at = ending.status, ending.reason, now, now
            detail = job.event_detail(self._core.tags[job.arn])
            self._finished.notify_all()
        self._core.publish(self._kind.event, detail, job.arn)

    def _admitted(self, job: Job, work: Callable[[Job], Ending]) -> Ending:
        if job.stop.wait(self._core.settings.cold_start_seconds):
            return STOPPED
        with self._core.admission.core(job.stop) as admitted:
            if not admitted:
                return STOPPED
            with self._core.lock:
                job.started_at = job.modified_at = self._core.now()
            return work(job)
