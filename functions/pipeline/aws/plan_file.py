"""plan.json, as the functions after Plan Run read it."""

from __future__ import annotations

from pipeline.aws.storage import Storage
from pipeline.errors import StorageError
from warmfold_run import places
from warmfold_run.plan import Plan


def read_plan(storage: Storage, plan_uri: str) -> Plan:
    """Return the plan at an s3:// URI; raises StorageError when there is none."""
    plan: Plan | None = storage.read_json(places.key_of(plan_uri))
    if plan is None:
        raise StorageError(f"{plan_uri} is not there; it is the record of the run, so start the run again")
    return plan
