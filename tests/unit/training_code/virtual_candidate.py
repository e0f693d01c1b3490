"""A candidate's fan-out on a virtual clock, with folds that take and score what a test wants."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from virtual.account import VirtualAccount
from virtual.assumptions import Assumptions, Rate, Start
from virtual.fates import Fate
from virtual.processes import VirtualProcesses
from warmfold_jobs.fan_out.candidate import cross_validate
from warmfold_jobs.fan_out.loop import Outcome
from warmfold_run.records import FoldResult

BEGIN = 1000.0
"""What the clock shows at first: a monotonic clock does not begin at 0."""
NO_LIMIT = Rate(1e9, 1e9)
AT_ONCE = Start(0.0, 0.0)
ASSUMPTIONS = Assumptions(
    cold=AT_ONCE, warm=AT_ONCE, creates=NO_LIMIT, lists=NO_LIMIT, describes=NO_LIMIT, stop_seconds=0.0
)
FOLDER = "runs/r/candidates/"
EXPECTED = [0.8 + fold / 100 for fold in range(5)]
CANDIDATE = "wf-churn-0123abcd-007-0a1b2c3d"
ROLE = "arn:aws:iam::123456789012:role/fold"


def channel(name: str, uri: str) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}


def plan(folds: int, placement: str = "warm-pool", abandon: str = "off") -> dict[str, Any]:
    """The keys of plan.json that a candidate reads."""
    return {
        "experiment": {
            "search": {
                "hyperparameters": {"learning_rate": {"min": 0.1, "max": 1}, "max_iter": {"value": 20}},
                "max_candidates": 20,
                "max_parallel_candidates": 2,
                "abandon": abandon,
            },
            "compute": {"fold_placement": placement, "keep_alive_seconds": "auto"},
        },
        "locations": {"candidates": "s3://bucket/runs/r/candidates/", "leaderboard": "s3://bucket/runs/r/leaderboard/"},
        "folds": folds,
        "abandoning": {"used": abandon != "off", "note": None},
        "fold_retries": 1,
        "quota_patience_seconds": 600,
        "requests": {
            "fold": {
                "RoleArn": ROLE,
                "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
                "HyperParameters": {"sagemaker_program": "training.py", "max_iter": "20"},
                "InputDataConfig": [channel("parts", "s3://bucket/runs/r/parts/")],
                "OutputDataConfig": {"S3OutputPath": "s3://bucket/runs/r/fold-output/"},
                "ResourceConfig": {
                    "InstanceType": "ml.m5.xlarge",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 30,
                    "KeepAlivePeriodInSeconds": 600,
                },
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            }
        },
    }


@dataclass(frozen=True)
class Trains:
    """A fold that scores, as a job or in the candidate; `start` is what passes before its job trains."""

    seconds: float = 60.0
    start: float = 0.0
    tail: float = 8.0


class Candidate:
    """One candidate's fan-out in a world of its own; `fates` by the end of a job's name, `f2` or `f2_r1`."""

    def __init__(self, folds: int = 5, placement: str = "warm-pool", lanes: int = 1, **fates: Trains | Fate) -> None:
        self.fates = {name.replace("_", "-"): fate for name, fate in fates.items()}
        self.fold_scores: dict[int, float] = {}
        """Scores of folds, where they are not 0.80, 0.81, ..."""
        account = VirtualAccount(FOLDER, self._fate, ASSUMPTIONS, start=BEGIN)
        self.clock, self.s3, self.sagemaker = account.clock, account.s3, account.sagemaker
        self.here = VirtualProcesses(self.clock, lanes, self._result)
        self.log: list[str] = []
        self.plan = plan(folds, placement)
        self.name = CANDIDATE

    def run(self) -> list[float]:
        """The validation scores, as the candidate's records have them."""
        self.outcome = self.cross_validate()
        assert self.here.stopped
        return self.scores

    def cross_validate(self) -> Outcome:
        """What the candidate reports."""
        return cross_validate(
            self.plan,
            self.name,
            {"learning_rate": "0.3"},
            sagemaker=self.sagemaker,
            s3=self.s3,
            clock=self.clock,
            generator=random.Random(1),
            here=self.here,
            log=self.log.append,
        )

    @property
    def scores(self) -> list[float]:
        folds = range(self.plan["folds"])
        keys = [f"{FOLDER}{self.name}/fold-{fold}.json" for fold in folds]
        return [self.s3.json(key)["validation_score"] for key in keys if self.s3.keys(key)]

    @property
    def seconds(self) -> float:
        return self.clock.now() - BEGIN

    @property
    def created(self) -> list[str]:
        """The ends of the names of the jobs that were created, in order."""
        return [name.removeprefix(f"{self.name}-") for name in self.sagemaker.jobs]

    @property
    def stopped(self) -> list[str]:
        """The ends of the names of the jobs that were told to stop."""
        return sorted(name.removeprefix(f"{self.name}-") for name in self.sagemaker.stopped)

    def created_at(self, end: str) -> float:
        """How long after the beginning a job was created."""
        return self.sagemaker.jobs[f"{self.name}-{end}"].created - BEGIN

    def calls(self, operation: str) -> int:
        """How many calls of an operation there were, refused ones too."""
        return self.sagemaker.calls.by_operation[operation]

    def refuse(self, operation: str, *errors: Exception) -> None:
        """Have the next calls of an operation refused."""
        client = self.s3 if operation in ("ListObjectsV2", "GetObject") else self.sagemaker
        client.calls.refusals[operation].extend(errors)

    def no_instance_for(self, seconds: float) -> None:
        """Have no instance for fold jobs for so long."""
        self.sagemaker.quota.instances = 0
        self.clock.at(BEGIN + seconds, lambda: setattr(self.sagemaker.quota, "instances", float("inf")))

    def put_score(self, fold: int, score: float) -> None:
        """A score that an earlier try of the candidate left."""
        self.s3.place(f"{FOLDER}{self.name}/fold-{fold}.json", json.dumps(result(score, 60.0)).encode())

    def record(self, name: str) -> dict[str, Any]:
        """The object whose key ends so."""
        (key,) = [key for key in self.s3.keys("runs/") if key.endswith(name)]
        return self.s3.json(key)

    def _fate(self, job: str) -> Fate:
        end = job.rpartition("-f")[2]
        fate = self.fates.get(f"f{end}", Trains())
        if isinstance(fate, Fate):
            return fate
        return Fate(fate.seconds, self._result(int(end[0])), start=Start(fate.start, 0.0), tail=fate.tail)

    def _result(self, fold: int) -> FoldResult:
        """What becomes of a fold that scores."""
        fate = self.fates.get(f"f{fold}")
        score = self.fold_scores.get(fold, 0.8 + fold / 100)
        return result(score, fate.seconds if isinstance(fate, Trains) else 60.0)


def result(score: float, seconds: float) -> FoldResult:
    """What training code makes of a fold."""
    return {
        "train_score": score + 0.05,
        "validation_score": score,
        "fit_seconds": seconds,
        "seconds": seconds,
        "cpu_seconds": seconds,
        "rows": {"train": 80, "validation": 20},
    }
