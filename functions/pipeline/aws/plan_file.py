"""plan.json, as the functions after Plan Run read it."""

from __future__ import annotations

from typing import Any

from pipeline.aws.storage import Storage, parse_uri
from pipeline.errors import StorageError


def read_plan(storage: Storage, plan_uri: str) -> dict[str, Any]:
    """Return the plan at an s3:// URI; raises StorageError when there is none."""
    plan = storage.read_json(parse_uri(plan_uri)[1])
    if plan is None:
        raise StorageError(f"{plan_uri} is not there; it is the record of the run, so start the run again")
    return plan


def location_key(plan: dict[str, Any], place: str, name: str = "") -> str:
    """Return the key of a name in one of the plan's locations."""
    return parse_uri(plan["locations"][place] + name)[1]
