"""The work of a fold job and of the final job, as SageMaker's container starts them.

Both have all the parts in their channel `parts`. A fold job's name ends in `-f<fold>`; it scores the parts of
that fold and writes its score to S3 the moment it is known. The final job trains on all development rows, scores the
holdout, and saves the model with the code that serves it. Which parts those are, the profile says.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import boto3

from warmfold_jobs import container
from warmfold_jobs.data.parts import final_files, fold_rows
from warmfold_jobs.data.table import Schema, read_profile
from warmfold_jobs.storage import names_below, put_file, put_json
from warmfold_jobs.training.fit import train_fold
from warmfold_run import places
from warmfold_run.plan import Plan
from warmfold_run.records import FoldScore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOOK_SECONDS = 5.0
"""How often a fold job looks whether its candidate was given up."""


def main(job: container.Container) -> None:
    """Do the job that the container holds: the final one if the plan calls it so, else a fold."""
    plan = job.plan()
    s3 = boto3.client("s3", region_name=plan["region"])
    profile = job.channels["profile"] / places.PROFILE
    schema = read_profile(profile)
    if job.job == plan["requests"]["final"]["TrainingJobName"]:
        _final(job, plan, schema, s3)
        return
    candidate, fold = job.fold()
    if plan["abandoning"]["used"]:
        end_when_given_up(plan, candidate)
    train, validation = fold_rows(job.channels["parts"], profile, fold)
    result = train_fold(plan, schema, job.hyperparameters, train, validation)
    write_fold_score(s3, plan, FoldScore(candidate=candidate, fold=fold, job=job.job, **result))


def _final(job: container.Container, plan: Plan, schema: Schema, s3: S3Client) -> None:
    # what gives evidence imports much, and each of the many folds would wait for it
    from warmfold_jobs.training.champion import load_champion
    from warmfold_jobs.training.final import train_final
    from warmfold_jobs.training.score_rows import first_rows_to_score

    metrics = train_final(
        plan,
        schema,
        job.hyperparameters,
        final_files(job.channels["parts"], job.channels["profile"] / places.PROFILE),
        job.files("holdout"),
        job.model_dir,
        rows_to_score=lambda: first_rows_to_score(s3, plan, schema),
        champion=lambda: load_champion(s3, plan),
    )
    for name in places.MODEL_REPORTS:
        put_file(s3, plan["locations"]["model"] + name, job.model_dir / name)
    print(f"model training score:{metrics['train_score']!r};")
    print(f"holdout score:{metrics['holdout_score']} standard error:{metrics['holdout_standard_error']}")


def end_when_given_up(plan: Plan, candidate: str) -> None:
    """End this process as soon as the candidate is given up.

    SageMaker's containers do not tell a script that its job is being stopped; it would train on for up to two minutes,
    and its instance would not be there for the next candidate.
    """
    s3 = boto3.client("s3", region_name=plan["region"])
    place = places.candidate_folder(plan["locations"], candidate)

    def look() -> None:
        while places.ABANDONED not in names_below(s3, place):
            time.sleep(LOOK_SECONDS)
        print(f"candidate {candidate} was given up, so this fold ends", flush=True)
        os._exit(0)

    threading.Thread(target=look, daemon=True).start()


def write_fold_score(s3: S3Client, plan: Plan, score: FoldScore) -> None:
    """Write a fold's score to S3, where its candidate looks for it, and print the lines that SageMaker scrapes."""
    folder = places.candidate_folder(plan["locations"], score["candidate"])
    put_json(s3, folder + places.fold_record(score["fold"]), score)
    print(f"model training score:{score['train_score']!r};")
    print(f"model validation score:{score['validation_score']!r};")
