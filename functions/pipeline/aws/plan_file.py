"""plan.json, approval.json and profile.json, as the functions read them."""

from __future__ import annotations

from contextlib import suppress
from typing import NoReturn

from pipeline.aws.storage import Storage
from pipeline.errors import AnotherRunError, PlanError, StorageError
from warmfold_run import names, places
from warmfold_run.plan import SCHEMA, Approval, Plan
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


def find_plan(storage: Storage, execution_arn: str) -> Plan | None:
    """Return the plan of an execution's run, or None when there is none.

    Raises
    ------
    AnotherRunError
        The run's name is taken: the plan is that of another execution.
    PlanError
        Another version of the stack has made it.
    """
    key = places.run_key(names.run_id(execution_arn), places.PLAN)
    plan: Plan | None = storage.read_json(key)
    if plan is None:
        return None
    if (owner := plan.get("execution_arn")) != names.first_execution(execution_arn):
        raise AnotherRunError(
            f"{storage.uri(key)} is the plan of execution {owner}, and execution {execution_arn} has nothing in common "
            "with it but the hash of its name; start the run under another name, or upload the dataset again"
        )
    return _of_this_version(storage, key, plan)


def read_plan(storage: Storage, execution_arn: str) -> Plan:
    """Return the plan of an execution's run; raises StorageError when there is none, else as `find_plan` does."""
    plan = find_plan(storage, execution_arn)
    return plan if plan is not None else _missing(storage, names.run_id(execution_arn))


def read_plan_of_run(storage: Storage, run: str) -> Plan:
    """Return the plan of a run whose execution is not known; raises StorageError when there is none, or PlanError."""
    key = places.run_key(run, places.PLAN)
    plan: Plan | None = storage.read_json(key)
    return _missing(storage, run) if plan is None else _of_this_version(storage, key, plan)


def find_approval(storage: Storage, execution_arn: str) -> Approval | None:
    """Return which execution goes on with the run of an execution, or None where none has begun to."""
    approval: Approval | None = storage.read_json(places.run_key(names.run_id(execution_arn), places.APPROVAL))
    return approval


def check_acts_for_its_run(storage: Storage, execution_arn: str) -> None:
    """Raise AnotherRunError unless the run is the execution's: whoever has a run's name is not yet the run.

    It is that of the execution which the plan names, and after an approval of the one that Plan Run let go on. Where
    there is no plan nothing has been created, or the plan is gone and the name is all that is left.
    """
    with suppress(PlanError):  # of another version, and its own
        find_plan(storage, execution_arn)
    if names.first_execution(execution_arn) == execution_arn:
        return
    approval = find_approval(storage, execution_arn)
    if approval is None or approval["execution_arn"] != execution_arn:
        raise AnotherRunError(
            f"run {names.run_id(execution_arn)} has not gone on in execution {execution_arn}, which was refused or "
            "ended before that was decided; what the run has and is stays as it is"
        )


def _missing(storage: Storage, run: str) -> NoReturn:
    uri = storage.uri(places.run_key(run, places.PLAN))
    raise StorageError(f"{uri} is not there; it is the record of the run, so start the run again")


def _of_this_version(storage: Storage, key: str, plan: Plan) -> Plan:
    if plan["schema"] != SCHEMA:
        raise PlanError(
            f"run {plan['run']} was planned by another version of the stack: {storage.uri(key)} has schema "
            f"{plan['schema']}, and this version goes on with {SCHEMA} only; upload the dataset again for a new run"
        )
    return plan
