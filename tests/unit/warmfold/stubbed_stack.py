"""A deployed stack without a cloud: its executions, jobs and objects are plain Python values."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, cast

from warmfold.stack import Stack
from warmfold_run.names import execution_name

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:wf-tuning"
CLEAN_UP = "arn:aws:states:us-east-1:000000000000:stateMachine:wf-clean-up"
BUCKET = "data-bucket"


class MissingError(Exception):
    """What a client raises for a thing that is not there."""


@dataclass
class Execution:
    """One execution; `history` are its events."""

    name: str
    status: str = "RUNNING"
    history: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"{MACHINE.replace(':stateMachine:', ':execution:')}:{self.name}"

    def enter(self, *states: str) -> None:
        self.history += [{"stateEnteredEventDetails": {"name": state}} for state in states]

    def plan(self, tuning_job: str) -> None:
        output = json.dumps({"tuning": {"HyperParameterTuningJobName": tuning_job}})
        self.history.append({"stateExitedEventDetails": {"name": "Plan Run", "output": output}})

    def end(self, status: str, **more: Any) -> None:
        self.status = status
        self.more |= more


class Cloud:
    """What the clients look at; a test changes it, in `each_sleep` also while a command waits."""

    def __init__(self) -> None:
        self.executions: list[Execution] = []
        self.objects: dict[str, bytes] = {}
        self.jobs: dict[str, list[dict[str, Any]]] = {}
        self.tuning: dict[str, Any] | None = None
        self.stopped: list[dict[str, Any]] = []
        self.clean_ups: list[dict[str, Any]] = []
        self.starts_runs = True
        self.time = 0.0
        self.each_sleep: Iterator[Callable[[], object]] = iter(())

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        next(self.each_sleep, lambda: None)()

    def now(self) -> float:
        return self.time

    def stack(self) -> Stack:
        return Stack(
            name="warmfold",
            bucket=BUCKET,
            state_machine_arn=MACHINE,
            s3=cast(Any, _S3(self)),
            stepfunctions=cast(Any, _StepFunctions(self)),
            sagemaker=cast(Any, _SageMaker(self)),
            local=True,
        )


class _Pages:
    def __init__(self, pages: Callable[..., list[dict[str, Any]]]) -> None:
        self._pages = pages

    def paginate(self, PaginationConfig: object = None, **request: Any) -> list[dict[str, Any]]:  # noqa: ARG002, N803
        return self._pages(**request)


class _StepFunctions:
    exceptions = SimpleNamespace(ExecutionDoesNotExist=MissingError)

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def _execution(self, arn: str) -> Execution:
        for execution in self._cloud.executions:
            if execution.arn == arn:
                return execution
        raise MissingError(arn)

    def start_execution(self, stateMachineArn: str, input: str) -> None:  # noqa: N803
        assert stateMachineArn == CLEAN_UP
        self._cloud.clean_ups.append(json.loads(input))

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        if executionArn.startswith("clean-up-"):
            return {"input": json.dumps(self._cloud.clean_ups[int(executionArn.removeprefix("clean-up-"))])}
        found = self._execution(executionArn)
        return {"executionArn": found.arn, "status": found.status, **found.more}

    def stop_execution(self, executionArn: str, error: str, cause: str) -> None:  # noqa: N803
        self._cloud.stopped.append({"arn": executionArn, "error": error, "cause": cause})
        self._execution(executionArn).end("ABORTED", error=error, cause=cause)

    def get_paginator(self, operation: str) -> _Pages:
        if operation == "get_execution_history":
            return _Pages(lambda executionArn: [{"events": list(self._execution(executionArn).history)}])  # noqa: N803
        start = datetime(2026, 1, 1, tzinfo=UTC)
        rows = [
            {"executionArn": e.arn, "name": e.name, "startDate": start + timedelta(days=i), "status": e.status}
            for i, e in enumerate(self._cloud.executions)
        ]
        cleaning = [{"executionArn": f"clean-up-{number}"} for number in range(len(self._cloud.clean_ups))]

        def pages(stateMachineArn: str, statusFilter: str = "") -> list[dict[str, Any]]:  # noqa: N803
            assert (stateMachineArn, statusFilter) in ((MACHINE, ""), (CLEAN_UP, "RUNNING"))
            return [{"executions": rows[::-1] if stateMachineArn == MACHINE else cleaning}]

        return _Pages(pages)


class _S3:
    exceptions = SimpleNamespace(NoSuchKey=MissingError)

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def upload_fileobj(self, source: IO[bytes], bucket: str, key: str) -> None:
        assert bucket == BUCKET
        self._cloud.objects[key] = source.read()
        if key.endswith(("/data.csv", "/data.parquet", "/data/_SUCCESS")) and self._cloud.starts_runs:
            self._cloud.executions.append(Execution(execution_name(bucket, key.split("/")[1], "v1")))

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: ARG002, N803
        return {"VersionId": "v1", "ContentLength": len(self._cloud.objects[Key])}

    def get_object(self, Bucket: str, Key: str, Range: str = "") -> dict[str, Any]:  # noqa: ARG002, N803
        if Key not in self._cloud.objects:
            raise MissingError(Key)
        start, _, end = Range.removeprefix("bytes=").partition("-")
        return {"Body": io.BytesIO(self._cloud.objects[Key][int(start or 0) : int(end) + 1 if end else None])}

    def get_paginator(self, _: str) -> _Pages:
        keys = sorted(self._cloud.objects)
        return _Pages(
            lambda Bucket, Prefix: [{"Contents": [{"Key": k} for k in keys if k.startswith(Prefix)]}]  # noqa: ARG005, N803
        )

    def download_file(self, bucket: str, key: str, target: str) -> None:
        assert bucket == BUCKET
        Path(target).write_bytes(self._cloud.objects[key])


class _SageMaker:
    exceptions = SimpleNamespace(ResourceNotFound=MissingError, ClientError=MissingError)

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def describe_hyper_parameter_tuning_job(self, HyperParameterTuningJobName: str) -> dict[str, Any]:  # noqa: N803
        if self._cloud.tuning is None:
            raise MissingError(HyperParameterTuningJobName)
        return self._cloud.tuning

    def get_paginator(self, operation: str) -> _Pages:
        """ListXs as SageMaker does it: NameContains anywhere in the name."""
        words = [word.capitalize() for word in operation.removeprefix("list_").removesuffix("s").split("_")]
        kind = "".join(words)

        def pages(NameContains: str, **filters: str) -> list[dict[str, Any]]:  # noqa: N803
            found = [job for job in self._cloud.jobs.get(kind, []) if NameContains in job[f"{kind}Name"]]
            if status := filters.pop("StatusEquals", None):
                found = [job for job in found if job[f"{kind}Status"] == status]
            if pool := filters.pop("WarmPoolStatusEquals", None):
                found = [job for job in found if job.get("WarmPoolStatus", {}).get("Status") == pool]
            assert not filters
            return [{f"{kind}Summaries": found[:1]}, {f"{kind}Summaries": found[1:]}]

        return _Pages(pages)


def training_job(
    name: str, status: str = "Completed", pool: str | None = None, reused_by: str | None = None
) -> dict[str, Any]:
    """A training job as ListTrainingJobs tells it."""
    reused = {"ReusedByJob": reused_by} if reused_by else {}
    warm = {"WarmPoolStatus": {"Status": pool, **reused}} if pool else {}
    return {"TrainingJobName": name, "TrainingJobStatus": status, **warm}
