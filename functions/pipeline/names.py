"""Names: everything that lets a function find what another one made, from the execution's ARN alone."""

from __future__ import annotations

import hashlib
import re

DATASET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
DATA_KEY = re.compile(r"datasets/(?P<dataset>[^/]+)/data\.csv")
LONGEST_EXECUTION_NAME = 80
_APPROVED = re.compile(r"(?P<first>.+)_approved-(?P<hash>[0-9a-f]{8})")
_AFTER_TUNING_JOB = re.compile(r"-(?P<number>[0-9]+)-[0-9a-z]{8}(?P<fold>-f[0-9]+(-r[0-9]+)?)?")


def slug(text: str, length: int) -> str:
    """Return `text` as lowercase letters, digits and single hyphens, at most `length` characters, never empty."""
    folded = re.sub(r"[^a-z0-9]+", "-", text[:length].lower())
    return folded.strip("-") or "run"


def run_id(execution_arn: str) -> str:
    """Return the run that an execution is, `<slug>-<hash>`, at most 19 characters.

    The execution that goes on after an approval is the same run as the one before it.
    """
    first = first_execution(execution_arn)
    name = first.rsplit(":", 1)[-1]
    return f"{slug(name, 10)}-{_hash(first)}"


def approved_execution(execution_arn: str) -> str:
    """Return the ARN of the execution that goes on with an execution's run once its model is approved by hand.

    It ends in the hash of the first one's ARN, so that nobody gives such a name by chance.
    """
    return f"{execution_arn}_approved-{_hash(execution_arn)}"


def first_execution(execution_arn: str) -> str:
    """Return the ARN of the execution that started the run which an execution is, or goes on with."""
    match = _APPROVED.fullmatch(execution_arn)
    return match["first"] if match and match["hash"] == _hash(match["first"]) else execution_arn


def _hash(arn: str) -> str:
    return hashlib.sha256(arn.encode()).hexdigest()[:8]


def execution_name(bucket: str, key: str, version: str) -> str:
    """Return the name of the one execution that an object version starts, at most 57 characters."""
    dataset = key.split("/")[1] if key.count("/") else key
    return f"{slug(dataset, 40)}-{hashlib.sha256(f'{bucket}/{key}/{version}'.encode()).hexdigest()[:16]}"


def execution_arn(state_machine_arn: str, name: str) -> str:
    """Return the ARN of a state machine's execution."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


def dataset_of(key: str) -> str | None:
    """Return the dataset whose data.csv a key is, or None: the event pattern also matches deeper keys."""
    match = DATA_KEY.fullmatch(key)
    return match["dataset"] if match else None


def processing_job(prefix: str, run: str) -> str:
    """Return the processing job's name."""
    return f"{prefix}-{run}-split"


def tuning_job(prefix: str, run: str) -> str:
    """Return the tuning job's name, at most 32 characters."""
    return f"{prefix}-{run}"


def final_job(prefix: str, run: str) -> str:
    """Return the final job's name."""
    return f"{prefix}-{run}-final"


def candidate_number(job: str, tuning_job: str) -> int | None:
    """Return a candidate's number in its tuning job, from 1, or None for the name of another kind of job."""
    match = _AFTER_TUNING_JOB.fullmatch(job.removeprefix(tuning_job))
    return int(match["number"]) if match and not match["fold"] else None


def is_fold_job(job: str, tuning_job: str) -> bool:
    """Whether a training job is a fold of one of the tuning job's candidates, or its retry."""
    match = _AFTER_TUNING_JOB.fullmatch(job.removeprefix(tuning_job))
    return bool(match and match["fold"])


def model(prefix: str, run: str) -> str:
    """Return the model's name."""
    return f"{prefix}-{run}"


def transform_job(prefix: str, run: str) -> str:
    """Return the transform job's name."""
    return f"{prefix}-{run}-score"


def model_package_group(prefix: str, dataset: str) -> str:
    """Return the model package group of a dataset, at most 63 characters; each dataset has its own."""
    slugged = slug(dataset, 50)
    if slugged != dataset:
        slugged = f"{slugged[:43].rstrip('-')}-{hashlib.sha256(dataset.encode()).hexdigest()[:6]}"
    return f"{prefix}-{slugged}"


def plan_key(run: str) -> str:
    """Return the key of a run's plan."""
    return f"runs/{run}/plan.json"


def job_tags(prefix: str, run: str) -> list[dict[str, str]]:
    """Return the tags that every job of a run has."""
    return [{"Key": "warmfold:stack", "Value": prefix}, {"Key": "warmfold:run", "Value": run}]
