"""CloudWatch Logs answers from the shelf as it did from memory; what is deleted is let go."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.common_models import BaseModel
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.logs.models import LogStream
from moto.s3.models import FakeKey, s3_backends

from warmfold.cloud.hooks import logs, memory
from warmfold.cloud.shelf import Shelf

GROUP, STREAM = "/own/group", "stream"
NOW = int(time.time() * 1000) - 60_000


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(LogStream, "__init__", LogStream.__init__)
    monkeypatch.setattr(LogStream, "_update", LogStream._update)
    logs.install(Shelf(tmp_path))
    with mock_aws():
        made = boto3.client("logs", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        made.create_log_group(logGroupName=GROUP)
        made.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
        yield made


def put(client: Any, *lines: tuple[int, str], stream: str = STREAM) -> None:
    events = [{"timestamp": NOW + after, "message": text} for after, text in lines]
    client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def test_every_event_is_there_in_order_page_by_page(client: Any) -> None:
    put(client, (3, "third"), (4, "fourth é"))
    put(client, (1, "first"), (2, "second"))
    asked = {"logGroupName": GROUP, "logStreamName": STREAM, "startFromHead": True, "limit": 3}
    page = client.get_log_events(**asked)
    rest = client.get_log_events(**asked, nextToken=page["nextForwardToken"])
    assert [event["message"] for event in page["events"] + rest["events"]] == ["first", "second", "third", "fourth é"]
    assert [event["timestamp"] - NOW for event in page["events"]] == [1, 2, 3]


def test_events_are_filtered_over_streams_and_keep_their_ids(client: Any) -> None:
    client.create_log_stream(logGroupName=GROUP, logStreamName="other")
    put(client, (1, "a score of 1"), (2, "nothing"))
    put(client, (3, "a score of 2"), stream="other")
    asked = {"logGroupName": GROUP, "filterPattern": "score"}
    found, again = (client.filter_log_events(**asked)["events"] for _ in range(2))
    assert [(event["logStreamName"], event["message"]) for event in found] == [
        (STREAM, "a score of 1"),
        ("other", "a score of 2"),
    ]
    assert found == again
    assert len({event["eventId"] for event in found}) == 2


def test_a_stream_knows_its_first_and_last_event_and_an_empty_one_has_none(client: Any) -> None:
    (empty,) = client.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert "firstEventTimestamp" not in empty
    put(client, (5, "later"))
    put(client, (2, "earlier"), (4, "between"))
    (stream,) = client.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert (stream["firstEventTimestamp"] - NOW, stream["lastEventTimestamp"] - NOW) == (2, 5)


def test_an_object_that_is_deleted_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseModel, "__new__", BaseModel.__new__)
    memory.install()
    with mock_aws():
        s3 = boto3.client("s3", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="key", Body=b"content")
        key = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets["bucket"].keys["key"]
        assert isinstance(key, FakeKey)
        assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == b"content"
        held = weakref.ref(key)
        del key
        s3.delete_object(Bucket="bucket", Key="key")
        gc.collect()
        assert held() is None


def test_events_are_filtered_by_the_beginning_of_a_stream_s_name(client: Any) -> None:
    for stream in ("2026/11/27/plan_run[1]", "2026/11/27/start_run[1]", "2026/11/26/plan_run[1]"):
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        put(client, (0, f"of {stream}"), stream=stream)

    def found(**wanted: Any) -> list[str]:
        return [event["message"] for event in client.filter_log_events(logGroupName=GROUP, **wanted)["events"]]

    assert found(logStreamNamePrefix="2026/11/27/plan_run") == ["of 2026/11/27/plan_run[1]"]
    assert len(found(logStreamNamePrefix="2026/11/27/")) == 2
    assert found(logStreamNamePrefix="2026/11/28/") == []
    with pytest.raises(client.exceptions.InvalidParameterException, match="logStreamNamePrefix"):
        found(logStreamNamePrefix="2026", logStreamNames=["2026/11/27/plan_run[1]"])


def test_a_group_that_is_not_there_has_no_streams_to_filter(client: Any) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.filter_log_events(logGroupName="/other", logStreamNamePrefix="2026")
