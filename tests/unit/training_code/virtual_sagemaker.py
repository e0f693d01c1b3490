"""SageMaker's training jobs and S3's scores on a virtual clock; requests are held against botocore's model."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.validate import ParamValidator

MODEL = botocore.session.get_session().get_service_model("sagemaker")


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


@dataclass
class VirtualClock:
    """Time that passes only in `sleep`."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += max(seconds, 0)


@dataclass
class Fate:
    """What will become of a job: it scores after `seconds`, or ends otherwise."""

    seconds: float = 60.0
    status: str = "Completed"
    secondary: str = ""
    reason: str = ""
    scores: bool = True
    tail: float = 8.0
    start: float = 0.0
    """Of `seconds`, how many pass before it trains."""


class VirtualSageMaker:
    """Jobs by name. `fates` maps the end of a job's name to its fate; `refusals` are raised first, in order."""

    def __init__(self, clock: VirtualClock, **fates: Fate) -> None:
        self.clock, self.fates = clock, {name.replace("_", "-"): fate for name, fate in fates.items()}
        self.created: dict[str, tuple[float, dict[str, Any]]] = {}
        self.stopped: dict[str, float] = {}
        self.refusals: list[Exception] = []
        self.describe_refusals: list[Exception] = []
        self.stop_refusals: list[Exception] = []
        self.full_until = 0.0
        self.refuse_describe_from = float("inf")
        self.calls: list[str] = []
        self.objects: dict[str, bytes] = {}
        self.scores: dict[int, float] = {}
        """Scores of folds, where they are not 0.80, 0.81, ..."""

    def create_training_job(self, **request: Any) -> None:
        self.calls.append("create")
        report = ParamValidator().validate(request, MODEL.operation_model("CreateTrainingJob").input_shape)
        assert not report.has_errors(), report.generate_report()
        if self.refusals:
            raise self.refusals.pop(0)
        if self.clock.now() < self.full_until:
            raise refusal("ResourceLimitExceeded", "utilization of 4 Instances")
        if request["TrainingJobName"] in self.created:
            raise refusal("ResourceInUse")
        self.created[request["TrainingJobName"]] = (self.clock.now(), request)

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        self.calls.append("describe")
        if self.describe_refusals:
            raise self.describe_refusals.pop(0)
        if self.clock.now() >= self.refuse_describe_from:
            raise refusal("AccessDeniedException")
        started, request = self.created[TrainingJobName]
        fate = self._fate(TrainingJobName)
        ended = self.clock.now() >= started + fate.seconds + fate.tail
        status = "Stopped" if TrainingJobName in self.stopped else fate.status if ended else "InProgress"
        told = {
            "TrainingJobName": TrainingJobName,
            "TrainingJobStatus": status,
            "StoppingCondition": request["StoppingCondition"],
            "SecondaryStatus": (ended and fate.secondary) or status,
        }
        return told | ({"FailureReason": fate.reason} if ended and fate.reason else {})

    def stop_training_job(self, TrainingJobName: str) -> None:  # noqa: N803
        self.calls.append("stop")
        if self.stop_refusals:
            raise self.stop_refusals.pop(0)
        self.stopped[TrainingJobName] = self.clock.now()

    def running(self) -> list[str]:
        """The jobs that are not terminal."""
        return [
            name
            for name in self.created
            if self.describe_training_job(name)["TrainingJobStatus"] not in ("Completed", "Failed", "Stopped")
        ]

    def _fate(self, name: str) -> Fate:
        return next((fate for end, fate in self.fates.items() if name.endswith(end)), Fate())

    def put_score(self, candidate: str, fold: int, score: float, seconds: float = 60.0) -> None:
        body = {"validation_score": score, "train_score": score + 0.05, "seconds": seconds, "cpu_seconds": seconds}
        self.objects.setdefault(f"runs/r/candidates/{candidate}/fold-{fold}.json", json.dumps(body).encode())

    def record(self, name: str) -> dict[str, Any]:
        """The object whose key ends so."""
        (body,) = [body for key, body in self.objects.items() if key.endswith(name)]
        found: dict[str, Any] = json.loads(body)
        return found

    def _write_scores(self) -> None:
        for name, (started, _) in self.created.items():
            fate = self._fate(name)
            if fate.scores and name not in self.stopped and self.clock.now() >= started + fate.seconds:
                candidate, _, rest = name.rpartition("-f")
                fold = int(rest.partition("-")[0])
                score = self.scores.get(fold, 0.8 + fold / 100)
                self.put_score(candidate, fold, score, fate.seconds - fate.start)


class VirtualS3:
    """The candidates' folder of the data bucket."""

    def __init__(self, sagemaker: VirtualSageMaker) -> None:
        self._sagemaker = sagemaker
        self.refusals: list[Exception] = []
        self.get_refusals: list[Exception] = []

    def list_objects_v2(self, Prefix: str, MaxKeys: int = 1000, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._sagemaker.calls.append("list")
        if self.refusals:
            raise self.refusals.pop(0)
        self._sagemaker._write_scores()
        keys = sorted(key for key in self._sagemaker.objects if key.startswith(Prefix))
        return {"Contents": [{"Key": key, "LastModified": key} for key in keys[:MaxKeys]]}

    def put_object(self, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803
        self._sagemaker.objects[Key] = Body

    def get_object(self, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._sagemaker.calls.append("get")
        if self.get_refusals:
            raise self.get_refusals.pop(0)
        return {"Body": io.BytesIO(self._sagemaker.objects[Key])}


class VirtualTrainer:
    """Trains folds in the candidate on the virtual clock, each in as many seconds as its fate says."""

    def __init__(self, sagemaker: VirtualSageMaker, lanes: int = 1) -> None:
        self._sagemaker, self._clock = sagemaker, sagemaker.clock
        self.lanes = lanes
        self.started: list[int] = []
        self.at_a_time: list[int] = []
        self.failures: list[Exception] = []
        self.stopped = False
        self._running: dict[int, float] = {}

    def start(self, fold: int, at_a_time: int) -> None:
        self.started.append(fold)
        self.at_a_time.append(at_a_time)
        fate = self._sagemaker._fate(f"here-f{fold}")
        self._running[fold] = self._clock.now() + fate.seconds - fate.start

    def finished(self) -> list[tuple[int, dict[str, Any] | Exception]]:
        ended = [fold for fold, until in self._running.items() if until <= self._clock.now()]
        return [(fold, self._result(fold)) for fold in ended]

    def wait(self, seconds: float) -> None:
        self._clock.sleep(min([seconds, *(until - self._clock.now() for until in self._running.values())]))

    def stop(self) -> None:
        self._running.clear()
        self.stopped = True

    def _result(self, fold: int) -> dict[str, Any] | Exception:
        del self._running[fold]
        if self.failures:
            return self.failures.pop(0)
        fate = self._sagemaker._fate(f"here-f{fold}")
        score = self._sagemaker.scores.get(fold, 0.8 + fold / 100)
        seconds = fate.seconds - fate.start
        return {"validation_score": score, "train_score": score + 0.05, "seconds": seconds, "cpu_seconds": seconds}


NO_ROUTE = EndpointConnectionError(endpoint_url="https://sagemaker")
