"""Step Functions' trials: one state by itself, and a definition that nobody runs."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.api import InspectionLevel
from moto.stepfunctions.parser.asl.eval.program_state import ProgramRunning
from moto.stepfunctions.parser.asl.eval.test_state.program_state import ProgramChoiceSelected
from moto.stepfunctions.parser.asl.static_analyser.test_state.test_state_analyser import TestStateStaticAnalyser
from moto.stepfunctions.parser.backend.state_machine import TestStateMachine
from moto.stepfunctions.parser.backend.test_state.execution import TestStateExecution
from moto.stepfunctions.responses import StepFunctionResponse

from warmfold.cloud.hooks.stepfunctions.answers import answer
from warmfold.cloud.hooks.stepfunctions.refusals import Refusal
from warmfold.cloud.hooks.stepfunctions.validation import SCHEMA, Diagnostic, diagnose
from warmfold.cloud.iam.trust import MayAssume

MOST_DIAGNOSTICS = 100
NOT_BUILT = ("mock", "context", "stateConfiguration", "stateName")


def install(may_assume: MayAssume) -> None:
    """moto has the interpreter's part of TestState, but neither operation; `may_assume` as everywhere."""
    _test_state(may_assume)
    _validate()


def _test_state(may_assume: MayAssume) -> None:
    terminated = TestStateExecution.TestCaseExecutionWorkerCommunication.terminated

    def terminated_before_the_next(self: Any) -> None:
        env = self.execution.exec_worker.env
        state = env.program_state()
        if isinstance(state, ProgramRunning):  # it would go on with another state
            env._program_state = ProgramChoiceSelected(next_state_name=state.next_state_name)
        terminated(self)

    TestStateExecution.TestCaseExecutionWorkerCommunication.terminated = terminated_before_the_next

    def test_state(self: Any) -> Any:
        asked, backend = self._get_param, self.stepfunction_backend
        absent = [name for name in NOT_BUILT if asked(name) is not None]
        if absent:
            raise NotImplementedError(f"TestState with {', '.join(absent)}")
        role = asked("roleArn")
        if role is not None and not may_assume(role):
            raise Refusal("AccessDeniedException", f"The role {role} can't be assumed by Step Functions.")
        definition = asked("definition")
        try:
            TestStateStaticAnalyser().analyse(definition)
        except AWSError:
            raise
        except Exception as error:
            raise Refusal("InvalidDefinition", f"Invalid State Machine Definition: '{SCHEMA}: {error}'") from error
        name = f"TestState-{uuid.uuid4()}"
        place = f"arn:aws:states:{backend.region_name}:{backend.account_id}"
        machine = TestStateMachine(name=name, arn=f"{place}:stateMachine:{name}", role_arn=role, definition=definition)
        execution = TestStateExecution(
            name=name,
            role_arn=role,
            exec_arn=f"{place}:execution:{name}:{name}",
            account_id=backend.account_id,
            region_name=backend.region_name,
            state_machine=machine,
            start_date=datetime.now(UTC),
            input_data=asked("input") or "{}",
            activity_store=backend.activities,
        )
        execution.start()
        level = asked("inspectionLevel") or InspectionLevel.INFO
        return answer(dict(execution.to_test_state_output(inspection_level=level)))

    StepFunctionResponse.test_state = test_state


def _validate() -> None:
    def validate_state_machine_definition(self: Any) -> Any:
        asked = self._get_param
        definition, express = asked("definition"), asked("type") == "EXPRESS"
        found = diagnose(definition, express=express)
        if not found:
            try:
                self.stepfunction_backend._validate_definition(definition, express=express)
            except AWSError as error:
                found = [Diagnostic(SCHEMA, error.message)]
        most = int(asked("maxResults") or 0) or MOST_DIAGNOSTICS
        told = [
            {"severity": "ERROR", "code": one.code, "message": one.message}
            | ({"location": one.location} if one.location else {})
            for one in found[:most]
        ]
        return answer({"result": "FAIL" if found else "OK", "diagnostics": told, "truncated": len(found) > most})

    StepFunctionResponse.validate_state_machine_definition = validate_state_machine_definition
