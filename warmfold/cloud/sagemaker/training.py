"""Training jobs: the operations, warm pools and quotas. What happens while a job runs is in training_run.py."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.errors import limit_exceeded, validation_error
from warmfold.cloud.sagemaker.instances import Instance
from warmfold.cloud.sagemaker.jobs import JobGroup, JobKind
from warmfold.cloud.sagemaker.metrics import check_definitions
from warmfold.cloud.sagemaker.pools import WarmPools, WarmPoolState
from warmfold.cloud.sagemaker.training_job import Details, TrainingJob
from warmfold.cloud.sagemaker.training_run import CHECKPOINTS, DEFAULT_MAX_RUNTIME, TrainingRun

logger = logging.getLogger(__name__)

KEPT_AFTER = ("AlgorithmError", "ClientError")
ROOT = PurePosixPath("/opt/ml")


TRAINING = JobKind(
    "Training",
    noun="training job",
    title="Training Job",
    taken=(
        "Training job names must be unique within an AWS account and region, and a training job with this name already "
        "exists ({arn})"
    ),
    missing=lambda _: validation_error("Requested resource not found."),
)


class TrainingJobs(JobGroup[TrainingJob]):
    """All training jobs and the instances kept warm after them."""

    def __init__(self, core: Core) -> None:
        super().__init__(core, TRAINING)
        self._pools: WarmPools[Instance] = WarmPools()
        self._idle_candidates: dict[str, list[Instance]] = {}
        self._closed_keys: set[str] = set()
        self._reserved: dict[str, tuple[str, int]] = {}
        """By pool key: an instance type and how many of it are set aside, whether or not jobs use them."""
        self._pools_changed = threading.Condition(core.lock)
        self._ended = False
        core.start_thread(self._end_pools_in_time, "warm-pools")
        self._listeners: list[Callable[[TrainingJob], None]] = []
        self._metric_listeners: list[Callable[[TrainingJob, str, float], None]] = []

    def operations(self) -> Mapping[str, Callable[[dict[str, Any], object], dict[str, Any]]]:
        """Operation name to its handler."""
        return {
            **super().operations(),
            "CreateTrainingJob": self._created_by,
            "UpdateTrainingJob": lambda request, _: self.update(request),
        }

    def _created_by(self, request: dict[str, Any], identity: object) -> dict[str, Any]:
        """CreateTrainingJob; jobs of a role that creates another role's wait for those, and hold no core."""
        job = self.create(request)
        role_arn = getattr(identity, "role_arn", None)
        if role_arn not in (None, request["RoleArn"]):
            self._core.admission.waits(role_arn)
        return {"TrainingJobArn": job.arn}

    def on_finish(self, listener: Callable[[TrainingJob], None]) -> None:
        """Call `listener` with every job that becomes terminal, from that job's thread, without the lock."""
        self._listeners.append(listener)

    def on_metric(self, listener: Callable[[TrainingJob, str, float], None]) -> None:
        """Call `listener` with job, name and value of every metric a job prints, from its thread, without the lock."""
        self._metric_listeners.append(listener)

    def create(
        self,
        request: dict[str, Any],
        *,
        holds_core: bool = True,
        pool_key: str | None = None,
        tuning_job_arn: str | None = None,
    ) -> TrainingJob:
        """Check the (validated) CreateTrainingJob request, start the job, return its record; raises ServiceError.

        Jobs with one `pool_key` hand their instance on to each other until `release_key`.
        """
        check_training(request)
        name = request["TrainingJobName"]
        job = TrainingJob(
            name,
            self._core.arn(TRAINING.arn, name),
            Details(request),
            self._core.now(),
            holds_core=holds_core,
            pool_key=pool_key,
            tuning_job_arn=tuning_job_arn,
            instance_since=self._core.clock(),
        )

        def prepare() -> None:
            self._refresh()
            if job.pool_key not in self._reserved:
                takes_pool = job.pool_key is None and self._pools.matches(job.shape, self._core.clock())
                count = job.shape.instance_count
                self._check_quota(job.shape.instance_type, count, count if takes_pool else 0)
            self._take_instance(job)
            job.move("InProgress", "Starting", "Starting the training job", job.created_at)

        self._register(job, prepare)
        try:
            run = TrainingRun(self._core, job, self.move, self._finish, self._measured)
            self._core.start_thread(run.run, f"training-{name}")
        except RuntimeError as error:  # the system gives no more threads
            with self._core.lock:
                job.failure_reason = f"InternalServerError: {error}"
            self._finish(job, "Failed", "Failed", "Training job failed", job.instance)
        return job

    def update(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateTrainingJob: another keep-alive for the job's pool; 0 releases it."""
        name = request["TrainingJobName"]
        unknown = set(request) - {"TrainingJobName", "ResourceConfig"}
        if unknown:
            raise validation_error(f"The local cloud updates only ResourceConfig, not {', '.join(sorted(unknown))}.")
        with self._core.lock:
            self._refresh()
            job = self.get(name)
            if "ResourceConfig" in request:
                keep_alive = request["ResourceConfig"]["KeepAlivePeriodInSeconds"]
                state = job.warm_pool.status if job.warm_pool else "none"
                if self._pools.is_released(job.name):
                    state = "being released"
                if state not in ("Available", "InUse"):
                    raise validation_error(
                        f"The keep-alive period of training job {name} cannot be updated: "
                        f"its warm pool must be Available or InUse, and is {state}."
                    )
                job.set_keep_alive(keep_alive)
                if not self._pools.holds(job.name):
                    job.keeps_pool = self._may_keep_pool(job)
                elif keep_alive == 0:
                    self._pools.release(job.name, self._core.clock(), self._core.settings.pool_release_seconds)
                    self._refresh()
                else:
                    self._pools.extend(job.name, keep_alive)
                self._pools_changed.notify_all()
        return {"TrainingJobArn": job.arn}

    def reserve(self, pool_key: str, kind: str, count: int) -> None:
        """Set instances of a type aside for the jobs of a `pool_key`, until `release_key`; raises ServiceError."""
        with self._core.lock:
            self._refresh()
            self._check_quota(kind, count, 0)
            self._reserved[pool_key] = kind, count

    def release_key(self, pool_key: str) -> None:
        """End the idle instances of a `pool_key`, and those of its jobs that still run when they end."""
        with self._core.lock:
            self._closed_keys.add(pool_key)
            self._reserved.pop(pool_key, None)
            idle = self._idle_candidates.pop(pool_key, [])
        for instance in idle:
            self._core.stop_instance(instance)

    def shutdown(self) -> None:
        """Stop every job and pool; nothing is waited for."""
        super().shutdown()
        with self._core.lock:
            kept = self._pools.release_all(self._core.clock())
            self._ended = True
            self._pools_changed.notify_all()
        for pool in kept:
            self._core.stop_instance(pool.kept)

    def move(self, job: TrainingJob, status: str | None, secondary: str, message: str) -> None:
        """Change a job's statuses (None: keep the status) and tell EventBridge."""
        with self._core.lock:
            if job.is_finished or (job.status == "Stopping" and status is None and secondary != "Uploading"):
                return
            job.move(status or job.status, secondary, message, self._core.now())
            detail = self._noted(job)
        self._tell(job, detail)

    def _listed(self) -> Iterable[TrainingJob]:
        lag = self._core.settings.list_lag_seconds
        if lag == 0:
            return self._jobs.values()
        moment = self._core.now() - timedelta(seconds=lag)
        return (job.as_of(moment) for job in self._jobs.values() if job.created_at <= moment)

    def _filter(self, request: Mapping[str, Any]) -> Callable[[TrainingJob], bool]:
        wanted = request.get("WarmPoolStatusEquals")
        return lambda job: wanted is None or (job.warm_pool is not None and job.warm_pool.status == wanted)

    def _end(self, job: TrainingJob) -> None:
        job.stop.set()

    def _measured(self, job: TrainingJob, name: str, value: float) -> None:
        for listener in self._metric_listeners:
            listener(job, name, value)

    def _finish(self, job: TrainingJob, status: str, secondary: str, message: str, instance: Instance | None) -> None:
        """Make the job terminal and its instance a pool, a colleague's, or nothing: in one step for whoever looks."""
        surplus = instance
        with self._core.lock:
            if job.status == "Stopping" and status != "Stopped":
                status = secondary = "Stopped"
                message, job.failure_reason = "Training job stopped", None
            now = self._core.clock()
            sound = status != "Failed" or (job.failure_reason or "").startswith(KEPT_AFTER)
            keep_alive = job.request["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0)
            if instance is not None and sound and job.keeps_pool and job.warm_pool is not None:
                late = self._core.settings.pool_available_after_seconds
                born = job.instance_since
                self._pools.keep(job.name, job.shape, job.warm_pool, instance, now, keep_alive, born, late)
                self._pools_changed.notify_all()
                surplus = None
            elif instance is not None and sound and job.pool_key is not None and job.pool_key not in self._closed_keys:
                self._idle_candidates.setdefault(job.pool_key, []).append(instance)
                surplus = None
            elif job.warm_pool is not None:
                job.warm_pool.status = "Terminated"
            job.instance = None
            job.move(status, secondary, message, self._core.now())
            detail = self._noted(job)
            self._shelve(job)
        self._tell(job, detail)
        if surplus is not None:
            self._core.stop_instance(surplus)
        for listener in self._listeners:
            listener(job)

    def _shelve(self, job: TrainingJob) -> None:
        try:
            job.shelve(self._core.shelf)
        except OSError:
            logger.exception("the record of training job %s stays in memory", job.name)

    def _check_quota(self, kind: str, count: int, reused: int) -> None:
        """Whether there may be `count` instances more of a type, of which some are those of a pool."""
        quota = self._core.settings.training_quota(kind)
        reserved = sum(count for of, count in self._reserved.values() if of == kind)
        used = (
            self._pools.instances(kind)
            + reserved
            + sum(
                other.shape.instance_count
                for other in self._jobs.values()
                if not other.is_finished and other.pool_key not in self._reserved and other.shape.instance_type == kind
            )
        )
        if used - reused + count > quota:
            raise limit_exceeded(f"{kind} for training job usage", quota, used, count, "Instances")

    def _take_instance(self, job: TrainingJob) -> None:
        if job.pool_key is not None:
            idle = self._idle_candidates.get(job.pool_key)
            job.instance = idle.pop() if idle else None
            return
        pool = self._pools.take(job.shape, job.name, self._core.clock())
        if pool is not None:
            job.instance, job.instance_since = pool.kept, pool.born
        job.keeps_pool = self._may_keep_pool(job)
        if job.keeps_pool or pool is not None:
            job.warm_pool = WarmPoolState()

    def _may_keep_pool(self, job: TrainingJob) -> bool:
        """Whether the job asks for a pool and the quota allows one more; over it nothing is kept, and no error."""
        kind, count = job.shape.instance_type, job.shape.instance_count
        pooled = self._pools.instances(kind) + sum(
            other.shape.instance_count
            for other in self._jobs.values()
            if other is not job and other.keeps_pool and not other.is_finished and other.shape.instance_type == kind
        )
        wants = job.request["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0) > 0
        return wants and pooled + count <= self._core.settings.pool_quota(kind)

    def _refresh(self) -> None:
        now = self._core.clock()
        self._pools.refresh(now)
        for pool in self._pools.expire(now):
            instance = pool.kept
            self._core.start_thread(lambda instance=instance: self._core.stop_instance(instance), "pool-expired")  # type: ignore[misc]

    def _end_pools_in_time(self) -> None:
        """End every pool when its time is over, though nobody asks after it, until the shutdown."""
        with self._pools_changed:
            while not self._ended:
                self._refresh()
                over = self._pools.next_expiry()
                self._pools_changed.wait(None if over is None else max(0.0, over - self._core.clock()))


def check_training(request: Mapping[str, Any]) -> None:
    """What SageMaker checks of a CreateTrainingJob request beyond its model, and what the local cloud cannot do."""
    for part in ("AlgorithmSpecification", "ResourceConfig", "OutputDataConfig", "StoppingCondition"):
        if part not in request:
            raise validation_error(f"{part} is missing: every training job needs one.")
    resources = request["ResourceConfig"]
    missing = [name for name in ("InstanceType", "InstanceCount", "VolumeSizeInGB") if name not in resources]
    if missing:
        raise validation_error(f"ResourceConfig lacks {', '.join(missing)}.")
    if resources["InstanceCount"] != 1:
        raise validation_error(
            "ResourceConfig.InstanceCount must be 1: the local cloud trains on one instance per job."
        )
    algorithm = request["AlgorithmSpecification"]
    if algorithm.get("ContainerArguments") and not algorithm.get("ContainerEntrypoint"):
        raise validation_error(
            "AlgorithmSpecification.ContainerArguments is not built in the local cloud without a ContainerEntrypoint: "
            "leave it out."
        )
    check_definitions(algorithm.get("MetricDefinitions", ()))
    _check_spot(request)
    checkpoints = request.get("CheckpointConfig", {}).get("LocalPath", CHECKPOINTS)
    if ".." in PurePosixPath(checkpoints).parts or not PurePosixPath(checkpoints).is_relative_to(ROOT):
        raise validation_error(f"CheckpointConfig.LocalPath is {checkpoints}; in the local cloud it lies below {ROOT}.")
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    if len(names) != len(set(names)):
        raise validation_error(f"InputDataConfig has two channels of one name: {', '.join(names)}.")
    for channel in request.get("InputDataConfig", ()):
        if "S3DataSource" not in channel["DataSource"]:
            raise validation_error(
                f"Channel {channel['ChannelName']} has no S3DataSource; the local cloud reads S3 only."
            )


def _check_spot(request: Mapping[str, Any]) -> None:
    condition = request["StoppingCondition"]
    wait = condition.get("MaxWaitTimeInSeconds")
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            raise validation_error(
                "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
            )
        return
    if wait is None or wait < condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME):
        raise validation_error(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
        )
    if request["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
        raise validation_error("KeepAlivePeriodInSeconds cannot be given with EnableManagedSpotTraining.")
