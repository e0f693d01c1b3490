"""Names, made and parsed: what lets every part of a run find what another one made, from the execution's ARN alone.

A fold job that must be created anew under the same run carries its attempt: `-r1` is the first one after the original.
The names of the other jobs and of the model have room for one too, which nothing uses yet.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from warmfold_run.places import data_key

DATASET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
"""What a dataset may be called."""
LONGEST_EXECUTION_NAME = 80
LONGEST_TUNING_JOB = 32
MOST_ATTEMPTS = 9
"""A tuning job of the longest prefix and run has room for one digit more."""
DEFAULTS = "defaults"
"""What stands in the place of a candidate's own eight characters in the name of the one with the default
hyperparameters, whose number is 0: the tuning job has no part in it."""
MOST_APPROVALS = 99
"""Executions that go on with a run may be refused that often, for each has a name of its own."""
_SLUG, _HASH = 5, 10
"""A run's two halves. A slug is shorter than a hash, so that no run's name starts with another one's and a hyphen."""
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_APPROVED = re.compile(rf"(?P<first>.+)_approved-(?P<hash>[0-9a-z]{{{_HASH}}})(?:-r[1-9][0-9]?)?")
_GROUP_HASH = 16
_LIKE_A_GROUP_HASH = re.compile(rf".*-[0-9a-f]{{{_GROUP_HASH}}}")
_CANDIDATE = re.compile(r"(?P<tuning_job>.+)-(?P<number>[0-9]{3,})-[0-9a-z]{8}")
_FOLD_JOB = re.compile(r"(?P<candidate>.+)-f(?P<fold>[0-9]+)(?:-r(?P<attempt>[0-9]+))?")


class Candidate(NamedTuple):
    """A candidate's place in its tuning job; numbers count from 1, 0 is that of the default hyperparameters."""

    tuning_job: str
    number: int


class FoldJob(NamedTuple):
    """Which fold of which candidate a training job is; folds and attempts count from 0."""

    candidate: str
    fold: int
    attempt: int


def slug(text: str, length: int) -> str:
    """Return `text` as lowercase letters, digits and single hyphens, at most `length` characters, never empty."""
    folded = re.sub(r"[^a-z0-9]+", "-", text[:length].lower())
    return folded.strip("-") or "run"


def run_id(execution_arn: str) -> str:
    """Return the run that an execution is, `<slug>-<hash>`, at most 16 characters.

    The execution that goes on after an approval is the same run as the one before it. A name is not an identity: 51
    bits keep accidents away, and whoever finds a run's plan compares the execution that it names.
    """
    first = first_execution(execution_arn)
    return f"{slug(first.rsplit(':', 1)[-1], _SLUG)}-{_hash(first)}"


def approved_execution(execution_arn: str, attempt: int = 0) -> str:
    """Return the ARN of the execution that goes on with an execution's run once its model is approved by hand.

    It ends in the hash of the first one's ARN, so that nobody gives such a name by chance; an attempt after one that
    was refused has a number, up to MOST_APPROVALS.
    """
    return _attempted(f"{execution_arn}_approved-{_hash(execution_arn)}", attempt)


def longest_first_execution() -> int:
    """Return how many characters an execution's name may have that leaves room for the one that goes on with it."""
    return LONGEST_EXECUTION_NAME - len(approved_execution("", MOST_APPROVALS))


def first_execution(execution_arn: str) -> str:
    """Return the ARN of the execution that started the run which an execution is, or goes on with."""
    match = _APPROVED.fullmatch(execution_arn)
    return match["first"] if match and match["hash"] == _hash(match["first"]) else execution_arn


def execution_name(bucket: str, dataset: str, version: str) -> str:
    """Return the name of the one execution that a version of a dataset's data starts, at most 55 characters."""
    return f"{slug(dataset, 38)}-{_sha256(f'{bucket}/{data_key(dataset)}/{version}')[:16]}"


