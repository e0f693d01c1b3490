"""plan.json and profile.json, as the functions read them."""

from __future__ import annotations

from pipeline.aws.storage import Storage
from pipeline.errors import PlanError, StorageError
from warmfold_run import places
from warmfold_run.plan import SCHEMA, Plan
from warmfold_run.records import Profile, Remark


def read_profile(storage: Storage, plan: Plan) -> Profile | None:
    """Return what the data of a run is: Split Dataset's profile, which has seen all the rows, else the plan's."""
    profile: Profile | None = storage.read_json(places.run_key(plan["run"], places.PROFILE))
    return profile or plan["profile"]


def read_remarks(storage: Storage, plan: Plan) -> list[Remark]:
    """Return what a person should know of the data of a run."""
    return remarks_of(read_profile(storage, plan))


def remarks_of(profile: Profile | None) -> list[Remark]:
    """Return a profile's remarks; none where no row was read."""
    return profile["remarks"] if profile else []


def find_plan(storage: Storage, run: str) -> Plan | None:
    """Return the plan of a run, None when there is none; raises PlanError for one of another version of the stack."""
    return _plan_at(storage, places.run_key(run, places.PLAN))


def read_plan(storage: Storage, plan_uri: str) -> Plan:
    """Return the plan at an s3:// URI; raises StorageError when there is none, PlanError as `find_plan` does."""
    plan = _plan_at(storage, places.key_of(plan_uri))
    if plan is None:
        raise StorageError(f"{plan_uri} is not there; it is the record of the run, so start the run again")
    return plan


def _plan_at(storage: Storage, key: str) -> Plan | None:
    plan: Plan | None = storage.read_json(key)
    if plan is not None and plan["schema"] != SCHEMA:
        raise PlanError(
            f"run {plan['run']} was planned by another version of the stack: {storage.uri(key)} has schema "
            f"{plan['schema']}, and this version goes on with {SCHEMA} only; upload the dataset again for a new run"
        )
    return plan
