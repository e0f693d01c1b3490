"""Step Functions: the roles' credentials, execution events, StopExecution, and some defects of moto's interpreter."""

from __future__ import annotations

import functools
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from moto.core.exceptions import AWSError
from moto.stepfunctions.models import StepFunctionBackend
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_factory import state_task_service_for
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from warmfold.cloud.events import EventBus
from warmfold.cloud.hooks import stepfunctions_jsonata
from warmfold.cloud.hooks.rebind import rebind

EVENT = "Step Functions Execution Status Change"
SERVICE = "states.amazonaws.com"


class RoleNotTrustingError(AWSError):  # type: ignore[misc]
    """The answer to a state machine whose role is not there, or does not let Step Functions assume it."""

    TYPE = "AccessDeniedException"
    STATUS = 400

    def __init__(self) -> None:
        super().__init__(
            f"Neither the global service principal {SERVICE}, nor the regional one is authorized to assume "
            "the provided role."
        )


def install(
    bus: EventBus,
    *,
    endpoint_url: str,
    credentials: Callable[[str], Mapping[str, str]],
    sagemaker_task: Callable[[], Any],
    may_assume: Callable[[str | None], bool],
) -> None:
    """Mend moto's Step Functions; each function below says what.

    `sagemaker_task` makes a task of the SageMaker kind, `may_assume` says whether a role (its ARN) trusts the service.
    """
    _refuse_other_roles(may_assume)
    stepfunctions_jsonata.install()
    _integrate_sagemaker(sagemaker_task)
    _call_as_role(endpoint_url, credentials)
    _name_refused_invocations()
    _publish_status_changes(bus)
    _start_executions()
    _stop_executions()
    _keep_the_verdict()


def _refuse_other_roles(may_assume: Callable[[str | None], bool]) -> None:
    """moto takes any text for a role."""
    create, update = StepFunctionBackend.create_state_machine, StepFunctionBackend.update_state_machine

    @functools.wraps(create)
    def create_checked(self: Any, name: str, definition: str, roleArn: str, *more: Any, **options: Any) -> Any:  # noqa: N803
        if not may_assume(roleArn):
            raise RoleNotTrustingError
        return create(self, name, definition, roleArn, *more, **options)

    @functools.wraps(update)
    def update_checked(
        self: Any, arn: str, definition: str | None = None, role_arn: str | None = None, *more: Any, **options: Any
    ) -> Any:
        if role_arn is not None and not may_assume(role_arn):
            raise RoleNotTrustingError
        return update(self, arn, definition, role_arn, *more, **options)

    StepFunctionBackend.create_state_machine = create_checked
    StepFunctionBackend.update_state_machine = update_checked


def _integrate_sagemaker(sagemaker_task: Callable[[], Any]) -> None:
    """moto forwards SageMaker's actions to boto and knows no `.sync` for them."""

    def task_for(service_name: str) -> Any:
        return sagemaker_task() if service_name == "sagemaker" else state_task_service_for(service_name=service_name)

    rebind("state_task_service_for", state_task_service_for, task_for)


def _call_as_role(endpoint_url: str, credentials: Callable[[str], Mapping[str, str]]) -> None:
    """moto's interpreter calls services with made-up keys; here it calls as the state machine's role."""

    @functools.lru_cache(maxsize=64)
    def client(service: str, region: str, role_arn: str) -> Any:
        keys = credentials(role_arn)
        session: Any = boto3.Session()
        return session.client(
            service,
            region_name=region,
            endpoint_url=endpoint_url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(
                parameter_validation=False,
                retries={"total_max_attempts": 1},
                read_timeout=1000,
                max_pool_connections=50,
            ),
        )

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        return client(service, region, state_credentials.role_arn)

    rebind("boto_client_for", boto_client.boto_client_for, client_for)


def _name_refused_invocations() -> None:
    """An invocation that the machine's role may not make fails as Lambda.AWSLambdaException; moto has Lambda's code."""
    describe = StateTaskServiceLambda._error_cause_from_client_error

    def described(client_error: Any) -> tuple[str, str]:
        error, cause = describe(client_error)
        return "Lambda.AWSLambdaException" if error == "Lambda.AccessDeniedException" else error, cause

    StateTaskServiceLambda._error_cause_from_client_error = staticmethod(described)


