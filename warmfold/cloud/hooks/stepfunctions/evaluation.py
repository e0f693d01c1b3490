"""Step Functions' JSONata expressions that fail: told once, with the state, the field and what was wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonata.jexception import JException
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_map.items.items import ItemsJSONata
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.jsonata import validations
from moto.stepfunctions.parser.asl.jsonata.jsonata import JSONataException
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from warmfold.cloud.hooks.stepfunctions.rebind import rebind

TYPES = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", type(None): "null"}
"""What is no array, by its name in JSON."""


def install() -> None:
    """moto calls it States.Runtime when an expression fails, does not say where, and tells it twice or not at all."""
    _know_the_definition()
    _fail_expressions()
    _fail_values()
    _tell_once()


def _know_the_definition() -> None:
    environment = ExecutionWorker._get_evaluation_environment

    def environment_with_definition(self: Any) -> Any:
        env = environment(self)
        env.event_manager.definition = self._evaluation_details.state_machine_details.definition
        return env

    ExecutionWorker._get_evaluation_environment = environment_with_definition


def failure(env: Any, what: str, location: str | None, *, after_entry: bool = False) -> FailureEventException:
    """The failure of a state's field; `after_entry` says that it follows the state's entry, not what was before it."""
    state = env.next_state_name
    entered = _entered(env.event_manager, state)
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    cause = f"An error occurred while executing the state '{state}' (entered at the event id #{entered['id']}). {what}"
    details = EvaluationFailedEventDetails(error=name.error_name, cause=cause, state=state)
    if location is not None:
        details["location"] = location
    event = FailureEvent(
        env=env,
        error_name=name,
        event_type=HistoryEventType.EvaluationFailed,
        event_details=EventDetails(evaluationFailedEventDetails=details),
    )
    _previous(env.event_manager)[id(details)] = entered["id" if after_entry else "previousEventId"]
    return FailureEventException(failure_event=event)


def _previous(manager: Any) -> dict[int, int]:
    """The event that each failure (the identity of its details) follows."""
    previous: dict[int, int] = vars(manager).setdefault("failures_follow", {})
    return previous


def _entered(manager: Any, state: str) -> Any:
    """The event of a state's entry, the last one; of a state that is tried by itself there is none."""
    events = manager.get_event_history()
    found = [event for event in events if event.get("stateEnteredEventDetails", {}).get("name") == state]
    return found[-1] if found else {"id": 0, "previousEventId": 0}


def location_of(definition: str, state: str, expression: str) -> str | None:
    """The field of a state that has an expression, such as Output/result; None when it is not found."""
    for body in _states_of(json.loads(definition), state):
        for path, text in _texts(body, ""):
            if text.startswith("{%") and text[2:-2].strip() == expression:
                return path
    return None


def _states_of(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, dict):
        states = value.get("States")
        if isinstance(states, dict) and name in states:
            yield states[name]
        elif states is None and "Type" in value and "StartAt" not in value:
            yield value  # a state that is tried by itself
        for item in value.values():
            yield from _states_of(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _states_of(item, name)


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, f"{path}/{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")


def _of_expression(env: Any, expression: str, what: str) -> FailureEventException:
    definition = getattr(env.event_manager, "definition", "{}")
    location = location_of(definition, env.next_state_name, expression)
    field = f" specified for the field '{location}'" if location else ""
    return failure(env, f"The JSONata expression '{expression}'{field} {what}", location)


def _fail_expressions() -> None:
    evaluate = StringJSONata._eval_body
    validate = validations.validate_jsonata_expression_output

    def evaluate_or_fail(self: Any, env: Any) -> None:
        try:
            evaluate(self, env)
        except JSONataException as error:
            cause = error.__cause__
            code = f"{cause.error}: " if isinstance(cause, JException) else ""
            told = f"threw an error during evaluation. {code}{error.details}"
            raise _of_expression(env, self.expression, told) from error

    def validate_or_fail(env: Any, expression: str, rich: str, result: Any) -> None:
        try:
            if result is None:
                validations._validate_null_output(env, expression, rich)
            if isinstance(result, str):
                validations._validate_string_output(env, expression, rich)
        except FailureEventException as error:
            nothing = result is None
            what = "returned nothing (undefined)." if nothing else "returned an unsupported result type."
            raise _of_expression(env, expression, what) from error

    StringJSONata._eval_body = evaluate_or_fail
    rebind("validate_jsonata_expression_output", validate, validate_or_fail)


