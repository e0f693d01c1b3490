"""An object read on over connections that break."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import IncompleteReadError, ResponseStreamingError

from tests.unit.training_code.split_job import Bucket
from warmfold_jobs.data.object_stream import READ_ATTEMPTS, ObjectStream


class Breaking(Bucket):
    """A bucket whose connections break after so many bytes."""

    def __init__(self, data: bytes, after: int) -> None:
        super().__init__(data=data)
        self.after = after

    def get_object(self, **request: Any) -> dict[str, Any]:
        response = super().get_object(**request)
        response["Body"] = _BreakingBody(response["Body"], self.after)
        return response


class _BreakingBody:
    def __init__(self, body: io.BytesIO, after: int) -> None:
        self.body, self.after = body, after

    def read(self, size: int) -> bytes:
        if self.body.tell() >= self.after:
            raise ResponseStreamingError(error="reset")
        return self.body.read(min(size, self.after))


@pytest.mark.parametrize("size", [999, 1000, 1001])
def test_a_broken_connection_is_read_on_from_where_it_broke(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    bucket = Breaking(data, after=100)
    stream = ObjectStream(bucket, "bucket", "data", "v1", "e1")  # type: ignore[arg-type]
    assert b"".join(iter(lambda: stream.read(64), b"")) == data
    assert bucket.requests[1]["Range"].startswith("bytes=1")


def test_a_connection_that_never_delivers_is_given_up() -> None:
    bucket = Breaking(b"data", after=0)
    with pytest.raises((ResponseStreamingError, IncompleteReadError)):
        ObjectStream(bucket, "bucket", "data", None, None).read(64)  # type: ignore[arg-type]
    assert len(bucket.requests) == READ_ATTEMPTS
