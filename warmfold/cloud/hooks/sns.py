"""SNS: topics that a stack may change, and their policies."""

from __future__ import annotations

import json
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.sns.models import Topic, sns_backends

from warmfold.cloud.hooks.cloudformation.resources import Properties, Setting, add, changed_by


def install() -> None:
    """Mend moto's topics; moto has no AWS::SNS::TopicPolicy and no AWS::SNS::Subscription."""
    _topics()
    add(Subscription)
    add(TopicPolicy)


def _topics() -> None:
    """moto replaces a topic that has no name of its own when it changes, and with it loses its subscribers."""

    def change(topic: Any, properties: Properties, account_id: str, region: str) -> None:
        backend = sns_backends[account_id][region]
        known = {(one.protocol, one.endpoint) for one in backend.subscriptions.values() if one.topic is topic}
        for one in properties.get("Subscription", []):
            if (one["Protocol"], one["Endpoint"]) not in known:
                backend.subscribe(topic.arn, one["Endpoint"], one["Protocol"])

    changed_by(Topic, change)


class Subscription(Setting, CloudFormationModel):  # type: ignore[misc]
    """A subscription of its own, beside those that a topic names."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type in a template."""
        return "AWS::SNS::Subscription"

    def put(self, properties: Properties, account_id: str, region: str) -> None:
        """Subscribe; its ARN is what Ref gives."""
        backend = sns_backends[account_id][region]
        made = backend.subscribe(properties["TopicArn"], properties.get("Endpoint", ""), properties["Protocol"])
        for name in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "DeliveryPolicy", "RedrivePolicy"):
            if name in properties:
                value = properties[name]
                text = value if isinstance(value, str) else json.dumps(value)
                backend.set_subscription_attributes(made.arn, name, text)
        self.physical_resource_id = made.arn

    def remove(self, properties: Properties, account_id: str, region: str) -> None:
        """Subscribe no longer."""
        sns_backends[account_id][region].unsubscribe(self.physical_resource_id)


class TopicPolicy(Setting, CloudFormationModel):  # type: ignore[misc]
    """Who may use topics."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type in a template."""
        return "AWS::SNS::TopicPolicy"

    def put(self, properties: Properties, account_id: str, region: str) -> None:
        """Set the policy of each topic."""
        for arn in properties["Topics"]:
            sns_backends[account_id][region].get_topic(arn).policy = json.dumps(properties["PolicyDocument"])

    def remove(self, properties: Properties, account_id: str, region: str) -> None:
        """Give the topics the policy that a new one has."""
        topics = sns_backends[account_id][region].topics
        for arn in set(properties["Topics"]) & set(topics):
            topics[arn]._policy_json = topics[arn]._create_default_topic_policy(region, account_id, topics[arn].name)
