"""One execution per object version, and one per approval, however often the events come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.aws.plan_file import read_plan, read_remarks
from pipeline.aws.registry import Registry
from pipeline.aws.storage import Storage
from pipeline.errors import RunNotEndedError
from pipeline.results.gate import gate
from pipeline.results.holdout import read_holdout
from pipeline.results.registration import CV_SCORE
from warmfold_run import names, places

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


def start_run(
    stepfunctions: SFNClient, state_machine_arn: str, *, bucket: str, key: str, version: str | None, content: str
) -> dict[str, str]:
    """Start the run of a dataset's version; returns `execution_arn`, or `ignored` and why.

    `content` tells one upload from the next where the bucket keeps no versions. A folder whose name is no dataset's
    starts a run too: Plan Run refuses it where the uploader can see it.
    """
    dataset = places.dataset_of(key)
    if dataset is None:
        starting = " or ".join(places.data_key("<dataset>", name) for name in places.STARTING)
        return {"ignored": f"{key} is not {starting}"}  # one of a dataset's other files
    name = names.execution_name(bucket, dataset, version or content)
    data = key.removeprefix(places.dataset_folder(dataset))
    given = {"dataset": dataset, "data": data, "data_version": version or "null"}
    return _start(stepfunctions, state_machine_arn, name, given)


def resume_run(
    stepfunctions: SFNClient, state_machine_arn: str, registry: Registry, storage: Storage, model_package_arn: str
) -> dict[str, str]:
    """Go on, once, with a run whose model was approved by hand; returns `execution_arn`, or `ignored` and why.

    Raises
    ------
    RunNotEndedError
        The run has registered its model just now.
    PlanError
        Another version of the stack has planned the run.
    """
    package = registry.describe(model_package_arn)
    metadata = (package or {}).get("CustomerMetadataProperties", {})
    run = metadata.get("run")
    if package is None or run is None:
        return {"ignored": f"{model_package_arn} is not a model package that a run registered"}
    status = package.get("ModelApprovalStatus")
    if status != "Approved":
        return {"ignored": f"{model_package_arn} is {status} by now"}
    plan = read_plan(storage, storage.uri(places.run_key(run, places.PLAN)))
    if (holdout := read_holdout(storage, plan)) is not None:
        remarks, cv_score = read_remarks(storage, plan), metadata.get(CV_SCORE)
        verdict, reason = gate(plan["experiment"], holdout, remarks, float(cv_score) if cv_score else None)
        if verdict == "Rejected":
            return {"ignored": f"the quality gate of run {run} rejected {model_package_arn}: {reason}"}
        if verdict == "Approved":
            return {"ignored": f"run {run} approves its model itself"}
    if why := _not_waiting(stepfunctions, storage, run, plan["execution_arn"]):
        return {"ignored": why}
    name = names.approved_execution(plan["execution_arn"]).rsplit(":", 1)[-1]
    return _start(stepfunctions, state_machine_arn, name, {"dataset": plan["dataset"], "approved": model_package_arn})


def _not_waiting(stepfunctions: SFNClient, storage: Storage, run: str, execution_arn: str) -> str | None:
    """Return why a run does not wait for approval, or None; Step Functions knows its executions for 90 days."""
    summary = storage.read_json(places.run_key(run, places.SUMMARY)) or {}
    if summary.get("execution_arn") == names.approved_execution(execution_arn):
        return f"run {run} has gone on once, and its outcome is: {summary['outcome']}; upload the dataset for a new run"
    try:
        status = stepfunctions.describe_execution(executionArn=execution_arn)["status"]
    except stepfunctions.exceptions.ExecutionDoesNotExist:
        return None
    if status == "RUNNING":
        raise RunNotEndedError(f"run {run} has not ended yet; approve its model again when it has")
    return None if status == "SUCCEEDED" else f"run {run} ended {status}"


def _start(stepfunctions: SFNClient, state_machine_arn: str, name: str, given: dict[str, Any]) -> dict[str, str]:
    try:
        started = stepfunctions.start_execution(stateMachineArn=state_machine_arn, name=name, input=json.dumps(given))
    except stepfunctions.exceptions.ExecutionAlreadyExists:
        return {"ignored": f"{name} has already run"}
    return {"execution_arn": started["executionArn"]}
