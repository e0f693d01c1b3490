"""What S3, SageMaker and Step Functions know of a run that has ended, whatever there is of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.aws.jobs import Jobs
from pipeline.aws.plan_file import find_plan, read_profile
from pipeline.aws.registry import Package, Registry
from pipeline.aws.storage import Storage
from pipeline.errors import PlanError
from pipeline.results.best_candidate import defaults_candidate, ranked_candidates
from pipeline.results.holdout import read_metrics
from warmfold_run import names, places
from warmfold_run.diagnostics import Diagnostics
from warmfold_run.plan import Plan
from warmfold_run.records import Abandoned, FinalMetrics, FoldScore, Missed, Placement, Profile

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

READERS = 16
"""Fold scores that are read at once; S3's client has a few connections more."""
MOST_DESCRIBED = 300
"""Fold jobs whose billed seconds are worth asking for: no list has them, and Describe is shared by the account."""
SECONDS_PER_DESCRIBE = 0.05
_NOTES = (places.PLACEMENT, places.ABANDONED, places.MISSED)


@dataclass(frozen=True)
class Facts:
    """A run's own words; everything but the run is missing when Plan Run refused the data, or another version made it.

    `started_at` is the start of the execution that ended; where it went on after an approval, `seconds_before` is how
    long the run took until then. `candidates` are summaries in order of creation and `ranked` their names by score;
    `fold_results` is the JSON that folds wrote, by candidate and fold; `placements`, `abandoned` and `missed` are what
    candidates wrote of themselves; `training_jobs` are the summaries of all the run's training jobs, `fold_jobs` the
    fold jobs among them by name and `folds` their descriptions, or None when there are too many to ask for.
    """

    run: str
    tuning_job: str = ""
    dataset: str | None = None
    started_at: datetime | None = None
    seconds_before: float = 0
    plan: Plan | None = None
    unread: str | None = None
    """Why a plan that is there is not read."""
    profile: Profile | None = None
    processing: dict[str, Any] | None = None
    tuning: dict[str, Any] | None = None
    candidates: list[dict[str, Any]] = field(default_factory=list)
    ranked: list[str] = field(default_factory=list)
    fold_results: dict[str, dict[int, FoldScore]] = field(default_factory=dict)
    placements: dict[str, Placement] = field(default_factory=dict)
    abandoned: dict[str, Abandoned] = field(default_factory=dict)
    missed: dict[str, Missed] = field(default_factory=dict)
    training_jobs: list[dict[str, Any]] = field(default_factory=list)
    fold_jobs: dict[str, names.FoldJob] = field(default_factory=dict)
    folds: list[dict[str, Any]] | None = field(default_factory=list)
    final: dict[str, Any] | None = None
    metrics: FinalMetrics | None = None
    diagnostics: Diagnostics | None = None
    package: Package | None = None
    transform: dict[str, Any] | None = None
    has_predictions: bool = False


