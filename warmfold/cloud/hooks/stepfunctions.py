"""Step Functions: JSONata, the roles' credentials, execution events, and some defects of moto's interpreter."""

from __future__ import annotations

import functools
import json
import logging
import math
import sys
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import jsonata
from botocore.config import Config
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_factory import state_task_service_for
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.asl.jsonata import jsonata as interpreter_jsonata
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from warmfold.cloud.events import EventBus

logger = logging.getLogger(__name__)

EVENT = "Step Functions Execution Status Change"
PACKAGE = "moto.stepfunctions.parser"


def install(
    bus: EventBus,
    *,
    endpoint_url: str,
    credentials: Callable[[str], Mapping[str, str]],
    sagemaker_task: Callable[[], Any],
) -> None:
    """Mend moto's interpreter; each function below says what. `sagemaker_task` makes a task of the SageMaker kind."""
    _evaluate_jsonata()
    _integrate_sagemaker(sagemaker_task)
    _call_as_role(endpoint_url, credentials)
    _publish_status_changes(bus)
    _start_executions()
    _stop_executions()


def evaluate(expression: str) -> Any:
    """The value of a JSONata expression, as plain JSON values."""
    try:
        value = jsonata.Jsonata(expression).evaluate(None)
        return json.loads(json.dumps(value, default=_plain), parse_float=_number)
    except Exception as error:
        raise interpreter_jsonata.JSONataException("States.QueryEvaluationError", str(error)) from error


def _plain(value: Any) -> Any:
    if callable(value):
        raise TypeError("the expression gives a function")
    return dict(value) if isinstance(value, Mapping) else list(value)


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if math.isfinite(number) and number.is_integer() and abs(number) < 2**53 else number


def _evaluate_jsonata() -> None:
    """moto has no JSONata evaluator, and its declarations break on a string with a quote or a backslash."""

    def declarations(bindings: Mapping[str, Any]) -> str:
        return "".join(f"{name}:={json.dumps(value)};" for name, value in bindings.items())

    original = interpreter_jsonata.encode_jsonata_variable_declarations
    interpreter_jsonata._eval_jsonata = evaluate
    _rebind("encode_jsonata_variable_declarations", original, declarations)


def _integrate_sagemaker(sagemaker_task: Callable[[], Any]) -> None:
    """moto forwards SageMaker's actions to boto and knows no `.sync` for them."""

    def task_for(service_name: str) -> Any:
        return sagemaker_task() if service_name == "sagemaker" else state_task_service_for(service_name=service_name)

    _rebind("state_task_service_for", state_task_service_for, task_for)


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

    _rebind("boto_client_for", boto_client.boto_client_for, client_for)


def _rebind(name: str, old: Any, new: Any) -> None:
    """Replace a function in every module of the interpreter that imported it by name."""
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(PACKAGE) and getattr(module, name, None) is old:
            setattr(module, name, new)


def _publish_status_changes(bus: EventBus) -> None:
    """moto sends no Execution Status Change events and forgets why an execution was stopped.

    Nor does it ever end an execution on which its interpreter fails.
    """

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

    def terminated_and_publish(self: Any) -> None:
        state = self.execution.exec_worker.env.program_state()
        if isinstance(state, ProgramStopped):
            self.execution.error, self.execution.cause = state.error or None, state.cause or None
        terminated(self)
        publish(self.execution)

    logic = ExecutionWorker._execution_logic

    def logic_to_an_end(self: Any) -> None:
        try:
            logic(self)
        except Exception as error:
            execution = self._execution_communication.execution
            logger.exception("the interpreter failed on %s", execution.exec_arn)
            execution.stop_date = datetime.now(UTC)
            execution.error, execution.cause = "States.Runtime", f"{type(error).__name__}: {error}"
            execution.exec_status = "FAILED"
            publish(execution)

    Execution.start = start_and_publish
    Execution.status = property(lambda self: getattr(self.exec_status, "value", self.exec_status))
    BaseExecutionWorkerCommunication.terminated = terminated_and_publish
    ExecutionWorker._execution_logic = logic_to_an_end


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
    """moto drops StopExecution's error and cause."""
    respond = StepFunctionResponse.stop_execution

    def stop_with_cause(self: Any) -> Any:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.status == "RUNNING":
            reason = {name: self._get_param(name) or "" for name in ("error", "cause")}
            execution.stop(stop_date=datetime.now(UTC), **reason)
        return respond(self)

    StepFunctionResponse.stop_execution = stop_with_cause
