"""Step Functions' executions: their start, their end, and the events of both."""

from __future__ import annotations

import threading
import time
import weakref
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.responses import StepFunctionResponse

from warmfold.cloud.events import EventBus

EVENT = "Step Functions Execution Status Change"


def install(bus: EventBus) -> None:
    """Mend moto's executions; each function below says what."""
    _publish_status_changes(bus)
    _start_times()
    _stop_executions()
    _keep_the_verdict()


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


def _start_times() -> None:
    """moto gives executions a start time that can't be written as JSON, and their context no count of redrives."""
    details = Execution.get_start_execution_details

    def details_in_json(self: Any) -> Any:
        given = details(self)
        time = given.start_time.astimezone(UTC)
        given.start_time = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
        return given

    environment = ExecutionWorker._get_evaluation_environment

    def environment_with_redrives(self: Any) -> Any:
        env = environment(self)
        if env.is_standard_workflow():
            env.states.context_object.context_object_data["Execution"]["RedriveCount"] = 0
        return env

    ExecutionWorker._get_evaluation_environment = environment_with_redrives
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
