"""Step Functions' interpreter: a definition is read by itself, and every execution ends."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

EXPRESS_CHILDREN = re.compile(r'("ExecutionType"\s*:\s*)"EXPRESS"')

logger = logging.getLogger(__name__)


def install() -> None:
    """Mend moto's interpreter; each function below says what."""
    _query_languages()
    _escapes()
    _express_children()
    _error_names()
    _variables()
    _lost_errors()


def _query_languages() -> None:
    """moto keeps the query languages of the scopes that it reads in its class.

    So a definition that is refused, or two that are read at once, give their language to those that others read. It
    also refuses JSONPath within a state that is JSONata, though only the whole machine's language may forbid it.
    """
    scope = Preprocessor._open_query_language_scope

    def made(self: Any) -> None:
        self._query_language_per_scope = []

    def opened(self: Any, parse_tree: Any) -> None:
        languages = self._query_language_per_scope
        try:
            scope(self, parse_tree)
        except ValueError:
            if languages[0].query_language_mode != QueryLanguageMode.JSONPath:
                raise
            languages.append(languages[0])

    Preprocessor.__init__ = made
    Preprocessor._open_query_language_scope = opened


def _escapes() -> None:
    """moto leaves the escapes of JSON in the strings of a definition: a quote or a backslash comes out with another."""
    inner = Preprocessor._inner_string_of

    def unescaped(parser_rule_context: Any) -> str | None:
        text = parser_rule_context.getText()
        return str(json.loads(text)) if text.startswith('"') else inner(parser_rule_context)

    Preprocessor._inner_string_of = staticmethod(unescaped)


def _express_children() -> None:
    """moto's grammar knows no Distributed Map of EXPRESS executions; here they run, as STANDARD ones would."""
    parse = AmazonStateLanguageParser.parse

    def parse_express(definition: str) -> Any:
        return parse(EXPRESS_CHILDREN.sub(r'\1"STANDARD"', definition))

    AmazonStateLanguageParser.parse = staticmethod(parse_express)


def _error_names() -> None:
    """moto refuses names of errors that begin with States. and are none of AWS's; AWS takes them."""

    def made(self: Any, error_name: str | None) -> None:
        ErrorName.__init__(self, error_name=error_name)

    CustomErrorName.__init__ = made


def _variables() -> None:
    """moto tells of an assigned string with its quotes as they are."""

    def assigned(self: Any) -> dict[str, str]:
        traced = self._declaration_tracing
        return {name: json.dumps(self.get(name), separators=(",", ":"), ensure_ascii=False) for name in traced}

    VariableStore.get_assigned_variables = assigned


def _lost_errors() -> None:
    """moto loses an exception of an execution's thread, and the execution is RUNNING for ever; here it is FAILED."""
    logic = ExecutionWorker._execution_logic

    def logic_to_the_end(self: Any) -> None:
        try:
            logic(self)
        except Exception as error:
            execution = self._evaluation_details.execution_details.arn
            logger.exception("%s could not be interpreted", execution)
            if self.env is None:
                self.env = self._get_evaluation_environment()
            cause = f"An error of the local cloud's interpreter: {type(error).__name__}: {error}"
            details = ExecutionFailedEventDetails(error="States.Runtime", cause=cause)
            self.env.set_error(details)
            self.env.event_manager.add_event(
                context=self.env.event_history_context,
                event_type=HistoryEventType.ExecutionFailed,
                event_details=EventDetails(executionFailedEventDetails=details),
            )
            self._execution_communication.terminated()

    ExecutionWorker._execution_logic = logic_to_the_end
