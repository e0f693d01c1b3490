"""Step Functions' logs: what a state machine tells CloudWatch Logs of its executions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.asl.eval.event.logging import is_logging_enabled_for

LogSink = Callable[[str, str, Sequence[tuple[int, str]]], None]
"""Takes log group, stream, and events of milliseconds and text."""


def session_of(machine: Any, execution_arn: str, sink: LogSink) -> LogSession | None:
    """How an execution of a state machine logs; None when it does not."""
    told = machine.loggingConfiguration
    if told.get("level", "OFF") == "OFF":
        return None
    (destination,) = told["destinations"]
    return LogSession(
        execution_arn,
        level=told["level"],
        data=told.get("includeExecutionData", False),
        group=group_of(destination),
        stream=f"states/{machine.name}/{datetime.now(UTC):%Y-%m-%d-%H-%M}/{uuid.uuid4().hex[:8]}",
        sink=sink,
    )


def group_of(destination: Any) -> str:
    """The name of the log group of a log destination."""
    arn: str = destination["cloudWatchLogsLogGroup"]["logGroupArn"]
    return arn.partition(":log-group:")[2].removesuffix(":*")


class LogSession:
    """The log of one execution, in the place of the interpreter's own, which writes what no client can read."""

    def __init__(self, execution_arn: str, *, level: str, data: bool, group: str, stream: str, sink: LogSink) -> None:
        self.execution_arn = execution_arn
        self.configuration = SimpleNamespace(include_execution_data=data)
        self._level = level
        self._group = group
        self._stream = stream
        self._sink = sink

    def log_level_filter(self, history_event_type: Any) -> bool:
        """Whether events of a type are logged."""
        return bool(is_logging_enabled_for(log_level=self._level, history_event_type=history_event_type))

    def publish_history_log(self, history_log: Any) -> None:
        """Write one event of the history."""
        moment = history_log["event_timestamp"]
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        milliseconds = int(at.timestamp() * 1000)
        line = {
            "id": history_log["id"],
            "type": history_log["type"],
            "details": history_log.get("details", {}),
            "redrive_count": "0",
            "previous_event_id": history_log["previous_event_id"],
            "event_timestamp": str(milliseconds),
            "execution_arn": history_log["execution_arn"],
        }
        self._sink(self._group, self._stream, [(milliseconds, json.dumps(line, default=str))])
