"""CloudFormation's resources: what surrounds the making of one of moto's, and those that moto has not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Self

from moto.awslambda.models import lambda_backends
from moto.cloudformation import parsing
from moto.cloudwatch.models import Dimension, Metric, MetricDataQuery, MetricStat, cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

Properties = dict[str, Any]


def around(
    model: Any,
    *,
    before: Callable[[str, Properties, str, Any], None] = lambda *_: None,
    after: Callable[[Any, Properties, str], None] = lambda *_: None,
) -> None:
    """Have a model call `before` and `after` whenever a stack creates or updates a resource of its kind.

    `before` takes the resource's name, the properties, which it may change, the account and the resource as it is (None
    when there is none yet); `after` takes the resource, the properties and the account.
    """
    create = model.create_from_cloudformation_json.__func__
    update = model.update_from_cloudformation_json.__func__

    def created(cls: Any, /, name: str, cloudformation_json: Any, account_id: str, region: str, **options: Any) -> Any:
        properties = cloudformation_json.setdefault("Properties", {})
        before(name, properties, account_id, None)
        resource = create(cls, name, cloudformation_json, account_id, region, **options)
        after(resource, properties, account_id)
        return resource

    def updated(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        properties = cloudformation_json.setdefault("Properties", {})
        before(new_resource_name, properties, account_id, original_resource)
        resource = update(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name)
        after(resource, properties, account_id)
        return resource

    model.create_from_cloudformation_json = classmethod(created)
    model.update_from_cloudformation_json = classmethod(updated)


class Setting:
    """A resource that is a setting of another service's things: set when made, set anew when changed."""

    def __init__(self, name: str, properties: Properties) -> None:
        self.physical_resource_id = name
        self._properties = properties

    def put(self, properties: Properties, account_id: str, region: str) -> None:
        """Set what the properties say."""
        raise NotImplementedError

    def remove(self, properties: Properties, account_id: str, region: str) -> None:
        """Undo what `put` did with the same properties."""
        raise NotImplementedError

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it: none."""
        return ""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether Fn::GetAtt has something to give."""
        return attr == "Id"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Self:
        """Make it."""
        made = cls(resource_name, cloudformation_json["Properties"])
        made.put(made._properties, account_id, region_name)
        return made

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Self:
        """Change it, as the same resource."""
        original_resource.delete(account_id, region_name)
        name = original_resource.physical_resource_id
        return cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:
        """Undo it."""
        self.remove(self._properties, account_id, region_name)

    def is_created(self) -> bool:
        """Whether it is there: at once."""
        return True


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


class EventInvokeConfig(Setting, CloudFormationModel):  # type: ignore[misc]
    """What becomes of a function's asynchronous invocations that fail."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type in a template."""
        return "AWS::Lambda::EventInvokeConfig"

    def put(self, properties: Properties, account_id: str, region: str) -> None:
        """Set it; moto would keep the one before and give that."""
        names = ("DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts")
        backend = lambda_backends[account_id][region]
        backend.get_function(properties["FunctionName"]).event_invoke_config = []
        backend.put_function_event_invoke_config(
            properties["FunctionName"], {name: properties[name] for name in names if name in properties}
        )

    def remove(self, properties: Properties, account_id: str, region: str) -> None:
        """Leave the function without one."""
        backend = lambda_backends[account_id][region]
        for function in backend.list_functions():
            if properties["FunctionName"] in (function.function_name, function.function_arn):
                function.event_invoke_config = []


class Alarm(Setting, CloudFormationModel):  # type: ignore[misc]
    """An alarm: described, and never raised, for the local cloud measures nothing."""

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "AlarmName"

    @staticmethod
    def cloudformation_type() -> str:
        """The type in a template."""
        return "AWS::CloudWatch::Alarm"

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        """What Fn::GetAtt gives."""
        return self._arn

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether Fn::GetAtt has something to give."""
        return attr == "Arn"

    def put(self, properties: Properties, account_id: str, region: str) -> None:
        """Put the alarm."""
        alarm = cloudwatch_backends[account_id][region].put_metric_alarm(
            name=self.physical_resource_id,
            namespace=properties.get("Namespace"),
            metric_name=properties.get("MetricName"),
            metric_data_queries=[_query(query) for query in properties.get("Metrics", [])] or None,
            comparison_operator=properties["ComparisonOperator"],
            evaluation_periods=int(properties["EvaluationPeriods"]),
            datapoints_to_alarm=properties.get("DatapointsToAlarm"),
            period=properties.get("Period"),
            threshold=float(properties["Threshold"]),
            statistic=properties.get("Statistic"),
            extended_statistic=properties.get("ExtendedStatistic"),
            description=properties.get("AlarmDescription"),
            dimensions=properties.get("Dimensions", []),
            alarm_actions=properties.get("AlarmActions", []),
            ok_actions=properties.get("OKActions", []),
            insufficient_data_actions=properties.get("InsufficientDataActions", []),
            unit=properties.get("Unit"),
            actions_enabled=str(properties.get("ActionsEnabled", "true")).lower() == "true",
            treat_missing_data=properties.get("TreatMissingData"),
            tags=properties.get("Tags", []),
        )
        self._arn = alarm.alarm_arn

    def remove(self, properties: Properties, account_id: str, region: str) -> None:
        """Delete the alarm."""
        cloudwatch_backends[account_id][region].delete_alarms([self.physical_resource_id])


def _query(query: Properties) -> Any:
    stat = query.get("MetricStat")
    measured = stat and MetricStat(
        Metric(stat["Metric"]["MetricName"], stat["Metric"]["Namespace"], _dimensions(stat["Metric"])),
        stat["Period"],
        stat["Stat"],
        stat.get("Unit"),
    )
    shown = query.get("ReturnData", True)
    return MetricDataQuery(
        query["Id"], query.get("Label"), query.get("Period"), shown, query.get("Expression"), measured
    )


def _dimensions(properties: Properties) -> list[Any]:
    return [Dimension(one["Name"], one["Value"]) for one in properties.get("Dimensions", [])]


def install() -> None:
    """Let moto find the resources above: it has looked for them when it was imported."""
    for found in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        found.cache_clear()
