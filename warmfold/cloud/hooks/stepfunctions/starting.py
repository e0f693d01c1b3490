"""Step Functions' executions as they start: of a state machine, its version or alias, express or not."""

from __future__ import annotations

import copy
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.backend.execution import Execution, SyncExecution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from warmfold.cloud.hooks.stepfunctions.aliases import alias_of, version_for
from warmfold.cloud.hooks.stepfunctions.answers import answer
from warmfold.cloud.hooks.stepfunctions.logs import LogSink, session_of
from warmfold.cloud.hooks.stepfunctions.refusals import Refusal

EXPECTED = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def install(sink: LogSink) -> None:
    """moto starts no execution by an alias, none at once to its end, gives none a log, and none an activity.

    Executions without a name all had the same one. Logs go to `sink`.
    """

    def start(self: Any, arn: str, name: str | None, text: str | None, trace: str | None, kind: Any) -> Any:
        alias = alias_of(self, arn)
        machine = self.describe_state_machine(version_for(alias) if alias is not None else arn)
        source = self.describe_state_machine(getattr(machine, "source_arn", machine.arn))
        text = "{}" if text is None else text
        _check_input(text)
        if name:
            self._validate_name(name)
        execution_arn = _execution_arn(source, name or str(uuid.uuid4()))
        there = next((one for one in source.executions if one.execution_arn == execution_arn), None)
        if there is not None:
            if (there.status, there.execution_input) == ("RUNNING", text):
                return there
            raise Refusal("ExecutionAlreadyExists", f"Execution Already Exists: '{execution_arn}'")
        execution = kind(
            name=execution_arn.split(":")[7],
            sm_type=machine.sm_type,
            role_arn=machine.roleArn,
            exec_arn=execution_arn,
            account_id=self.account_id,
            region_name=self.region_name,
            state_machine=_as_it_is(machine),
            start_date=datetime.now(UTC),
            cloud_watch_logging_session=session_of(machine, execution_arn, sink),
            input_data=text,
            trace_header=trace,
            activity_store=self.activities,
        )
        execution.state_machine_arn = source.arn
        execution.version_arn = machine.arn if machine is not source else None
        execution.alias_arn = alias.arn if alias is not None else None
        source.executions.append(execution)
        execution.start()
        return execution

    def start_execution(
        self: Any,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Any:
        return start(self, state_machine_arn, name, execution_input, trace_header, Execution)

    def start_sync_execution(self: Any) -> Any:
        asked, backend = self._get_param, self.stepfunction_backend
        if backend.describe_state_machine(asked("stateMachineArn")).type != "EXPRESS":
            raise not_of_this_type()
        given = asked("stateMachineArn"), asked("name"), asked("input"), asked("traceHeader")
        done = start(backend, *given, SyncExecution).to_start_sync_execution_output()
        return answer({**done, "billingDetails": _billed(done)})

    StepFunctionsParserBackend.start_execution = start_execution
    StepFunctionResponse.start_sync_execution = start_sync_execution


def not_of_this_type() -> Refusal:
    """The refusal of what express, or standard, workflows do not have."""
    return Refusal("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")


def _execution_arn(machine: Any, name: str) -> str:
    if machine.type == "EXPRESS":
        return f"{machine.arn.replace(':stateMachine:', ':express:')}:{name}:{uuid.uuid4()}"
    return f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"


def _as_it_is(machine: Any) -> Any:
    """A copy that later updates do not reach; what runs, and what holds all machines, is not copied."""
    shared: dict[int, Any] = {id(machine.executions): []}
    backend = getattr(machine, "backend", None)
    return copy.deepcopy(machine, shared | {id(backend): backend})


def _check_input(text: str) -> None:
    try:
        json.loads(text)
    except ValueError as error:
        word = text.strip().split(" ")[0].split("\n")[0]
        told = (
            "Invalid execution input."
            if not text
            else f"Unrecognized token '{word}': {EXPECTED}"
            if word.isidentifier()
            else "Unexpected character (''' (code 39)): was expecting double-quote to start field name"
            if text.startswith("{'")
            else str(error)
        )
        raise Refusal("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{told}'") from error


def _billed(done: Any) -> dict[str, int]:
    """What AWS bills at least; it counts tenths of a second, and 64 MB at a time."""
    seconds = (done["stopDate"] - done["startDate"]).total_seconds()
    tenths = max(1, -int(-seconds * 10 // 1))
    return {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100 * tenths}
