"""Step Functions' optimized integration of SageMaker: submit, and with `.sync` wait for the job's end."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_factory import state_task_service_for
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from warmfold.cloud.hooks.stepfunctions.integration_fields import unsupported_fields
from warmfold.cloud.hooks.stepfunctions.rebind import rebind
from warmfold.cloud.iam.identity import STATES_SESSION, Caller
from warmfold.cloud.sagemaker.core import in_milliseconds
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.service import Service

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1
_PATTERNS = {ResourceCondition.WaitForTaskToken, ResourceCondition.Sync}
_MODELLED = (
    "ResourceInUse",
    "ResourceLimitExceeded",
    "ResourceNotFound",
    "ConflictException",
    "ResourceAlreadyExists",
)
"""Errors in SageMaker's own model, which keep their names; throttling is none of them."""


_OWN_ERRORS = {
    "States.TaskFailed": StatesErrorNameType.StatesTaskFailed,
    "States.Runtime": StatesErrorNameType.StatesRuntime,
}


@dataclass(frozen=True)
class Job:
    """The names by which one kind of job goes."""

    kind: str
    status_field: str

    @property
    def name_field(self) -> str:
        """The request's member that names the job."""
        return f"{self.kind}Name"


JOBS = {
    "createTrainingJob": Job("TrainingJob", "TrainingJobStatus"),
    "createProcessingJob": Job("ProcessingJob", "ProcessingJobStatus"),
    "createTransformJob": Job("TransformJob", "TransformJobStatus"),
    "createHyperParameterTuningJob": Job("HyperParameterTuningJob", "HyperParameterTuningJobStatus"),
}
ACTIONS = {*JOBS, "createModel", "createEndpoint", "createEndpointConfig", "updateEndpoint", "createLabelingJob"}


def install(service: Callable[[], Service]) -> None:
    """Have Task states that call SageMaker call `service`.

    moto forwards SageMaker's actions to boto and knows no `.sync` for them.
    """

    def task_for(service_name: str) -> Any:
        if service_name == "sagemaker":
            return SageMakerTask(service)
        return state_task_service_for(service_name=service_name)

    rebind("state_task_service_for", state_task_service_for, task_for)


def error_name(code: str) -> str:
    """What a state machine calls an error of SageMaker's: by its code if its model has it, else as all others."""
    known = code.removesuffix("Exception") if code in _MODELLED else "AmazonSageMaker"
    return f"SageMaker.{known}Exception"


class SageMakerTask(StateTaskServiceCallback):  # type: ignore[misc]
    """One Task state that calls SageMaker, as the interpreter evaluates it.

    A job whose task timed out, or whose execution was stopped, is stopped.
    """

    def __init__(self, service: Callable[[], Service], sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(supported_integration_patterns=_PATTERNS)
        self._service = service
        self._sleep = sleep

    def _get_supported_parameters(self) -> set[str] | None:
        return set() if self.resource.api_action in ACTIONS else None

    def _normalise_parameters(self, parameters: dict[str, Any], *_: Any, **__: Any) -> None:
        """Nothing: SageMaker's members are spelt as in its model, and others are refused."""

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        action = self.resource.api_action
        operation = action[0].upper() + action[1:]
        refused = self._service().core.settings.step_functions_refuses.get(action, ())
        if unsupported := unsupported_fields(operation, normalised_parameters, refused):
            said = ", ".join(f'The field "{name}" is not supported by Step Functions' for name in unsupported)
            given = json.dumps(normalised_parameters)
            cause = f"The Parameters '{given}' could not be used to start the Task: [{said}]"
            raise FailureEventException(self._failure(env, "States.Runtime", cause))
        if self.resource.condition == ResourceCondition.Sync:
            execution = env.states.context_object.context_object_data["Execution"]["Id"]
            normalised_parameters["Tags"] = [
                *normalised_parameters.get("Tags", []),
                {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"},
                {"Key": "AWS_STEP_FUNCTIONS_EXECUTION_ARN", "Value": execution},
            ]
        caller = Caller(None, state_credentials.role_arn, STATES_SESSION)
        env.stack.append(in_milliseconds(self._service().call(operation, normalised_parameters, caller)))

    def _build_sync_resolver(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> Callable[[], Any]:
        job = JOBS[self.resource.api_action]
        name = {job.name_field: normalised_parameters[job.name_field]}
        caller = Caller(None, state_credentials.role_arn, STATES_SESSION)
        (arn,) = [value for key, value in env.stack.pop().items() if key.endswith("Arn")]

        def resolve() -> Any:
            try:
                described = self._service().call(f"Describe{job.kind}", name, caller)
            except ServiceError as error:
                if error.code == "ThrottlingException":  # AWS learns of the end by an event, which nothing throttles
                    return None
                raise
            if described[job.status_field] in ("InProgress", "Stopping"):
                return None
            tags = self._service().call("ListTags", {"ResourceArn": arn}, caller)["Tags"]
            output = in_milliseconds(described) | {"Tags": {tag["Key"]: tag["Value"] for tag in tags}}
            if described[job.status_field] == "Completed":
                return output
            raise FailureEventException(self._failure(env, "States.TaskFailed", json.dumps(output)))

        def stop() -> None:
            try:
                self._service().call(f"Stop{job.kind}", name, caller)
            except ServiceError as error:
                logger.info("%s was not stopped: %s", name, error)

        resolve.stop = stop  # type: ignore[attr-defined]
        return resolve

    def _eval_sync(
        self, env: Any, sync_resolver: Any, timeout_seconds: Any, callback_endpoint: Any, heartbeat_endpoint: Any
    ) -> Any:
        while env.is_running():
            result = sync_resolver()
            if result is not None:
                return result
            self._sleep(POLL_SECONDS)
        sync_resolver.stop()
        return None

    def _from_error(self, env: Any, ex: Exception) -> Any:
        if isinstance(ex, ServiceError):
            cause = (
                f"{ex.message} (Service: AmazonSageMaker; Status Code: {ex.status}; Error Code: {ex.code}; Proxy: null)"
            )
            return self._failure(env, error_name(ex.code), cause)
        return super()._from_error(env=env, ex=ex)

    def _failure(self, env: Any, error: str, cause: str) -> Any:
        own = _OWN_ERRORS.get(error)
        name = StatesErrorName(typ=own) if own is not None else CustomErrorName(error)
        details = TaskFailedEventDetails(
            resource=self._get_sfn_resource(), resourceType=self._get_sfn_resource_type(), error=error, cause=cause
        )
        return FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
