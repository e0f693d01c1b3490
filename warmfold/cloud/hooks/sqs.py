"""SQS: the policies of queues, and how many may wait for messages."""

from __future__ import annotations

import json
import threading
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.sqs.models import SQSBackend, sqs_backends

from warmfold.cloud.hooks.cloudformation.resources import Properties, Setting, add

MOST_WAITING = 16
"""Of the port's threads, each of which one that waits holds."""


def install() -> None:
    """Mend moto's SQS; each function below says what."""
    add(QueuePolicy)  # moto has no AWS::SQS::QueuePolicy
    _bound_waiting()


def _bound_waiting() -> None:
    """moto lets all threads of the port wait for messages; those beyond the first get what there is, as AWS may too."""
    receive = SQSBackend.receive_message
    free = threading.BoundedSemaphore(MOST_WAITING)

    def receive_message(
        self: Any, queue_name: str, count: int, wait_seconds_timeout: int, *more: Any, **named: Any
    ) -> list[Any]:
        waits = wait_seconds_timeout > 0 and free.acquire(blocking=False)
        try:
            messages: list[Any] = receive(self, queue_name, count, wait_seconds_timeout if waits else 0, *more, **named)
            return messages
        finally:
            if waits:
                free.release()

    SQSBackend.receive_message = receive_message


class QueuePolicy(Setting, CloudFormationModel):  # type: ignore[misc]
    """Who may use queues."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type in a template."""
        return "AWS::SQS::QueuePolicy"

    def put(self, properties: Properties, account_id: str, region: str) -> None:
        """Set the policy of each queue."""
        self._set(properties, json.dumps(properties["PolicyDocument"]), account_id, region)

    def remove(self, properties: Properties, account_id: str, region: str) -> None:
        """Leave the queues without one."""
        self._set(properties, "{}", account_id, region)

    def _set(self, properties: Properties, policy: str, account_id: str, region: str) -> None:
        backend = sqs_backends[account_id][region]
        for url in properties["Queues"]:
            if (name := url.rpartition("/")[2]) in backend.queues:  # it may have gone with its stack
                backend.set_queue_attributes(name, {"Policy": policy})
