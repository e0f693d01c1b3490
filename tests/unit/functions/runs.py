"""A planned run for the later functions: plan.json and fold scores in S3, as plan_run and the jobs leave them."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID

from pipeline.aws.environment import PlanEnvironment
from pipeline.aws.storage import Storage
from pipeline.planning.planner import Planner
from tests.unit.functions.conftest import BUCKET
from tests.unit.functions.fake_sagemaker import START, FakeSageMaker, arn
from warmfold_run import names

ARN = f"arn:aws:states:us-east-1:{DEFAULT_ACCOUNT_ID}:execution:wf-tuning:churn-0123456789abcdef"
BASELINE = {"score": 0.5, "interval": [0.5, 0.5], "gain": 0.35, "gain_interval": [0.31, 0.39]}
BASELINES = {
    "dummy": BASELINE | {"model": "DummyClassifier", "said": "The model gained +0.350 ROC AUC (0.31 to 0.39)"},
    "defaults": BASELINE | {"model": "defaults", "said": "Tuning gained +0.350 ROC AUC (0.31 to 0.39)"},
}
PACKAGE = arn("model-package", "wf-churn/1")
NO_GATE = "experiment.yaml sets no quality_gate.min_score"
ROWS = "".join(f"{i}.5,{i % 7},{'yes' if i % 3 else 'no'}\n" for i in range(120))


class Run:
    """A run that has been planned, for 3 folds."""

    def __init__(self, s3: Any, sagemaker: FakeSageMaker, folder: Path, experiment: str = "") -> None:
        self._s3, self._sagemaker = s3, sagemaker
        self.execution_arn = ARN
        (folder / "training.py").touch()
        environment = PlanEnvironment.read(os.environ | {"TRAINING_CODE_DIR": str(folder)})
        text = "cross_validation: {n_splits: 3}\n" + experiment
        s3.put_object(Bucket=BUCKET, Key="datasets/churn/experiment.yaml", Body=text)
        s3.put_object(Bucket=BUCKET, Key="datasets/churn/data.csv", Body=f"x,y,target\n{ROWS}".encode())
        planner = Planner(Storage(s3, BUCKET), environment, lambda: START, lambda _: None)
        planned = planner.plan_run(ARN, {"dataset": "churn"})
        self.plan_uri: str = planned["plan_uri"]
        self.id: str = planned["run"]
        self.tuning_job = names.tuning_job("wf", self.id)
        self.final_job = names.final_job("wf", self.id)
        sagemaker.others["HyperParameterTuning"][self.tuning_job] = "Completed"

    @property
    def best(self) -> dict[str, Any]:
        """What find_best_candidate hands on."""
        return {
            "candidate": self.candidate_name(1),
            "score": 0.8,
            "scores": [0.7, 0.8, 0.9],
            "hyperparameters": {"learning_rate": "0.1"},
        }

    def candidate_name(self, number: int) -> str:
        """The name of the n-th candidate."""
        return f"{self.tuning_job}-{number:03}-{number:08x}"

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Write JSON below the run's folder."""
        self._s3.put_object(Bucket=BUCKET, Key=f"runs/{self.id}/{name}", Body=json.dumps(value))

    def read(self, name: str) -> bytes:
        """Read below the run's folder."""
        return bytes(self._s3.get_object(Bucket=BUCKET, Key=f"runs/{self.id}/{name}")["Body"].read())

    def candidate(
        self,
        number: int,
        scores: list[float],
        *,
        objective: float | None = None,
        status: str = "Completed",
        tuned: dict[str, str] | None = None,
        here: Collection[int] = (),
        fold_seconds: float = 20.0,
        **more: Any,
    ) -> str:
        """Add a candidate with some fold scores, the mean of which is its objective unless told.

        Those folds that are `here` it trained itself.
        """
        name = self.candidate_name(number)
        for fold, score in enumerate(scores):
            job = name if fold in here else f"{name}-f{fold}"
            body = {"candidate": name, "fold": fold, "job": job, "validation_score": score, "seconds": fold_seconds}
            self.write(f"candidates/{name}/fold-{fold}.json", body)
        tuned = tuned or {"learning_rate": f"0.{number}"}
        given = {"sagemaker_program": "x.py", "_tuning_objective_metric": "validation:score", "max_iter": "20", **tuned}
        score = objective if objective is not None else (fmean(scores) if scores else None)
        self._sagemaker.add_candidate(name, status, score, TunedHyperParameters=tuned, HyperParameters=given, **more)
        return name

    def defaults(self, scores: list[float], status: str = "Completed", **more: Any) -> str:
        """Add the candidate that has the default hyperparameters, which is no tuning job's."""
        name = names.defaults_job(self.tuning_job)
        for fold, score in enumerate(scores):
            body = {"candidate": name, "fold": fold, "job": name, "validation_score": score, "seconds": 20.0}
            self.write(f"candidates/{name}/fold-{fold}.json", body)
        given = {"sagemaker_program": "cross_validation.py", "max_iter": "20"}
        self._sagemaker.add_training(name, status, HyperParameters=given, **more)
        return name

    def abandoned(self, number: int, scores: list[float], estimate: float, stopped: list[int], **more: Any) -> str:
        """Add a candidate that was given up after some folds, and reported an estimate."""
        name = self.candidate(number, scores, objective=estimate, **more)
        told = {"candidate": name, "incumbent": self.candidate_name(1), "estimate": estimate, "stopped": stopped}
        told |= {"scores": {str(fold): score for fold, score in enumerate(scores)}, "reason": "it can't win"}
        self.write(f"candidates/{name}/abandoned.json", told)
        return name

    def placed(self, number: int, choice: str, reason: str) -> None:
        """Write where a candidate had its folds trained, and why."""
        name = self.candidate_name(number)
        told = {"candidate": name, "choice": choice, "here": [], "jobs": [], "reason": reason}
        self.write(f"candidates/{name}/placement.json", told)

    def fold(
        self,
        number: int,
        fold: int,
        created: float,
        *,
        start: float = 180.0,
        ran: float = 20.0,
        pool: dict[str, Any] | None = None,
        keep: int = 600,
        **more: Any,
    ) -> str:
        """Add a fold job that was created some seconds after START, took `start` to start and then ran."""
        name = f"{self.candidate_name(number)}-f{fold}"
        began = START + timedelta(seconds=created + start)
        self._sagemaker.add_training(
            name,
            CreationTime=START + timedelta(seconds=created),
            TrainingStartTime=began,
            TrainingEndTime=began + timedelta(seconds=ran),
            ResourceConfig={"InstanceType": "ml.m5.xlarge", "KeepAlivePeriodInSeconds": keep},
            **({"WarmPoolStatus": pool} if pool else {}),
            **more,
        )
        return name

    def final(
        self,
        score: float | None = 0.85,
        error: float | None = 0.02,
        note: str | None = None,
        changed: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Add the final job with its artifact and metrics, of which some keys may be `changed`."""
        uri = f"s3://{BUCKET}/runs/{self.id}/model/{self.final_job}/output/model.tar.gz"
        self._s3.put_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"), Body=b"x")
        self._sagemaker.add_training(self.final_job, ModelArtifacts={"S3ModelArtifacts": uri}, **more)
        rows = {"train": 96, "holdout": 24 if score is not None else 0}
        metrics = {"train_score": 0.9, "holdout_score": score, "holdout_standard_error": error, "rows": rows}
        ends = () if score is None or error is None else (score - 2 * error, score + 2 * error)
        interval = [round(end, 6) for end in ends] or None
        metrics |= {"holdout_interval": interval, "holdout_interval_method": "bootstrap percentiles of 400 resamples"}
        metrics |= {"holdout_note": note, "positive_class": "yes", "baselines": BASELINES, "champion": None}
        self.write("model/metrics.json", metrics | (changed or {}))

    @property
    def metrics(self) -> dict[str, Any]:
        """What the final job wrote."""
        found: dict[str, Any] = json.loads(self.read("model/metrics.json"))
        return found


def register(sagemaker: FakeSageMaker, run: Run, status: str = "Approved", reason: str = NO_GATE) -> None:
    """A model package of a run."""
    sagemaker.groups["wf-churn"] = {}
    package = {"ModelPackageGroupName": "wf-churn", "ModelPackageArn": PACKAGE, "CreationTime": START}
    text = f"run {run.id}: {reason}"
    sagemaker.packages.append(package | {"ModelApprovalStatus": status, "ModelPackageDescription": text})
