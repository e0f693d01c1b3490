"""One execution per object version, however often the event comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

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
    return start_execution(stepfunctions, state_machine_arn, name, given)


def start_execution(
    stepfunctions: SFNClient, state_machine_arn: str, name: str, given: dict[str, Any]
) -> dict[str, str]:
    """Start an execution of that name; returns `execution_arn`, or `ignored` where there has been one."""
    try:
        started = stepfunctions.start_execution(stateMachineArn=state_machine_arn, name=name, input=json.dumps(given))
    except stepfunctions.exceptions.ExecutionAlreadyExists:
        return {"ignored": f"{name} has already run"}
    return {"execution_arn": started["executionArn"]}
