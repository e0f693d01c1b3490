"""What all jobs have in common: their names, the group that keeps their records, and why they fail."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.data import DataError
from warmfold.cloud.sagemaker.errors import ServiceError, validation_error
from warmfold.cloud.sagemaker.instances import InstanceLost
from warmfold.cloud.sagemaker.listing import page_of
from warmfold.cloud.sagemaker.script_mode import ScriptModeError
from warmfold.cloud.sagemaker.tags import tag_map

TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
REASON_CHARACTERS = 1024
"""As long as AWS lets a FailureReason be."""


def reason_of(error: Exception) -> str:
    """The FailureReason that an exception in a job's run amounts to."""
    if isinstance(error, DataError | ScriptModeError):
        reason = f"ClientError: {error}"
    elif isinstance(error, InstanceLost):
        reason = f"InternalServerError: We encountered an internal error: {error}. Please try again."
    else:
        reason = f"InternalServerError: {type(error).__name__}: {error}"
    return reason[:REASON_CHARACTERS]


@dataclass(frozen=True)
class JobKind:
    """How AWS names a kind of job: `prefix` (`Processing`) starts the names of its operations and fields."""

    prefix: str
    noun: str
    """The kind in a sentence, such as `processing job`; with hyphens, the kind in an ARN."""
    title: str
    """The kind in the detail-type of its events, such as `Processing Job`."""
    taken: str
    """Why a name in use is refused, with `{arn}` in place of the job that has it."""
    missing: Callable[[str], ServiceError]
    """The error for a name that no job has."""

    @property
    def event(self) -> str:
        """The detail-type of its events."""
        return f"SageMaker {self.title} State Change"

    @property
    def arn(self) -> str:
        """The kind in an ARN, such as `processing-job`."""
        return self.noun.replace(" ", "-")

    @property
    def name_field(self) -> str:
        """The member that holds a job's name."""
        return f"{self.prefix}JobName"

    @property
    def arn_field(self) -> str:
        """The member that holds a job's ARN."""
        return f"{self.prefix}JobArn"

    @property
    def status_field(self) -> str:
        """The member that holds a job's status."""
        return f"{self.prefix}JobStatus"


class JobRecord(Protocol):
    """What a group asks of the record of a job; read and changed under the core's lock only."""

    @property
    def name(self) -> str:
        """The name in the case it was given in."""

    @property
    def arn(self) -> str:
        """The ARN."""

    @property
    def request(self) -> dict[str, Any]:
        """The Create request."""

    @property
    def created_at(self) -> datetime:
        """The CreationTime."""

    @property
    def status(self) -> str:
        """The status, SageMaker's word."""

    @property
    def is_finished(self) -> bool:
        """Whether its status is terminal."""

    def begin_to_stop(self, now: datetime) -> None:
        """Be Stopping."""

    def describe(self) -> dict[str, Any]:
        """The Describe response."""

    def summary(self) -> dict[str, Any]:
        """Its entry in the List response."""

    def event_detail(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """The detail of its state-change event."""


Record = TypeVar("Record", bound=JobRecord)


class JobGroup(Generic[Record]):
    """All jobs of one kind; a subclass says how one is created, runs and is stopped."""

    def __init__(self, core: Core, kind: JobKind) -> None:
        self._core = core
        self._kind = kind
        self._jobs: dict[str, Record] = {}  # by lowercased name
        self._changed = threading.Condition(core.lock)

    def operations(self) -> Mapping[str, Callable[[dict[str, Any], object], dict[str, Any]]]:
        """Operation name to its handler."""
        kind = self._kind
        return {
            f"Create{kind.prefix}Job": lambda request, _: {kind.arn_field: self.create(request).arn},
            f"Describe{kind.prefix}Job": lambda request, _: self.describe(request[kind.name_field]),
            f"List{kind.prefix}Jobs": lambda request, _: self.list(request),
            f"Stop{kind.prefix}Job": lambda request, _: self.stop(request[kind.name_field]),
        }

    def create(self, request: dict[str, Any]) -> Record:
        """Check the (validated) Create request, start the job, return its record; raises ServiceError."""
        raise NotImplementedError

    def get(self, name: str) -> Record:
        """The job's record, whatever the case of the name; raises ServiceError when there is none."""
        job = self._jobs.get(name.lower())
        if job is None:
            raise self._kind.missing(name)
        return job

    def describe(self, name: str) -> dict[str, Any]:
        """The Describe response; raises ServiceError."""
        with self._core.lock:
            self._refresh()
            return self.get(name).describe()

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The List response."""
        with self._core.lock:
            self._refresh()
            result = f"{self._kind.prefix}JobSummaries"
            return page_of(
                self._listed(),
                request,
                result=result,
                summarize=lambda job: job.summary(),
                also=self._filter(request),
            )

    def records(self) -> Iterable[Record]:
        """Every job's record; hold the core's lock as long as they are looked at."""
        self._refresh()
        return self._jobs.values()

    def stop(self, name: str) -> dict[str, Any]:
        """The job is Stopping, and Stopped soon after; raises ServiceError for one that has ended."""
        with self._core.lock:
            job = self.get(name)
            if job.is_finished:
                raise validation_error(
                    f"The request was rejected because the {self._kind.noun} is in status {job.status}."
                )
            if job.status == "Stopping":
                return {}
            job.begin_to_stop(self._core.now())
            detail = self._noted(job)
        self._tell(job, detail)
        self._end(job)
        return {}

    def wait(self, name: str, timeout: float | None = None) -> Record:
        """Wait until the job is terminal, as tests do; raises TimeoutError after `timeout` seconds."""
        with self._changed:
            job = self.get(name)
            if not self._changed.wait_for(lambda: job.is_finished, timeout):
                raise TimeoutError(f"{self._kind.noun} {name} is still {job.status} after {timeout} s")
            return job

    def shutdown(self) -> None:
        """Stop every job; nothing is waited for."""
        with self._core.lock:
            running = [job for job in self._jobs.values() if not job.is_finished]
        for job in running:
            self._end(job)

    def _register(self, job: Record, prepare: Callable[[], None] = lambda: None) -> None:
        """Take in a new job; raises ServiceError for a name in use.

        `prepare` runs under the lock, before the others can see the job; what it raises leaves the job out.
        """
        tags = tag_map(job.request.get("Tags", ()))
        with self._core.lock:
            if job.name.lower() in self._jobs:
                raise ServiceError("ResourceInUse", self._kind.taken.format(arn=job.arn))
            prepare()
            self._jobs[job.name.lower()] = job
            self._core.tags[job.arn] = tags
            detail = self._noted(job)
        self._tell(job, detail)

    def _noted(self, job: Record) -> dict[str, Any]:
        """Wake whoever waits for a change of the job, and give what to tell of it without the lock."""
        self._changed.notify_all()
        return job.event_detail(self._core.tags[job.arn])

    def _tell(self, job: Record, detail: dict[str, Any]) -> None:
        self._core.publish(self._kind.event, detail, job.arn)

    def _refresh(self) -> None:
        """Bring the records up to date before they are shown."""

    def _listed(self) -> Iterable[Record]:
        """The jobs that lists know of."""
        return self._jobs.values()

    def _filter(self, _: Mapping[str, Any]) -> Callable[[Record], bool]:
        """Whether a List request shows a job, as far as the kind has a filter of its own."""
        return lambda _: True

    def _end(self, job: Record) -> None:
        """Have a job that is to stop, or whose cloud goes down, end."""
        raise NotImplementedError
