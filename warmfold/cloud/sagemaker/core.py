"""What every kind of job shares: settings, clock, AWS clients per role, tags, events, admission, instances."""

import logging
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from warmfold.cloud import home
from warmfold.cloud.sagemaker import namespaces
from warmfold.cloud.sagemaker.admission import Admission
from warmfold.cloud.sagemaker.code_cache import CodeCache
from warmfold.cloud.sagemaker.data import S3Clients
from warmfold.cloud.sagemaker.instances import Instance
from warmfold.cloud.sagemaker.pythons import Pythons
from warmfold.cloud.sagemaker.script_mode import HOST, JobFolder
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.shelf import Shelf

logger = logging.getLogger(__name__)

PLAIN_PATH = re.compile(r"[\w/.+@%:,=-]+")

RoleCredentials = Callable[[str], Mapping[str, str]]
"""Role ARN to `{"AccessKeyId", "SecretAccessKey", "SessionToken"}`."""
LogSink = Callable[[str, str, Sequence[tuple[int, str]]], None]
"""Takes log group, stream and (epoch milliseconds, line) pairs."""
EventSink = Callable[[str, dict[str, Any], list[str]], None]
"""Takes detail-type, detail and resource ARNs."""


@dataclass
class Core:
    """The ground the operations stand on; hold `lock` to read or change any job's record.

    Making it removes the folders that the jobs of an earlier one left under the same `base_dir`.
    """

    settings: Settings
    clock: Callable[[], float]
    credentials: RoleCredentials
    log_sink: LogSink
    event_sink: EventSink
    lock: threading.RLock = field(default_factory=threading.RLock)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """Resource ARN to its tags; a resource that may carry tags has an entry."""

    def __post_init__(self) -> None:
        self.admission = Admission(self.settings.cores, self.settings.core_patience_seconds)
        self.s3 = S3Clients(self.settings, self.credentials)
        jobs = self.settings.base_dir / "jobs"
        self._job_folders = home.remake_jobs(jobs, plain=PLAIN_PATH.fullmatch(str(jobs)) is not None)
        self.shelf = Shelf(self.settings.base_dir)
        self.code = CodeCache(self.settings.base_dir / "code")
        self.pythons = Pythons(self.settings.base_dir / "pythons")
        self._mounts = self.settings.mount_opt_ml and may_mount()
        self._instances: set[Instance] = set()
        self._ended = False

    def now(self) -> datetime:
        """The clock's time, in UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a resource such as `training-job`; SageMaker lowercases the name."""
        return f"arn:aws:sagemaker:{self.settings.region}:{self.settings.account_id}:{kind}/{name.lower()}"

    def job_folder(self, kind: str, name: str, host: str = HOST) -> JobFolder:
        """Where a job's files are while it runs; `kind` (`training`) keeps jobs of one name apart, `host` instances."""
        own = "" if host == HOST else f".{host}"
        return JobFolder(self._job_folders / f"{kind}-{name}{own}", self._mounts)

    def start_instance(self, warm: bool = True) -> Instance:
        """A new instance, still importing its libraries; end it with `stop_instance`."""
        instance = Instance(self.settings, preload=warm and self.settings.preload)
        with self.lock:
            if self._ended:
                instance.close()
            self._instances.add(instance)
        return instance

    def stop_instance(self, instance: Instance) -> None:
        """Kill the instance and whatever runs on it."""
        with self.lock:
            self._instances.discard(instance)
        instance.close()

    def start_thread(self, work: Callable[[], None], name: str) -> None:
        """Run `work` beside the server; it ends with the server."""
        threading.Thread(target=work, name=name, daemon=True).start()

    def publish(self, detail_type: str, detail: dict[str, Any], resource: str) -> None:
        """Put a state-change event on the bus; a failing bus harms no job. Do not hold the lock."""
        try:
            self.event_sink(detail_type, detail, [resource])
        except Exception:
            logger.exception("%s of %s could not be delivered", detail_type, resource)

    def shutdown(self) -> None:
        """Kill every instance with what runs on it."""
        with self.lock:
            self._ended = True
            instances = list(self._instances)
            self._instances.clear()
        for instance in instances:
            instance.close()


def in_milliseconds(value: Any) -> Any:
    """The value with every datetime in it as epoch milliseconds, as events and state machines show them."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        return {key: in_milliseconds(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [in_milliseconds(item) for item in value]
    return value


@cache
def may_mount() -> bool:
    """Whether jobs can have their folder as /opt/ml itself; tried once, for it depends on the system's settings."""
    if sys.platform != "linux":
        return False
    with tempfile.TemporaryDirectory(prefix="warmfold-") as folder:
        command = [sys.executable, "-I", "-S", namespaces.__file__, folder]
        tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        logger.warning("%s: /opt/ml is replaced in their scripts instead", tried.stderr.strip())
    return tried.returncode == 0
