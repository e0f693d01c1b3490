"""The work of a fold job and of the final job, as SageMaker's container starts them.

A fold job's name ends in `-f<fold>`; it scores its channel `validation` and writes its score to S3 the moment it is
known. The final job trains on all the parts, scores the holdout, and saves the model with the code that serves it.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3

from warmfold_jobs import container
from warmfold_jobs.data.table import read_profile
from warmfold_jobs.storage import names_below, put_json
from warmfold_jobs.training.final import train_final
from warmfold_jobs.training.fit import train_fold

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOOK_SECONDS = 5.0
"""How often a fold job looks whether its candidate was given up."""


def main(job: container.Container) -> None:
    """Do the job that the container holds: the final one if the plan calls it so, else a fold."""
    plan = job.plan()
    s3 = boto3.client("s3", region_name=plan["region"])
    schema = read_profile(job.channels["profile"] / "profile.json")
    if job.job == plan["requests"]["final"]["TrainingJobName"]:
        metrics = train_final(
            plan, schema, job.hyperparameters, job.files("train"), job.files("holdout"), job.model_dir
        )
        put_json(s3, plan["locations"]["model"] + "metrics.json", metrics)
        print(f"model training score:{metrics['train_score']!r};")
        print(f"holdout score:{metrics['holdout_score']} standard error:{metrics['holdout_standard_error']}")
        return
    candidate, fold = job.fold()
    if plan["experiment"]["search"]["abandon"] != "off":
        end_when_given_up(plan, candidate)
    result = train_fold(plan, schema, job.hyperparameters, job.files("train"), job.files("validation"))
    write_fold_score(s3, plan, candidate, fold, {"job": job.job, **result})


def end_when_given_up(plan: dict[str, Any], candidate: str) -> None:
    """End this process as soon as the candidate is given up.

    SageMaker's containers do not tell a script that its job is being stopped; it would train on for up to two minutes,
    and its instance would not be there for the next candidate.
    """
    s3 = boto3.client("s3", region_name=plan["region"])
    place = f"{plan['locations']['candidates']}{candidate}/"

    def look() -> None:
        while "abandoned.json" not in names_below(s3, place):
            time.sleep(LOOK_SECONDS)
        print(f"candidate {candidate} was given up, so this fold ends", flush=True)
        os._exit(0)

    threading.Thread(target=look, daemon=True).start()


def write_fold_score(s3: S3Client, plan: dict[str, Any], candidate: str, fold: int, result: dict[str, Any]) -> None:
    """Write a fold's score to S3, where its candidate looks for it, and print the lines that SageMaker scrapes."""
    put_json(
        s3,
        f"{plan['locations']['candidates']}{candidate}/fold-{fold}.json",
        {"candidate": candidate, "fold": fold} | result,
    )
    print(f"model training score:{result['train_score']!r};")
    print(f"model validation score:{result['validation_score']!r};")
