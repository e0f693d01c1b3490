"""AddTags, ListTags and DeleteTags, for every resource that has an entry in the core's tags."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.errors import validation_error

MAXIMUM = 50
VERSIONS_HAVE_NO_TAGS = "Tags are not supported in Model Package versions. Please add them to the Model Package Group"
_VERSION = re.compile(r"arn:[^/]+:model-package/[^/]+/\d+")


def tag_map(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """AWS's list of Key and Value as a dictionary; more than 50, a key twice and AWS's own keys are refused."""
    if len(tags) > MAXIMUM:
        raise validation_error(f"A resource may have {MAXIMUM} tags; the request gives {len(tags)}.")
    keys = [tag["Key"] for tag in tags]
    _refuse_own(keys)
    if len(set(keys)) < len(keys):
        raise validation_error("Duplicate tag key")
    # the jobs of a run have the same ones
    return {sys.intern(tag["Key"]): sys.intern(tag["Value"]) for tag in tags}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """The dictionary as AWS's list."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _refuse_own(keys: Sequence[str]) -> None:
    for key in keys:
        if key.lower().startswith("aws:"):
            raise validation_error(f"System prefix 'aws:' reserved for AWS usage in tag key: {key}")


class Tags:
    """The tag operations."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def operations(self) -> Mapping[str, Callable[[dict[str, Any], object], dict[str, Any]]]:
        """Operation name to its handler."""
        return {"AddTags": self._add, "ListTags": self._list, "DeleteTags": self._delete}

    def shutdown(self) -> None:
        """Nothing runs on its own."""

    def _add(self, request: dict[str, Any], _identity: object) -> dict[str, Any]:
        with self._core.lock:
            tags = self._tags(request)
            merged = tags | tag_map(request["Tags"])
            if len(merged) > MAXIMUM:
                raise validation_error(f"A resource may have {MAXIMUM} tags; this one would have {len(merged)}.")
            tags.update(merged)
            return {"Tags": tag_list(tags)}

    def _list(self, request: dict[str, Any], _identity: object) -> dict[str, Any]:
        with self._core.lock:
            return {"Tags": tag_list(self._tags(request))}

    def _delete(self, request: dict[str, Any], _identity: object) -> dict[str, Any]:
        _refuse_own(request["TagKeys"])
        with self._core.lock:
            tags = self._tags(request)
            for key in request["TagKeys"]:
                tags.pop(key, None)
            return {}

    def _tags(self, request: dict[str, Any]) -> dict[str, str]:
        arn = request["ResourceArn"]
        if _VERSION.fullmatch(arn):
            raise validation_error(VERSIONS_HAVE_NO_TAGS)
        if arn not in self._core.tags:
            raise validation_error(f"The resource {arn} does not exist.")
        return self._core.tags[arn]