def _publish_status_changes(bus: EventBus) -> None:
    """moto sends no Execution Status Change events and forgets why an execution was stopped."""

    def publish(execution: Any) -> None:
        described = execution.to_describe_output()
        detail = {
            name: described.get(name)
            for name in (
                "executionArn",
                "stateMachineArn",
                "name",
                "status",
                "startDate",
                "stopDate",
                "input",
                "output",
            )
        }
        detail |= {
            "inputDetails": {"included": True},
            "outputDetails": {"included": True} if detail["output"] else None,
        }
        detail |= {"error": execution.error, "cause": execution.cause}
        bus.put("aws.states", EVENT, detail, [execution.exec_arn])

    start = Execution.start

    def start_and_publish(self: Any) -> None:
        start(self)
        publish(self)

    terminated = BaseExecutionWorkerCommunication.terminated
    verdict = threading.Lock()

    def terminated_and_publish(self: Any) -> None:
        env = self.execution.exec_worker.env
        with verdict:
            if self.execution.stop_date is not None:  # it was stopped while its last call went on
                return
            state = env.program_state()
            if isinstance(state, ProgramStopped):
                self.execution.error, self.execution.cause = state.error or None, state.cause or None
                reason = {"error": self.execution.error, "cause": self.execution.cause}
                _end_history(env, HistoryEventType.ExecutionAborted, executionAbortedEventDetails=reason)
            elif isinstance(state, ProgramTimedOut):
                _end_history(env, HistoryEventType.ExecutionTimedOut, executionTimedOutEventDetails={})
            terminated(self)
        publish(self.execution)

    Execution.start = start_and_publish
    BaseExecutionWorkerCommunication.terminated = terminated_and_publish


def _end_history(env: Any, event_type: Any, **details: Any) -> None:
    env.event_manager.add_event(env.event_history_context, event_type, EventDetails(**details))


def _start_executions() -> None:
    """moto gives executions without a name all the same one, and a start time that can't be written as JSON."""
    start = StepFunctionsParserBackend.start_execution
    details = Execution.get_start_execution_details

    def start_named(self: Any, state_machine_arn: str, name: str | None = None, *args: Any, **kwargs: Any) -> Any:
        return start(self, state_machine_arn, name or str(uuid.uuid4()), *args, **kwargs)

    def details_in_json(self: Any) -> Any:
        given = details(self)
        time = given.start_time.astimezone(UTC)
        given.start_time = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
        return given

    StepFunctionsParserBackend.start_execution = start_named
    Execution.get_start_execution_details = details_in_json


def _stop_executions() -> None:
    """moto drops StopExecution's error and cause, and the execution goes on until the call it waits for returns.

    AWS aborts at once. An execution that was started a moment ago has nothing yet that could be stopped: wait for it.
    """
    respond = StepFunctionResponse.stop_execution
    stop = ExecutionWorker.stop

    def stop_with_cause(self: Any) -> Any:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        execution.stop(datetime.now(UTC), self._get_param("error") or "", self._get_param("cause") or "")
        return respond(self)

    def stop_at_once(self: Any, stop_date: Any, error: str | None, cause: str | None) -> None:
        execution = self._execution_communication.execution
        while execution.stop_date is None and (self.env is None or self.env.program_state() is None):
            time.sleep(0.01)
        if execution.stop_date is None:
            stop(self, stop_date, error, cause)
            self._execution_communication.terminated()

    StepFunctionResponse.stop_execution = stop_with_cause
    ExecutionWorker.stop = stop_at_once


def _keep_the_verdict() -> None:
    """moto lets a call that fails after the execution was stopped or timed out turn it into FAILED, and go on in it."""
    set_error = Environment.set_error
    add_event = EventManager.add_event
    ends = {name for name in HistoryEventType if name.startswith("Execution") and name != "ExecutionStarted"}
    ended: weakref.WeakSet[Any] = weakref.WeakSet()

    def set_error_unless_over(self: Any, error: Any) -> None:
        if not isinstance(self._program_state, ProgramStopped | ProgramTimedOut):
            set_error(self, error)

    def add_event_until_the_end(self: Any, context: Any, event_type: Any, *args: Any, **kwargs: Any) -> int:
        if self in ended:
            return int(context.last_published_event_id)
        if event_type in ends:
            ended.add(self)
        return int(add_event(self, context, event_type, *args, **kwargs))

    Environment.set_error = set_error_unless_over
    EventManager.add_event = add_event_until_the_end
