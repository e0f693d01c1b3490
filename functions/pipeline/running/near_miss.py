"""What is told of an upload that nearly was a dataset's data, and so started nothing."""

from __future__ import annotations

from pipeline.aws.topic import Topic
from warmfold_run import places

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


def tell_near_miss(topic: Topic, message: str) -> None:
    """Publish such a message; raises NotificationError when SNS refuses, and Lambda asks again."""
    topic.publish(SUBJECT, message, known=message.rstrip("."))