@dataclass(frozen=True)
class FactFinder:
    """Gathers facts; the adapters and the pause between two Describe calls are injected."""

    jobs: Jobs
    registry: Registry
    storage: Storage
    stepfunctions: SFNClient
    sleep: Callable[[float], None] = time.sleep

    def find(self, execution_arn: str) -> Facts:
        """Return what there is of an execution's run; without a plan no job was ever created, or none that is known."""
        run = names.run_id(execution_arn)
        dataset, started_at = self._execution(execution_arn)
        try:
            plan = find_plan(self.storage, execution_arn)
        except PlanError as error:
            return Facts(run=run, dataset=dataset, started_at=started_at, unread=str(error))
        if plan is None:
            return Facts(run=run, dataset=dataset, started_at=started_at)
        prefix = plan["prefix"]
        tuning_job = names.tuning_job(prefix, run)
        training_jobs = self.jobs.training_jobs(names.training_jobs(prefix, run))
        defaults = defaults_candidate(self.jobs, self.storage, plan, tuning_job)
        written = self._written_by_candidates(plan)
        parsed = {job["TrainingJobName"]: names.parse_fold_job(job["TrainingJobName"]) for job in training_jobs}
        fold_jobs = {name: fold for name, fold in parsed.items() if fold is not None}
        return Facts(
            run=run,
            tuning_job=tuning_job,
            dataset=plan["dataset"],
            started_at=started_at,
            seconds_before=self._seconds_before(execution_arn),
            plan=plan,
            profile=read_profile(self.storage, plan),
            processing=self.jobs.describe("processing", names.processing_job(prefix, run)),
            tuning=self.jobs.describe("tuning", tuning_job),
            candidates=[*([defaults] if defaults else []), *self.jobs.candidates(tuning_job)],
            ranked=[one["TrainingJobName"] for one in ranked_candidates(self.jobs, tuning_job, defaults)],
            fold_results=_fold_results(written),
            placements=_notes(written, places.PLACEMENT),
            abandoned=_notes(written, places.ABANDONED),
            missed=_notes(written, places.MISSED),
            training_jobs=training_jobs,
            fold_jobs=fold_jobs,
            folds=self._folds(fold_jobs),
            final=self.jobs.describe("training", names.final_job(prefix, run)),
            metrics=read_metrics(self.storage, plan),
            diagnostics=self.storage.read_json(places.key_of(plan["locations"]["model"] + places.DIAGNOSTICS)),
            package=self.registry.package_of_run(names.model_package_group(prefix, plan["dataset"]), run),
            transform=self.jobs.describe("transform", names.transform_job(prefix, run)),
            has_predictions=any(True for _ in self.storage.keys(places.key_of(plan["locations"]["predictions"]))),
        )

    def _execution(self, arn: str) -> tuple[str | None, datetime | None]:
        """Return the dataset that an execution asked for, as far as it said, and when it started."""
        try:
            found = self.stepfunctions.describe_execution(executionArn=arn)
        except self.stepfunctions.exceptions.ExecutionDoesNotExist:
            return None, None
        asked = json.loads(found.get("input", "{}"))
        dataset = asked.get("dataset") if isinstance(asked, dict) else None
        return dataset if isinstance(dataset, str) else None, found["startDate"]

    def _seconds_before(self, arn: str) -> float:
        """Return how long the execution took that an execution goes on with; Step Functions forgets after 90 days."""
        first = names.first_execution(arn)
        if first == arn:
            return 0
        try:
            found = self.stepfunctions.describe_execution(executionArn=first)
        except self.stepfunctions.exceptions.ExecutionDoesNotExist:
            return 0
        return (found["stopDate"] - found["startDate"]).total_seconds() if "stopDate" in found else 0

    def _written_by_candidates(self, plan: Plan) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the JSON that candidates and their folds wrote, by candidate and file name."""
        folder = places.key_of(plan["locations"]["candidates"])
        files: list[tuple[str, str]] = []
        for key in self.storage.keys(folder):
            candidate, _, file = key.removeprefix(folder).partition("/")
            if file in _NOTES or places.fold_of(file) is not None:
                files.append((candidate, file))
        with ThreadPoolExecutor(READERS) as readers:
            read = list(readers.map(lambda file: self.storage.read_json(folder + "/".join(file)), files))
        return {file: found for file, found in zip(files, read, strict=True) if found is not None}

    def _folds(self, folds: Collection[str]) -> list[dict[str, Any]] | None:
        if len(folds) > MOST_DESCRIBED:
            return None
        described = []
        for name in folds:
            job = self.jobs.describe("training", name)
            if job is not None:
                described.append(job)
            self.sleep(SECONDS_PER_DESCRIBE)
        return described


def _fold_results(written: dict[tuple[str, str], Any]) -> dict[str, dict[int, FoldScore]]:
    results: dict[str, dict[int, FoldScore]] = {}
    for (candidate, file), found in written.items():
        if (fold := places.fold_of(file)) is not None:
            results.setdefault(candidate, {})[fold] = found
    return results


def _notes(written: dict[tuple[str, str], Any], name: str) -> dict[str, Any]:
    return {candidate: found for (candidate, file), found in written.items() if file == name}
