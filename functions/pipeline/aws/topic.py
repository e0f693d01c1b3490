"""SNS, as the functions use it: one topic, told of a run's end and of uploads that start nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pipeline.errors import NotificationError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Topic:
    """The notification topic."""

    def __init__(self, sns: SNSClient, arn: str) -> None:
        self._sns, self._arn = sns, arn

    def publish(self, subject: str, message: str, *, known: str) -> None:
        """Tell the topic; raises NotificationError, which starts with what is `known` even so, when SNS refuses."""
        try:
            self._sns.publish(TopicArn=self._arn, Subject=subject, Message=message)
        except ClientError as error:
            detail = error.response["Error"]
            raise NotificationError(
                f"{known}, but {self._arn} could not be told: {detail['Code']}: {detail.get('Message', '')}; see the "
                "topic's policy and that it exists"
            ) from error
