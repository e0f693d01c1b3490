"""The virtual S3 lists and reads as boto3's client does."""

from __future__ import annotations

import io
import json

from virtual.clock import VirtualClock
from virtual.s3 import VirtualS3


def test_s3_gives_keys_in_order_page_by_page() -> None:
    s3 = VirtualS3(VirtualClock())
    for name in ("b/2", "a/1", "b/1", "b/3", "c/1"):
        s3.put_object(Bucket="b", Key=name, Body=json.dumps(name).encode())
    page = s3.list_objects_v2(Bucket="b", Prefix="b/", MaxKeys=2)
    assert [item["Key"] for item in page["Contents"]] == ["b/1", "b/2"]
    assert page["IsTruncated"]
    rest = s3.list_objects_v2(Bucket="b", Prefix="b/", StartAfter="b/2")
    assert ([item["Key"] for item in rest["Contents"]], rest["IsTruncated"]) == (["b/3"], False)
    body: io.BytesIO = s3.get_object(Bucket="b", Key="c/1")["Body"]
    assert json.loads(body.read()) == "c/1"
    assert "Contents" not in s3.list_objects_v2(Bucket="b", Prefix="d/")
