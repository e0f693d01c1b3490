"""SQS: the policies of queues."""

from __future__ import annotations

import json

from moto.core.common_models import CloudFormationModel
from moto.sqs.models import sqs_backends

from warmfold.cloud.hooks.cloudformation.resources import Properties, Setting, add


def install() -> None:
    """moto has no AWS::SQS::QueuePolicy."""
    add(QueuePolicy)


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
