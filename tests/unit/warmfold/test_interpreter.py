"""An execution that Step Functions' interpreter can't interpret: it ends."""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.api import StateMachineType
from moto.stepfunctions.parser.asl.eval.evaluation_details import (
    AWSExecutionDetails,
    EvaluationDetails,
    ExecutionDetails,
    StateMachineDetails,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramError
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from warmfold.cloud.hooks.stepfunctions import interpreter

ROLE = "arn:aws:iam::123456789012:role/a"


class Ends:
    """Hears of the end."""

    def __init__(self) -> None:
        self.times = 0

    def terminated(self) -> None:
        self.times += 1


def test_an_execution_whose_definition_cannot_be_read_has_failed() -> None:
    interpreter.install()
    ends = Ends()
    worker: Any = ExecutionWorker(
        EvaluationDetails(
            aws_execution_details=AWSExecutionDetails(account="123456789012", region="us-east-1", role_arn=ROLE),
            execution_details=ExecutionDetails(arn="an-execution", name="e", role_arn=ROLE, inpt={}, start_time="now"),
            state_machine_details=StateMachineDetails(
                arn="a-machine", name="m", typ=StateMachineType.STANDARD, definition="{"
            ),
        ),
        exec_comm=ends,
        cloud_watch_logging_session=None,
        activity_store={},
    )
    worker._execution_logic()
    state = worker.env.program_state()
    assert isinstance(state, ProgramError)
    assert state.error is not None
    assert state.error["error"] == "States.Runtime"
    (event,) = worker.env.event_manager.get_event_history()
    assert (event["type"], ends.times) == ("ExecutionFailed", 1)
