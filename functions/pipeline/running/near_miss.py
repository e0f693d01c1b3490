"""What is told of an upload that nearly was a dataset's data, and so started nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pipeline.errors import NotificationError
from warmfold_run import places

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

SUBJECT = "warmfold: an upload that starts nothing"


def near_miss_message(bucket: str, key: str) -> str | None:
    """Return what to tell of an object, or None where its key is no near miss."""
    meant = places.near_miss(key)
    if meant is None:
        return None
    packed = " A file packed with gzip may be called so, too." if key.lower().endswith(".gz") else ""
    return (
        f"{places.uri(bucket, key)} has arrived and starts nothing: what starts a run is called "
        f"{places.data_key('<dataset>')}, {places.data_key('<dataset>', places.TABLE)}, or "
        f"{places.data_key('<dataset>', places.SUCCESS)} behind a folder of many files, in these letters. "
        f"Upload it as {places.uri(bucket, meant)}.{packed}"
    )


def tell_near_miss(sns: SNSClient, topic_arn: str, message: str) -> None:
    """Publish such a message; raises NotificationError when SNS refuses, and Lambda asks again."""
    try:
        sns.publish(TopicArn=topic_arn, Subject=SUBJECT, Message=message)
    except ClientError as error:
        detail = error.response["Error"]
        raise NotificationError(
            f"{message} {topic_arn} could not be told: {detail['Code']}: {detail.get('Message', '')}; see the topic's "
            "policy and that it exists"
        ) from error
