"""A run whose model was approved by hand goes on: once, and by what the registry says, whatever anybody hands in.

`resume_run` starts the execution, `go_on` is its Plan Run. Anybody who may start executions can give one that name, so
that only `go_on` decides; it writes approval.json, and an execution that is refused leaves the run as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.aws.plan_file import find_approval, read_plan, read_plan_of_run, read_remarks
from pipeline.aws.registry import Registry
from pipeline.aws.storage import Storage
from pipeline.errors import NotApprovedError, RunNotEndedError
from pipeline.planning.planner import planned
from pipeline.results.gate import gate
from pipeline.results.holdout import read_holdout
from pipeline.results.registration import CV_SCORE
from pipeline.running.starting import start_execution
from warmfold_run import names, places
from warmfold_run.plan import Approval, Plan, Planned

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


def go_on(registry: Registry, storage: Storage, execution_arn: str) -> Planned:
    """Return what the state machine needs to go on with a run, and write down that this execution does.

    Raises
    ------
    NotApprovedError
        The run's package is not there, not approved, rejected by the gate or approved by the run itself, or another
        execution has gone on with it.
    AnotherRunError, PlanError, StorageError
        The run's plan is that of another execution or version, or is gone.
    """
    plan = read_plan(storage, execution_arn)
    run = plan["run"]
    package = registry.package_of_run(names.model_package_group(plan["prefix"], plan["dataset"]), run)
    if package is None:
        raise NotApprovedError(f"run {run} has registered no model yet; it goes on once that is approved")
    if package.status != "Approved":
        raise NotApprovedError(f"{package.arn}, the model of run {run}, is {package.status}; approve it first")
    if why := _not_for_a_person(registry, storage, plan, package.arn):
        raise NotApprovedError(f"{why}; upload the dataset for a new run")
    key = places.run_key(run, places.APPROVAL)
    if not storage.write_json_once(key, Approval(execution_arn=execution_arn, model_package_arn=package.arn)):
        approval = find_approval(storage, execution_arn)
        if approval is None or approval["execution_arn"] != execution_arn:
            raise NotApprovedError(
                f"run {run} has gone on once, as {storage.uri(key)} says; upload the dataset for a new run"
            )
    return planned(storage, plan, package.arn)


def resume_run(
    stepfunctions: SFNClient, state_machine_arn: str, registry: Registry, storage: Storage, model_package_arn: str
) -> dict[str, str]:
    """Go on, once, with a run whose model was approved by hand; returns `execution_arn`, or `ignored` and why.

    An execution that was refused, or died before Plan Run had let it go on, does not count: the next one has a number.

    Raises
    ------
    RunNotEndedError
        The run has registered its model just now, or an execution is about to go on with it.
    PlanError
        Another version of the stack has planned the run.
    """
    package = registry.describe(model_package_arn)
    run = (package or {}).get("CustomerMetadataProperties", {}).get("run")
    if package is None or run is None:
        return {"ignored": f"{model_package_arn} is not a model package that a run registered"}
    status = package.get("ModelApprovalStatus")
    if status != "Approved":
        return {"ignored": f"{model_package_arn} is {status} by now"}
    plan = read_plan_of_run(storage, run)
    own = registry.package_of_run(names.model_package_group(plan["prefix"], plan["dataset"]), run)
    if own is None or own.arn != model_package_arn:
        return {"ignored": f"{model_package_arn} is not the model package of run {run}, which it names"}
    if why := _not_for_a_person(registry, storage, plan, model_package_arn) or _not_waiting(
        stepfunctions, storage, run, plan["execution_arn"]
    ):
        return {"ignored": why}
    for attempt in range(names.MOST_APPROVALS + 1):
        execution = names.approved_execution(plan["execution_arn"], attempt)
        name = execution.rsplit(":", 1)[-1]
        started = start_execution(stepfunctions, state_machine_arn, name, {"dataset": plan["dataset"]})
        if "execution_arn" in started:
            return started
        if _status(stepfunctions, execution) == "RUNNING":
            raise RunNotEndedError(f"execution {name} is about to go on with run {run}, or to be refused; ask again")
    return {"ignored": f"run {run} was refused {names.MOST_APPROVALS} times; upload the dataset for a new run"}


def _not_for_a_person(registry: Registry, storage: Storage, plan: Plan, model_package_arn: str) -> str | None:
    """Return why nobody's approval lets a run go on with its model, or None."""
    holdout = read_holdout(storage, plan)
    if holdout is None:
        return None
    cv_score = (registry.describe(model_package_arn) or {}).get("CustomerMetadataProperties", {}).get(CV_SCORE)
    remarks = read_remarks(storage, plan)
    verdict, reason = gate(plan["experiment"], holdout, remarks, float(cv_score) if cv_score else None)
    if verdict == "Rejected":
        return f"the quality gate of run {plan['run']} rejected {model_package_arn}: {reason}"
    return f"run {plan['run']} approves its model itself" if verdict == "Approved" else None


def _not_waiting(stepfunctions: SFNClient, storage: Storage, run: str, execution_arn: str) -> str | None:
    """Return why a run does not wait for approval, or None."""
    if (approval := find_approval(storage, execution_arn)) is not None:
        summary = storage.read_json(places.run_key(run, places.SUMMARY)) or {}
        ended = summary.get("execution_arn") == approval["execution_arn"]
        outcome = f", and its outcome is: {summary['outcome']}" if ended else ""
        return f"run {run} has gone on once{outcome}; upload the dataset for a new run"
    status = _status(stepfunctions, execution_arn)
    if status == "RUNNING":
        raise RunNotEndedError(f"run {run} has not ended yet; approve its model again when it has")
    return None if status in (None, "SUCCEEDED") else f"run {run} ended {status}"


def _status(stepfunctions: SFNClient, execution_arn: str) -> str | None:
    """Return an execution's status, or None: Step Functions knows executions for 90 days."""
    try:
        return stepfunctions.describe_execution(executionArn=execution_arn)["status"]
    except stepfunctions.exceptions.ExecutionDoesNotExist:
        return None
