"""Processing jobs and transform jobs: one piece of work on one core, in a thread of its own."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from warmfold.cloud.sagemaker.admission import StopSignal
from warmfold.cloud.sagemaker.core import Core, in_milliseconds
from warmfold.cloud.sagemaker.data import DataError
from warmfold.cloud.sagemaker.errors import validation_error
from warmfold.cloud.sagemaker.instances import InstanceLost
from warmfold.cloud.sagemaker.jobs import TERMINAL, JobGroup, JobKind, reason_of
from warmfold.cloud.sagemaker.script_mode import ScriptModeError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkKind(JobKind):
    """A kind of job that is one piece of work."""

    shown_of_request: tuple[str, ...]
    """What Describe repeats from the request."""
    describes_modification: bool
    """Whether Describe has LastModifiedTime."""


def work_kind(prefix: str, *, shown_of_request: tuple[str, ...], describes_modification: bool) -> WorkKind:
    """The kind whose names begin with a prefix such as `Processing`."""
    return WorkKind(
        prefix,
        noun=f"{prefix.lower()} job",
        title=f"{prefix} Job",
        taken=(
            "Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})"
        ),
        missing=lambda name: validation_error(f"Could not find requested job with name: {name}"),
        shown_of_request=shown_of_request,
        describes_modification=describes_modification,
    )


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

    kind: WorkKind
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

    def begin_to_stop(self, now: datetime) -> None:
        """Be Stopping."""
        self.status, self.modified_at = "Stopping", now

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
            self.kind.arn_field: self.arn,
            self.kind.status_field: self.status,
            "CreationTime": self.created_at,
            "LastModifiedTime": self.modified_at or self.created_at,
            **{name: value for name, value in optional.items() if value is not None},
        }


class WorkJobs(JobGroup[Job]):
    """All jobs of one such kind."""

    def __init__(self, core: Core, kind: WorkKind) -> None:
        super().__init__(core, kind)
        self._work_kind = kind

    def start(
        self, request: dict[str, Any], work: Callable[[Job], Ending], prepare: Callable[[], None] = lambda: None
    ) -> Job:
        """Take in the job of a checked request and run `work` for it, holding a core, in a thread.

        Raises ServiceError for a name in use, and what `prepare` raises. What `work` raises becomes the job's
        FailureReason.
        """
        kind, name = self._work_kind, request[self._kind.name_field]
        job = Job(kind, name, self._core.arn(kind.arn, name), request, self._core.now())
        self._register(job, prepare)
        self._core.start_thread(lambda: self._run(job, work), f"{kind.prefix.lower()}-{name}")
        return job

    def _end(self, job: Job) -> None:
        job.stop.set()

    def _run(self, job: Job, work: Callable[[Job], Ending]) -> None:
        """Take the job to a terminal status, whatever happens."""
        try:
            ending = self._admitted(job, work)
        except (DataError, ScriptModeError) as error:
            ending = Ending("Failed", reason_of(error))
        except InstanceLost as error:
            ending = STOPPED if job.stop.is_set() else Ending("Failed", reason_of(error))
        except Exception as error:
            logger.exception("%s %s failed inside the local cloud", self._kind.noun, job.name)
            ending = Ending("Failed", reason_of(error))
        with self._core.lock:
            if job.status == "Stopping":
                ending = STOPPED
            now = self._core.now()
            job.status, job.failure_reason, job.ended_at, job.modified_at = ending.status, ending.reason, now, now
            detail = self._noted(job)
        self._tell(job, detail)

    def _admitted(self, job: Job, work: Callable[[Job], Ending]) -> Ending:
        if job.stop.wait(self._core.settings.cold_start_seconds):
            return STOPPED
        with self._core.admission.core(job.stop, owner=job.request.get("RoleArn")) as admitted:
            if not admitted:
                return STOPPED
            with self._core.lock:
                job.started_at = job.modified_at = self._core.now()
            return work(job)