def _fail_values() -> None:
    """A value that an expression may have, but its field may not."""
    timestamp = Timestamp._create_failure_event
    from_error = ExecutionState._from_error

    def items_or_fail(self: Any, env: Any) -> None:
        self.string_jsonata.eval(env=env)
        value = env.stack[-1]
        if not isinstance(value, list):
            told = json.dumps(value, separators=(",", ":"))
            what = (
                "returned an unexpected result type. Expected 'array', but was "
                f"'{TYPES.get(type(value), 'object')}' for value: {told}"
            )
            raise _of_expression(env, self.string_jsonata.expression, what)

    def failed_timestamp(self: Any, env: Any, timestamp_str: str) -> Any:
        if not isinstance(self.string, StringJSONata):
            return timestamp(self, env, timestamp_str)
        what = (
            "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: "
            f"{timestamp_str}"
        )
        return failure(env, what, "Timestamp", after_entry=True).failure_event

    def from_error_with_state(self: Any, env: Any, ex: Exception) -> Any:
        event = from_error(self, env, ex)
        details = event.event_details.get("evaluationFailedEventDetails")
        if details is not None and "state" not in details:  # a Map without Items whose input is no array
            value = json.dumps(env.states.get_input(), separators=(",", ":"))
            told = failure(env, f"Map state input must be an array but was: {value}", None)
            whole = told.get_evaluation_failed_event_details()
            details.update(whole)
            _previous(env.event_manager)[id(details)] = _previous(env.event_manager).pop(id(whole))
        return event

    ExecutionState._from_error = from_error_with_state
    ItemsJSONata._eval_body = items_or_fail
    Timestamp._create_failure_event = failed_timestamp


def _tell_once() -> None:
    add = EventManager.add_event
    evaluate = CommonStateField._eval_body
    execution_failed = FailureEventException.get_execution_failed_event_details

    def add_once(
        self: Any, context: Any, event_type: Any, event_details: Any = None, *more: Any, **options: Any
    ) -> int:
        if event_type != HistoryEventType.EvaluationFailed:
            return int(add(self, context, event_type, event_details, *more, **options))
        details = event_details["evaluationFailedEventDetails"]
        if any(event.get("evaluationFailedEventDetails") is details for event in self._history_event_list):
            return int(context.last_published_event_id)
        context.source_event_id = _previous(self).pop(id(details), context.source_event_id)
        return int(add(self, context, event_type, event_details, *more, **options))

    def evaluate_and_tell(self: Any, env: Any) -> None:
        try:
            evaluate(self, env)
        except FailureEventException as error:
            event = error.failure_event
            if event.event_type == HistoryEventType.EvaluationFailed:
                env.event_manager.add_event(
                    context=env.event_history_context, event_type=event.event_type, event_details=event.event_details
                )
            raise

    def evaluation_failed(self: Any) -> Any:
        return self.failure_event.event_details["evaluationFailedEventDetails"]

    def execution_failed_once(self: Any) -> Any:
        event = self.failure_event
        if event.event_type != HistoryEventType.EvaluationFailed:
            return execution_failed(self)
        details = event.event_details["evaluationFailedEventDetails"]
        return {"error": details["error"], "cause": details["cause"]}

    EventManager.add_event = add_once
    CommonStateField._eval_body = evaluate_and_tell
    FailureEventException.get_evaluation_failed_event_details = evaluation_failed
    FailureEventException.get_execution_failed_event_details = execution_failed_once
