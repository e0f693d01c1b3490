"""The one entry point of the local SageMaker: `Service.call(operation, request, identity)`."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from warmfold.cloud.sagemaker.core import Core, EventSink, LogSink, RoleCredentials
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.models import Models
from warmfold.cloud.sagemaker.processing import ProcessingJobs
from warmfold.cloud.sagemaker.registry import ModelRegistry
from warmfold.cloud.sagemaker.search import Search, Source
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.sagemaker.tags import Tags
from warmfold.cloud.sagemaker.training import TrainingJobs
from warmfold.cloud.sagemaker.transform import TransformJobs
from warmfold.cloud.sagemaker.tuning import TuningJobs
from warmfold.cloud.sagemaker.unsupported import refuse_foreign_roles, refuse_unsupported
from warmfold.cloud.sagemaker.validation import validated

Identity = object
"""Who calls, as `warmfold.cloud.iam.identity` knows it; handed on to the operations, not looked into here."""
Authorize = Callable[[str, dict[str, Any], Identity], tuple[str, str] | None]
"""Operation, request (its members have the right types) and identity to the code and message of a refusal, or None."""
ACCESS_DENIED = "AccessDeniedException"
"""The code of a refusal of what policies do not allow."""
Handler = Callable[[dict[str, Any], Identity], dict[str, Any]]
"""One operation: validated request (timestamps are aware datetimes) and identity to the response (the same)."""

Group = TypeVar("Group")


class Feature(Protocol):
    """A group of operations, such as training jobs."""

    def operations(self) -> Mapping[str, Handler]:
        """Operation name to its handler."""

    def shutdown(self) -> None:
        """Stop what runs on its own."""


class Service:
    """SageMaker's operations over one set of jobs. Thread-safe."""

    def __init__(
        self,
        core: Core,
        features: Sequence[Feature],
        authorize: Authorize = lambda _operation, _request, _identity: None,
    ) -> None:
        self.core = core
        self._authorize = authorize
        self._features = features
        self._handlers: dict[str, Handler] = {}
        self._rates = _Rates(core.settings.api_rates, core.clock)
        self._losses = _Losses(core.settings.lost_answers)
        for feature in features:
            self._handlers.update(feature.operations())

    def feature(self, kind: type[Group]) -> Group:
        """The group of operations of that class, such as TrainingJobs; raises LookupError."""
        for feature in self._features:
            if isinstance(feature, kind):
                return feature
        raise LookupError(f"this service has no {kind.__name__}")

    def call(self, operation: str, request: dict[str, Any], identity: Identity) -> dict[str, Any]:
        """Answer one request in AWS's shape, times as aware datetimes; raises ServiceError."""
        handler = self._handlers.get(operation)
        if handler is None:
            raise ServiceError(
                "UnsupportedOperation",
                f"The local cloud's SageMaker has no operation {operation}; it has {', '.join(sorted(self._handlers))}",
            )
        if not self._rates.admit(operation):
            raise ServiceError("ThrottlingException", "Rate exceeded")
        try:
            checked = validated(operation, request)
            refuse_foreign_roles(checked, self.core.settings.account_id)
        except ServiceError as invalid:
            raise self._denial(operation, request, identity, invalid) or invalid from None
        refusal = self._authorize(operation, checked, identity)
        if refusal is not None:
            raise ServiceError(*refusal)
        refuse_unsupported(operation, checked)
        answer = handler(checked, identity)
        if self._losses.loses(operation):
            raise ServiceError("InternalFailure", "The request processing has failed because of an unknown error.", 500)
        return answer

    def _denial(
        self, operation: str, request: dict[str, Any], identity: Identity, invalid: ServiceError
    ) -> ServiceError | None:
        """What an invalid request is denied for: AWS authorizes whatever it can read before it validates."""
        if invalid.code == "SerializationException":
            return None
        refusal = self._authorize(operation, request, identity)
        return ServiceError(*refusal) if refusal is not None and refusal[0] == ACCESS_DENIED else None

    def shutdown(self) -> None:
        """Stop every job at once and kill its processes."""
        for feature in self._features:
            feature.shutdown()
        self.core.shutdown()


def build_service(
    settings: Settings,
    *,
    credentials: RoleCredentials,
    log_sink: LogSink,
    event_sink: EventSink,
    authorize: Authorize = lambda _operation, _request, _identity: None,
    clock: Callable[[], float] = time.time,
) -> Service:
    """The whole local SageMaker; its jobs' files live under `settings.base_dir`, and unless told anybody may do all."""
    core = Core(settings, clock, credentials, log_sink, event_sink)
    training = TrainingJobs(core)
    registry = ModelRegistry(core)
    models = Models(core, registry)
    tuning = TuningJobs(core, training)
    searched: dict[str, Source] = {
        "TrainingJob": training.records,
        "HyperParameterTuningJob": tuning.records,
        "ModelPackageGroup": registry.groups,
        "ModelPackage": registry.packages,
    }
    features: list[Feature] = [
        tuning,
        training,
        ProcessingJobs(core),
        registry,
        models,
        TransformJobs(core, models),
        Tags(core),
        Search(core, searched),
    ]
    return Service(core, features, authorize)


class _Losses:
    """Which answers get lost."""

    def __init__(self, lost: Mapping[str, Collection[int]]) -> None:
        self._lost = lost
        self._lock = threading.Lock()
        self._calls: dict[str, int] = {}

    def loses(self, operation: str) -> bool:
        if operation not in self._lost:
            return False
        with self._lock:
            self._calls[operation] = self._calls.get(operation, 0) + 1
            return self._calls[operation] in self._lost[operation]


class _Rates:
    """A token bucket of one second's worth of calls per throttled operation."""

    def __init__(self, rates: Mapping[str, float], clock: Callable[[], float]) -> None:
        self._rates = rates
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def admit(self, operation: str) -> bool:
        rate = self._rates.get(operation)
        if rate is None:
            return True
        with self._lock:
            now = self._clock()
            size = max(1.0, rate)
            tokens, at = self._buckets.get(operation, (size, now))
            tokens = min(size, tokens + (now - at) * rate)
            admitted = tokens >= 1
            self._buckets[operation] = (tokens - 1 if admitted else tokens, now)
            return admitted
