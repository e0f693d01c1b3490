"""CloudWatch: alarms of templates."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import Dimension, Metric, MetricDataQuery, MetricStat, cloudwatch_backends
from moto.core.common_models import CloudFormationModel

from warmfold.cloud.hooks.cloudformation.resources import Properties, Setting, add


def install() -> None:
    """moto has no AWS::CloudWatch::Alarm."""
    add(Alarm)


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