def execution_arn(state_machine_arn: str, name: str) -> str:
    """Return the ARN of a state machine's execution."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


def clean_up_machine(state_machine_arn: str) -> str:
    """Return the ARN of the state machine that cleans up after the one that tunes."""
    return state_machine_arn.removesuffix("-tuning") + "-clean-up"


def processing_job(prefix: str, run: str, attempt: int = 0) -> str:
    """Return the processing job's name."""
    return _attempted(f"{prefix}-{run}-split", attempt)


def tuning_job(prefix: str, run: str, attempt: int = 0) -> str:
    """Return the tuning job's name, at most LONGEST_TUNING_JOB characters; raises ValueError after MOST_ATTEMPTS."""
    if attempt > MOST_ATTEMPTS:
        raise ValueError(f"attempt {attempt} of run {run}: a tuning job's name has room for {MOST_ATTEMPTS}")
    return _attempted(f"{prefix}-{run}", attempt)


def candidate_job(tuning_job: str, number: int, suffix: str) -> str:
    """Return a candidate's name as SageMaker makes it: its number, from 1, and eight characters of its own."""
    return f"{tuning_job}-{number:03}-{suffix}"


def defaults_job(tuning_job: str) -> str:
    """Return the name of the candidate that has the default hyperparameters, trained beside a tuning job."""
    return candidate_job(tuning_job, 0, DEFAULTS)


def fold_job(candidate: str, fold: int, attempt: int = 0) -> str:
    """Return the name of the training job of a candidate's fold, at most 63 characters."""
    return _attempted(f"{candidate}-f{fold}", attempt)


def final_job(prefix: str, run: str, attempt: int = 0) -> str:
    """Return the final job's name."""
    return _attempted(f"{prefix}-{run}-final", attempt)


def model(prefix: str, run: str, attempt: int = 0) -> str:
    """Return the model's name."""
    return _attempted(f"{prefix}-{run}", attempt)


def transform_job(prefix: str, run: str, attempt: int = 0) -> str:
    """Return the transform job's name."""
    return _attempted(f"{prefix}-{run}-score", attempt)


def training_jobs(prefix: str, run: str) -> str:
    """Return what the names of all of a run's training jobs start with: candidates, folds and the final job."""
    return f"{prefix}-{run}-"


def is_of_run(job: str, run: str) -> bool:
    """Whether a job of any kind, of whatever stack, is of a run."""
    return re.fullmatch(rf"[a-z][a-z0-9]*-{re.escape(run)}(-.+)?", job) is not None


def model_package_group(prefix: str, dataset: str) -> str:
    """Return the model package group of a dataset, at most 63 characters; each dataset has its own."""
    slugged = slug(dataset, 50)
    if slugged != dataset or _LIKE_A_GROUP_HASH.fullmatch(dataset):
        slugged = f"{slugged[:33].rstrip('-')}-{_sha256(dataset)[:_GROUP_HASH]}"
    return f"{prefix}-{slugged}"


def job_tags(prefix: str, run: str) -> list[dict[str, str]]:
    """Return the tags that every job of a run has."""
    return [*stack_tags(prefix), {"Key": "warmfold:run", "Value": run}]


def stack_tags(prefix: str) -> list[dict[str, str]]:
    """Return the tags of what outlives a run."""
    return [{"Key": "warmfold:stack", "Value": prefix}]


def parse_candidate(job: str) -> Candidate | None:
    """Return which candidate a training job is, or None for another kind of job."""
    match = _CANDIDATE.fullmatch(job)
    return Candidate(match["tuning_job"], int(match["number"])) if match else None


def parse_fold_job(job: str) -> FoldJob | None:
    """Return which fold a training job is, or None for another kind of job."""
    match = _FOLD_JOB.fullmatch(job)
    if match is None or parse_candidate(match["candidate"]) is None:
        return None
    return FoldJob(match["candidate"], int(match["fold"]), int(match["attempt"] or 0))


def _attempted(name: str, attempt: int) -> str:
    return f"{name}-r{attempt}" if attempt else name


def _hash(arn: str) -> str:
    number, digits = int(_sha256(arn), 16), ""
    for _ in range(_HASH):
        number, digit = divmod(number, len(_BASE36))
        digits += _BASE36[digit]
    return digits


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
