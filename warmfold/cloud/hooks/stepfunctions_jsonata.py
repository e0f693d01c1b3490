"""Step Functions: JSONata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import jsonata
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.jsonata import jsonata as interpreter_jsonata

from warmfold.cloud.hooks.rebind import rebind


def install() -> None:
    """Mend moto's JSONata; each function below says what."""
    _evaluate()
    _name_errors()


def evaluate(expression: str) -> Any:
    """The value of a JSONata expression, as plain JSON values."""
    try:
        value = jsonata.Jsonata(expression).evaluate(None)
        return json.loads(json.dumps(value, default=_plain))
    except Exception as error:
        raise interpreter_jsonata.JSONataException("States.QueryEvaluationError", str(error)) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError("its value is a function, which JSON has no form for")


def _evaluate() -> None:
    """moto has no JSONata evaluator, and its declarations break on a string with a quote or a backslash."""

    def declarations(bindings: Mapping[str, Any]) -> str:
        return "".join(f"{name}:={json.dumps(value)};" for name, value in bindings.items())

    original = interpreter_jsonata.encode_jsonata_variable_declarations
    interpreter_jsonata._eval_jsonata = evaluate
    rebind("encode_jsonata_variable_declarations", original, declarations)


def _name_errors() -> None:
    """moto calls it States.Runtime when an expression fails, and does not say which one."""
    evaluate_body = StringJSONata._eval_body

    def evaluate_or_fail(self: Any, env: Any) -> None:
        try:
            evaluate_body(self, env)
        except interpreter_jsonata.JSONataException as error:
            name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
            cause = f"The JSONata expression '{self.expression}' could not be evaluated: {error.details}"
            details = EvaluationFailedEventDetails(cause=cause, error=name.error_name)
            event = FailureEvent(
                env=env,
                error_name=name,
                event_type=HistoryEventType.EvaluationFailed,
                event_details=EventDetails(evaluationFailedEventDetails=details),
            )
            raise FailureEventException(failure_event=event) from error

    StringJSONata._eval_body = evaluate_or_fail
