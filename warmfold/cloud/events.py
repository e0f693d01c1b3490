"""EventBridge's delivery: every event of every service goes through one bus and out to the rules' targets."""

from __future__ import annotations

import json
import logging
import queue
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

logger = logging.getLogger(__name__)

Event = dict[str, Any]
Deliver = Callable[[Mapping[str, Any], str], None]
"""Takes a target (`Id`, `Arn`, `RoleArn`) and its input as JSON text."""
GiveUp = Callable[[Mapping[str, Any], str, Exception], None]
THREADS = 32
PAUSES = (1.0, 2.0)
"""Seconds between the attempts to deliver an event."""


class EventBus:
    """Takes events at once and delivers them on threads of its own, each once to every target that wants it."""

    def __init__(
        self,
        account_id: str,
        region: str,
        *,
        targets: Callable[[Event], Sequence[tuple[Mapping[str, Any], str]]],
        deliver: Mapping[str, Deliver],
        give_up: GiveUp = lambda *_: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """`targets` says who wants an event, with which input; `deliver` has a way for each service of a target.

        `give_up` hears of what could not be delivered, with the last attempt's error.
        """
        self._account_id = account_id
        self._region = region
        self._targets = targets
        self._deliver = deliver
        self._give_up = give_up
        self._now = now
        self._new_id = new_id
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._pauses = pauses
        self._stopped = threading.Event()
        # one for each service, so that functions that take their time hold up functions only
        self._pools = {name: ThreadPoolExecutor(THREADS, thread_name_prefix=f"{name} event") for name in deliver}
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def put(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
        """Put an event of an AWS service on the bus; returns before it is delivered."""
        self.put_event(
            {
                "version": "0",
                "id": self._new_id(),
                "detail-type": detail_type,
                "source": source,
                "account": self._account_id,
                "time": self._now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": self._region,
                "resources": list(resources),
                "detail": json.loads(json.dumps(detail, default=_encode)),
            }
        )

    def put_event(self, event: Event) -> None:
        """Put a complete event on the bus; returns before it is delivered."""
        self._events.put(event)

    def deliver(self, target: Mapping[str, Any], text: str) -> None:
        """Hand a target its input; returns before that is done."""
        service = target["Arn"].split(":")[2]
        if service in self._pools:
            self._pools[service].submit(self._deliver_one, self._deliver[service], target, text)
        else:
            logger.error("an event for %s was not delivered: the local cloud has no %s targets", target["Arn"], service)

    def shutdown(self) -> None:
        """Deliver nothing any more."""
        self._stopped.set()
        self._events.put(None)
        self._thread.join(timeout=2)
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            try:
                for target, text in self._targets(event):
                    self.deliver(target, text)
            except Exception:
                logger.exception("event %s of %s could not be matched", event.get("detail-type"), event.get("source"))

    def _deliver_one(self, way: Deliver, target: Mapping[str, Any], text: str) -> None:
        attempts = len(self._pauses) + 1
        for attempt, pause in enumerate([*self._pauses, None], start=1):
            try:
                way(target, text)
            except Exception as error:
                if self._stopped.is_set():
                    return
                logger.exception("attempt %d of %d to deliver an event to %s failed", attempt, attempts, target["Arn"])
                if pause is None:
                    self._give_up(target, text, error)
                elif self._stopped.wait(pause):
                    return
            else:
                return


def _encode(value: object) -> object:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    raise TypeError(f"an event holds {value!r}, which JSON has no form for")
