"""S3 on a virtual clock: objects that are there at once, and no limits."""

from __future__ import annotations

import bisect
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from virtual.calls import Calls, client_error
from virtual.clock import VirtualClock

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_PAGE = 1000


class VirtualS3:
    """A client of one bucket; `calls` counts those made through it, and has what they are refused with."""

    def __init__(self, clock: VirtualClock) -> None:
        self.calls = Calls(clock)
        self._clock = clock
        self._keys: list[str] = []
        self._objects: dict[str, tuple[bytes, float]] = {}

    def list_objects_v2(
        self,
        Bucket: str,  # noqa: N803, ARG002 - boto3's names
        Prefix: str = "",  # noqa: N803
        MaxKeys: int = _PAGE,  # noqa: N803
        StartAfter: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        """A page of the keys that begin with the prefix, in order."""
        self.calls.make("ListObjectsV2")
        first = max(bisect.bisect_left(self._keys, Prefix), bisect.bisect_right(self._keys, StartAfter))
        page: list[dict[str, Any]] = []
        more = False
        for key in self._keys[first : first + min(MaxKeys, _PAGE) + 1]:
            if not key.startswith(Prefix):
                break
            more = len(page) == min(MaxKeys, _PAGE)
            if not more:
                # S3 tells whole seconds only
                page.append({"Key": key, "LastModified": _EPOCH + timedelta(seconds=int(self._objects[key][1]))})
        return {"IsTruncated": more, "KeyCount": len(page), **({"Contents": page} if page else {})}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803, ARG002
        """An object's body."""
        self.calls.make("GetObject")
        if Key not in self._objects:
            raise client_error("NoSuchKey", "The specified key does not exist.", "GetObject")
        return {"Body": io.BytesIO(self._objects[Key][0])}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str = "") -> None:  # noqa: N803, ARG002
        """Write an object."""
        self.calls.make("PutObject")
        self.place(Key, Body)

    def place(self, key: str, body: bytes) -> None:
        """Write an object for somebody whose calls are not counted."""
        if key not in self._objects:
            bisect.insort(self._keys, key)
        self._objects[key] = body, self._clock.now()

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with the prefix, in order; no call."""
        return [key for key in self._keys if key.startswith(prefix)]

    def json(self, key: str) -> dict[str, Any]:
        """A JSON object by its key; no call."""
        found: dict[str, Any] = json.loads(self._objects[key][0])
        return found
