"""One execution per object version, however often the event comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline import names

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


def start_run(
    stepfunctions: SFNClient, state_machine_arn: str, *, bucket: str, key: str, version: str | None, content: str
) -> dict[str, str]:
    """Start the run of a dataset's version; returns `execution_arn`, or `ignored` and why.

    `content` tells one upload from the next where the bucket keeps no versions. A folder whose name is no dataset's
    starts a run too: Plan Run refuses it where the uploader can see it.
    """
    dataset = names.dataset_of(key)
    if dataset is None:
        return {"ignored": f"{key} is not datasets/<dataset>/data.csv"}
    name = names.execution_name(bucket, key, version or content)
    try:
        started = stepfunctions.start_execution(
            stateMachineArn=state_machine_arn,
            name=name,
            input=json.dumps({"dataset": dataset, "data_version": version or "null"}),
        )
    except stepfunctions.exceptions.ExecutionAlreadyExists:
        return {"ignored": f"{name} has already run"}
    return {"execution_arn": started["executionArn"]}
