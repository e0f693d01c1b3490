"""Whole runs on the local cloud, started as users start them and looked at from outside."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich.console import Console
from sklearn.datasets import load_breast_cancer

from tests.patience import PATIENCE
from tests.states import states_of
from tests.waiting import until
from warmfold.follow import follow
from warmfold.progress import Progress
from warmfold.stack import Stack

TERMINAL = ("Completed", "Failed", "Stopped")


def breast_cancer(rows: int = 569) -> pd.DataFrame:
    bunch = load_breast_cancer(as_frame=True)
    return bunch.data.assign(diagnosis=[str(bunch.target_names[v]) for v in bunch.target]).head(rows)


def as_csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def upload(stack: Stack, dataset: str, data: bytes, **others: str | bytes) -> str:
    """Upload with a plain S3 client, data.csv last, and give the execution that EventBridge started."""
    for name, body in others.items():
        suffix = {"experiment": "experiment.yaml", "predict": "predict.csv"}[name]
        stack.s3.put_object(Bucket=stack.bucket, Key=f"datasets/{dataset}/{suffix}", Body=body)
    version = stack.s3.put_object(Bucket=stack.bucket, Key=f"datasets/{dataset}/data.csv", Body=data)["VersionId"]
    return stack.wait_for_execution(dataset, version, timeout=PATIENCE)


def to_the_end(stack: Stack, execution_arn: str) -> tuple[Progress, dict[str, Any] | None]:
    """Follow a run to its verdict; gives its progress and its summary.json."""
    progress = follow(stack, execution_arn, Console(file=io.StringIO()))
    uri = (progress.output or {}).get("summary_uri")
    return progress, stack.read_json(uri) if uri else None


def succeeded(stack: Stack, dataset: str, frame: pd.DataFrame, **others: str | bytes) -> dict[str, Any]:
    """Run a dataset to its end, which must be a good one, and give the summary."""
    return summary_of(stack, upload(stack, dataset, as_csv(frame), **others))


def summary_of(stack: Stack, execution_arn: str) -> dict[str, Any]:
    """Follow a run to its end, which must be a good one, and give the summary."""
    progress, summary = to_the_end(stack, execution_arn)
    assert progress.status == "SUCCEEDED", (progress.current_state, progress.error, progress.cause)
    assert summary is not None
    return summary


@contextmanager
def nothing_tried_twice(stack: Stack) -> Iterator[None]:
    """The stack's machines without what they retry: a refusal for good is tried for minutes, as on AWS."""
    client, before = stack.stepfunctions, dict[str, str]()
    for machine in client.list_state_machines()["stateMachines"]:
        if not machine["name"].startswith(f"{stack.name}-"):
            continue
        arn = machine["stateMachineArn"]
        before[arn] = client.describe_state_machine(stateMachineArn=arn)["definition"]
        definition = json.loads(before[arn])
        for state in states_of(definition).values():
            state.pop("Retry", None)
        client.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    assert before
    try:
        yield
    finally:
        for arn, text in before.items():
            client.update_state_machine(stateMachineArn=arn, definition=text)


def approve(stack: Stack, execution_arn: str, model_package: str) -> str:
    """Approve the model that a run registered, and give the execution that goes on with the run."""
    stack.sagemaker.update_model_package(ModelPackageArn=model_package, ModelApprovalStatus="Approved")
    until(lambda: stack.find_execution(execution_arn) != execution_arn)
    return stack.find_execution(execution_arn)


def keys(stack: Stack, prefix: str) -> list[str]:
    """The keys below a prefix, in order."""
    pages = stack.s3.get_paginator("list_objects_v2").paginate(Bucket=stack.bucket, Prefix=prefix)
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))


def read(stack: Stack, key: str) -> bytes:
    return bytes(stack.s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read())


def read_frames(stack: Stack, prefix: str) -> pd.DataFrame:
    """The CSV files below a prefix as one table."""
    bodies = [read(stack, key) for key in keys(stack, prefix)]
    return pd.concat([pd.read_csv(io.BytesIO(b), float_precision="round_trip") for b in bodies], ignore_index=True)


def read_typed(stack: Stack, prefix: str, target: str, classes: list[str]) -> pd.DataFrame:
    """The files of typed rows below a prefix as one table, classes by their names."""
    bodies = [read(stack, key) for key in keys(stack, prefix)]
    table = pd.concat([pd.read_parquet(io.BytesIO(body)) for body in bodies], ignore_index=True)
    return table.assign(**{target: [classes[code] for code in table[target]]})


def training_jobs(stack: Stack, run: str) -> list[dict[str, Any]]:
    """What Describe says of every training job with the run in its name."""
    pages = stack.sagemaker.get_paginator("list_training_jobs").paginate(NameContains=run)
    names = [j["TrainingJobName"] for page in pages for j in page["TrainingJobSummaries"]]
    return [dict(stack.sagemaker.describe_training_job(TrainingJobName=n)) for n in names]


def fold_starts(jobs: list[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """The fold jobs that started cold and warm, by AWS's own word: a pool says which job reused it."""
    reused_by = {job["WarmPoolStatus"].get("ReusedByJob") for job in jobs if "WarmPoolStatus" in job}
    folds = {job["TrainingJobName"] for job in jobs if "-f" in job["TrainingJobName"][-6:] and is_fold(job)}
    return folds - reused_by, folds & reused_by


def is_fold(job: dict[str, Any]) -> bool:
    return bool(job["HyperParameters"]["sagemaker_program"] == "training.py" and not is_final(job))


def is_final(job: dict[str, Any]) -> bool:
    return bool(job["TrainingJobName"].endswith("-final"))


def assert_nothing_is_left(stack: Stack, run: str) -> None:
    """No job of the run is other than terminal, and no pool of its is Available."""
    for job in training_jobs(stack, run):
        assert job["TrainingJobStatus"] in TERMINAL, job["TrainingJobName"]
        assert job.get("WarmPoolStatus", {}).get("Status") not in ("Available", "InUse"), job["TrainingJobName"]
    client = stack.sagemaker
    for pages, field, status in (
        (client.get_paginator("list_processing_jobs"), "ProcessingJobSummaries", "ProcessingJobStatus"),
        (client.get_paginator("list_transform_jobs"), "TransformJobSummaries", "TransformJobStatus"),
        (
            client.get_paginator("list_hyper_parameter_tuning_jobs"),
            "HyperParameterTuningJobSummaries",
            "HyperParameterTuningJobStatus",
        ),
    ):
        for page in pages.paginate(NameContains=run):
            assert {job[status] for job in page[field]} <= set(TERMINAL)


def clean_up_ended(stack: Stack, execution_arn: str) -> dict[str, Any]:
    """Wait for the end of the clean-up that a run's end started; gives its description."""
    machine = stack.state_machine_arn.removesuffix("tuning") + "clean-up"

    def ended() -> dict[str, Any] | None:
        for execution in stack.stepfunctions.list_executions(stateMachineArn=machine)["executions"]:
            found = dict(stack.stepfunctions.describe_execution(executionArn=execution["executionArn"]))
            if execution_arn in found["input"] and found["status"] != "RUNNING":
                return found
        return None

    return dict(until(ended))
