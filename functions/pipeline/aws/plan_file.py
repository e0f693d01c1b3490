"""plan.json and profile.json, as the functions after Plan Run read them."""

from __future__ import annotations

from pipeline.aws.storage import Storage
from pipeline.errors import StorageError
from warmfold_run import places
from warmfold_run.plan import Plan
from warmfold_run.records import Profile


def read_profile(storage: Storage, plan: Plan) -> Profile | None:
    """Return what the data of a run is: Split Dataset's profile, which has seen all the rows, else the plan's."""
    profile: Profile | None = storage.read_json(places.run_key(plan["run"], places.PROFILE))
    return profile or plan["profile"]


def read_plan(storage: Storage, plan_uri: str) -> Plan:
    """Return the plan at an s3:// URI; raises StorageError when there is none."""
    plan: Plan | None = storage.read_json(places.key_of(plan_uri))
    if plan is None:
        raise StorageError(f"{plan_uri} is not there; it is the record of the run, so start the run again")
    return plan
