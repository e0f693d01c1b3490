"""The Tune state of a whole run on breast cancer, and its data and candidates for the plain loop."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sklearn.datasets import load_breast_cancer

from benchmarks.local_cloud.clouds import Started
from warmfold.stack import Stack, open_stack
from warmfold_run import places
from warmfold_run.names import clean_up_machine, run_id

POLL_SECONDS = 0.25
PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class Tuned:
    """A finished Tune state: its seconds by the tuning job's own times, and what its candidates were."""

    stack: Stack
    execution_arn: str
    plan: dict[str, Any]
    seconds: float
    cpu_seconds: float
    """Of the whole local cloud, jobs and all."""
    candidates: list[dict[str, Any]]
    """In order of creation: `{"hyperparameters", "folds"}`, the folds that were trained."""
    cold_starts: int
    """How many fold jobs did not reuse another's instance."""

    @property
    def folds(self) -> int:
        """How many folds were trained."""
        return sum(len(candidate["folds"]) for candidate in self.candidates)


def tune(started: Started, folder: Path, placement: str, candidates: int) -> Tuned:
    """Run the pipeline up to the end of its Tune state and fetch the run's parts, profile and plan into `folder`."""
    stack = open_stack(session=started.cloud.session())
    data, experiment = folder / "data.csv", folder / "experiment.yaml"
    _write_breast_cancer(data)
    asked = {"search": {"max_candidates": candidates}, "compute": {"fold_placement": placement}}
    experiment.write_text(yaml.safe_dump(asked))
    execution_arn = stack.wait_for_execution("benchmark", stack.upload("benchmark", data, experiment, None))
    place = places.run_folder(run_id(execution_arn))

    def tuning_jobs(**wanted: str) -> Any:
        execution = stack.stepfunctions.describe_execution(executionArn=execution_arn)
        if execution["status"] != "RUNNING":
            raise RuntimeError(f"the run ended before its Tune state did: {execution.get('cause')}")
        sagemaker: Any = stack.sagemaker
        return sagemaker.list_hyper_parameter_tuning_jobs(**wanted)["HyperParameterTuningJobSummaries"]

    until(tuning_jobs)
    cpu_before = started.cpu_seconds()
    (job,) = until(lambda: tuning_jobs(StatusEquals="Completed"))
    cpu_seconds = started.cpu_seconds() - cpu_before
    for part in (f"{places.PARTS}/", f"{places.CANDIDATES}/"):
        stack.download(place + part, folder / part)
    for name in (places.PLAN, places.PROFILE):
        stack.s3.download_file(stack.bucket, place + name, str(folder / name))
    plan = json.loads((folder / places.PLAN).read_text("utf-8"))
    seconds = (job["HyperParameterTuningEndTime"] - job["CreationTime"]).total_seconds()
    candidates_made = _candidates(stack, job["HyperParameterTuningJobName"], folder)
    cold = _cold_starts(stack, job["HyperParameterTuningJobName"])
    return Tuned(stack, execution_arn, plan, seconds, cpu_seconds, candidates_made, cold)


def stop(tuned: Tuned) -> None:
    """Abort the run and wait until its clean-up has ended."""
    stack = tuned.stack
    stack.stepfunctions.stop_execution(executionArn=tuned.execution_arn)
    machine = clean_up_machine(stack.state_machine_arn)

    def cleaned() -> bool:
        executions = stack.stepfunctions.list_executions(stateMachineArn=machine)["executions"]
        return bool(executions) and all(execution["status"] != "RUNNING" for execution in executions)

    until(cleaned)


def until(condition: Callable[[], Any], pause: float = POLL_SECONDS) -> Any:
    """Wait until a condition gives something true, and give it; raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(pause)
    raise TimeoutError(f"what the benchmark waited for did not come about in {PATIENCE_SECONDS} s")


def _candidates(stack: Stack, tuning_job: str, folder: Path) -> list[dict[str, Any]]:
    pages = stack.sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=tuning_job
    )
    found = []
    for name in sorted(job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]):
        described = stack.sagemaker.describe_training_job(TrainingJobName=name)
        files = (path.name for path in (folder / places.CANDIDATES / name).glob("*"))
        folds = sorted(fold for file in files if (fold := places.fold_of(file)) is not None)
        if folds:
            found.append({"hyperparameters": described["HyperParameters"], "folds": folds})
    return found


def _cold_starts(stack: Stack, tuning_job: str) -> int:
    pages = stack.sagemaker.get_paginator("list_training_jobs").paginate(NameContains=tuning_job)
    jobs = [job for page in pages for job in page["TrainingJobSummaries"]]
    reused = [job for job in jobs if "ReusedByJob" in job.get("WarmPoolStatus", {})]
    return sum("WarmPoolStatus" in job for job in jobs) - len(reused)


def _write_breast_cancer(path: Path) -> None:
    """Write the Wisconsin breast cancer data (569 rows, 30 measurements, target `diagnosis`) as CSV."""
    bunch = load_breast_cancer(as_frame=True)
    frame = bunch.data.assign(diagnosis=[str(bunch.target_names[value]) for value in bunch.target])
    frame.to_csv(path, index=False)
