"""CloudWatch Logs: its events on disk, not in memory, and log groups that a stack may change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogEvent, LogGroup, LogStream
from moto.logs.responses import LogsResponse

from warmfold.cloud.hooks.cloudformation.resources import Properties, changed_by
from warmfold.cloud.shelf import Shelf, Shelved

_FILTER = LogsResponse.filter_log_events


class ShelvedEvents:
    """The events of one log stream, in the order in which they came."""

    __slots__ = ("_blocks", "_shelf", "first", "last", "size")

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._blocks: list[Shelved] = []
        self.first: int | None = None
        self.last: int | None = None
        self.size = 0

    def __iadd__(self, events: Sequence[Any]) -> ShelvedEvents:
        """Put events behind the others; raises OSError when the shelf does not take them."""
        if events:
            rows = [(event.event_id, event.ingestion_time, event.timestamp, event.message) for event in events]
            self._blocks.append(self._shelf.put(rows))
            times = [event.timestamp for event in events]
            self.first = min(times if self.first is None else [self.first, *times])
            self.last = max(times if self.last is None else [self.last, *times])
            self.size += len(events)
        return self

    def __iter__(self) -> Iterator[Any]:
        """moto's events, made anew."""
        for block in tuple(self._blocks):
            for number, ingested, timestamp, message in block.read():
                event = LogEvent.__new__(LogEvent)
                event.event_id, event.ingestion_time = number, ingested
                event.timestamp, event.message = timestamp, message
                yield event

    def __len__(self) -> int:
        return self.size


def install(shelf: Shelf) -> None:
    """Mend moto's logs, which are kept on `shelf`; each function below says what."""
    _shelve_events(shelf)
    _log_groups()
    _stream_prefix()


def _shelve_events(shelf: Shelf) -> None:
    """moto keeps the events of all log streams in memory."""
    make = LogStream.__init__

    def made(self: Any, log_group: Any, name: str) -> None:
        make(self, log_group, name)
        self.events = ShelvedEvents(shelf)

    def updated(self: Any) -> None:
        self.first_event_timestamp, self.last_event_timestamp = self.events.first, self.events.last

    LogStream.__init__ = made
    LogStream._update = updated


def _stream_prefix() -> None:
    """moto takes no notice of FilterLogEvents' logStreamNamePrefix."""

    def filter_log_events(self: Any) -> Any:
        asked = self._get_param
        prefix, group = asked("logStreamNamePrefix"), self.logs_backend.groups.get(asked("logGroupName"))
        if prefix is None or group is None:
            return _FILTER(self)
        if asked("logStreamNames"):
            raise InvalidParameterException("logStreamNames and logStreamNamePrefix are not to be given together.")
        streams = [name for name in group.streams if name.startswith(prefix)]
        if not streams:  # none named would be all of them
            return json.dumps({"events": [], "searchedLogStreams": []})
        self._get_param = lambda name, *more: streams if name == "logStreamNames" else asked(name, *more)
        return _FILTER(self)

    LogsResponse.filter_log_events = filter_log_events


def _log_groups() -> None:
    """moto has no update of a log group."""

    def change(group: Any, properties: Properties, _: str, __: str) -> None:
        group.set_retention_policy(properties.get("RetentionInDays"))

    changed_by(LogGroup, change)
