"""What Step Functions tells of executions: all that AWS tells, a page at a time."""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import EmptyResult
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from warmfold.cloud.hooks.stepfunctions.answers import answer
from warmfold.cloud.hooks.stepfunctions.pages import page
from warmfold.cloud.hooks.stepfunctions.refusals import Refusal, breaks, invalid
from warmfold.cloud.hooks.stepfunctions.starting import not_of_this_type

STATUSES = ("SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING")
LONGEST_TOKEN = 3096


def install() -> None:
    """Mend what moto tells; each function below says what."""
    _describe()
    _list()
    _history()
    _failed_tasks()
    _tags()


def _describe() -> None:
    """moto leaves out a timed out execution's end, the redrives and what of the data is there."""

    def describe_execution(self: Any) -> Any:
        arn = self._get_param("executionArn")
        if ":express:" in arn:
            raise Refusal("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
        execution = self.stepfunction_backend.describe_execution(arn)
        described = dict(execution.to_describe_output())
        described["input"] = execution.execution_input
        described["stateMachineArn"] = execution.state_machine_arn
        status = execution.status
        described |= {
            "redriveCount": 0,
            "redriveStatus": "REDRIVABLE" if status in ("FAILED", "TIMED_OUT", "ABORTED") else "NOT_REDRIVABLE",
            "stateMachineVersionArn": execution.version_arn,
            "stateMachineAliasArn": execution.alias_arn,
        }
        if described["redriveStatus"] == "NOT_REDRIVABLE":
            described["redriveStatusReason"] = f"Execution is {status} and cannot be redriven"
        if self._get_param("includedData") == "METADATA_ONLY":
            for name in ("input", "output"):
                if described.pop(name, None) is not None:
                    described[f"{name}Details"] = {"included": False}
        return answer(described)

    StepFunctionResponse.describe_execution = describe_execution


def _list() -> None:
    """moto lists no executions by version or alias, and takes every status."""

    def list_executions(self: Any) -> Any:
        asked, backend = self._get_param, self.stepfunction_backend
        status, arn = asked("statusFilter"), asked("stateMachineArn")
        if asked("mapRunArn"):
            raise NotImplementedError("ListExecutions of a Map Run")
        if status is not None and status not in STATUSES:
            allowed = f"satisfy enum value set: [{', '.join(STATUSES)}]"
            raise invalid([breaks("statusFilter", status, allowed)])
        shown, token = page([], asked, longest_token=LONGEST_TOKEN)
        owner = arn if arn.count(":") < 7 else arn.rpartition(":")[0]
        machine = backend.describe_state_machine(owner)
        if machine.type == "EXPRESS":
            raise not_of_this_type()
        found = [
            execution
            for execution in machine.executions
            if (owner == arn or arn in (execution.version_arn, execution.alias_arn))
            and status in (None, execution.status)
        ]
        found.sort(key=lambda execution: execution.start_date, reverse=True)
        shown, token = page(found, asked, longest_token=LONGEST_TOKEN)
        return answer({"executions": [_listed(execution) for execution in shown], "nextToken": token})

    def list_state_machines(self: Any) -> Any:
        machines = sorted(self.stepfunction_backend.state_machines, key=lambda machine: machine.name)
        shown, token = page(machines, self._get_param)
        listed = [
            {
                "stateMachineArn": machine.arn,
                "name": machine.name,
                "type": machine.type,
                "creationDate": machine.creation_date,
            }
            for machine in shown
        ]
        return answer({"stateMachines": listed, "nextToken": token})

    StepFunctionResponse.list_executions = list_executions
    StepFunctionResponse.list_state_machines = list_state_machines


def _listed(execution: Any) -> dict[str, Any]:
    listed = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "redriveCount": 0,
        "stateMachineVersionArn": execution.version_arn,
        "stateMachineAliasArn": execution.alias_arn,
    }
    return {name: value for name, value in listed.items() if value is not None}


def _history() -> None:
    """moto tells a history from its beginning only, all at once, and with its data."""

    def get_execution_history(self: Any) -> Any:
        asked = self._get_param
        arn = asked("executionArn")
        if ":express:" in arn:
            raise Refusal("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
        events = list(self.stepfunction_backend.get_execution_history(arn)["events"])
        if asked("reverseOrder"):
            events.reverse()
        shown, token = page(events, asked)
        if asked("includeExecutionData") is False:
            shown = [_without_data(event) for event in shown]
        return answer({"events": shown, "nextToken": token})

    StepFunctionResponse.get_execution_history = get_execution_history


def _without_data(event: Any) -> Any:
    return {
        name: {key: value for key, value in told.items() if key not in ("input", "output")}
        if isinstance(told, dict)
        else told
        for name, told in event.items()
    }


def _failed_tasks() -> None:
    """moto loses the cause that SendTaskFailure gives, and ends on an execution that has only just begun.

    A token of an execution that is over belongs to a task that timed out; one of none at all is invalid.
    """
    executions = StepFunctionsParserBackend._get_executions

    def begun(self: Any, execution_status: ExecutionStatus | None = None) -> list[Any]:
        return [one for one in executions(self, execution_status) if one.exec_worker and one.exec_worker.env]

    def send_task_failure(self: Any) -> Any:
        token, error, cause = (self._get_param(name) for name in ("taskToken", "error", "cause"))
        self.stepfunction_backend.send_task_failure(token, error=error, cause=cause)
        return EmptyResult()

    def send_task_success(self: Any) -> Any:
        output = self._get_param("output")
        try:
            json.loads(output)
        except ValueError as error:
            raise Refusal("InvalidOutput", f"Invalid Output: '{error}'") from error
        self.stepfunction_backend.send_task_success(self._get_param("taskToken"), output)
        return EmptyResult()

    StepFunctionsParserBackend._get_executions = begun
    StepFunctionResponse.send_task_failure = send_task_failure
    StepFunctionResponse.send_task_success = send_task_success


def _tags() -> None:
    """moto tags what is not there."""
    for name in ("tag_resource", "untag_resource", "list_tags_for_resource"):
        setattr(StepFunctionsParserBackend, name, _of_what_is_there(getattr(StepFunctionsParserBackend, name)))


def _of_what_is_there(operation: Any) -> Any:
    def operate(self: Any, arn: str, *more: Any, **options: Any) -> Any:
        if arn not in {machine.arn for machine in self.state_machines} | set(self.activities):
            raise Refusal("ResourceNotFound", f"Resource not found: '{arn}'")
        return operation(self, arn, *more, **options)

    return operate
