"""How long and how large: the seconds and gigabytes that a run's jobs get, and the most that tuning can take."""

from __future__ import annotations

from warmfold_run.experiment import LONGEST_JOB_SECONDS, Experiment
from warmfold_run.plan import Bound, Timeouts
from warmfold_run.warm_pools import LONGEST_KEEP_ALIVE_SECONDS

FOLD_SECONDS = 3600
PROCESSING_SECONDS = 3600
TRANSFORM_SECONDS = 7200
INVOCATION_SECONDS = 600
"""How long the model may take for one chunk of rows; the container's own limit is a minute."""
FOLD_RETRIES = 1
START_SECONDS = 900  # what a start may take, cold, with a retry
FIRST_KEEP_ALIVE_SECONDS = 1800
"""What folds ask for under `keep_alive_seconds: auto` before any fold's length is known: pools that end too early cost
one cold start after another, and those that could last too long are released when tuning ends."""
MAX_TUNING_SECONDS = 2592000
VOLUME_GB = 30


def splitting_seconds(data_bytes: int) -> int:
    """Return the longest that splitting so much data may take: an hour, and a second for each half megabyte."""
    return min(LONGEST_JOB_SECONDS, PROCESSING_SECONDS + data_bytes // 500_000)


def volume_gigabytes(data_bytes: int) -> int:
    """Return the room that a job needs: parts, holdout and rows to score together hold the data up to twice.

    It is the same for all jobs, since it is among what a warm pool must match.
    """
    return VOLUME_GB + 3 * data_bytes // 1_000_000_000


def fold_seconds(experiment: Experiment, data_bytes: int) -> int:
    """Return the longest that a fold may take: what is asked for, else an hour and ten seconds for each megabyte."""
    asked = experiment["compute"]["max_fold_seconds"]
    return min(LONGEST_JOB_SECONDS, FOLD_SECONDS + data_bytes // 100_000) if asked == "auto" else asked


def final_seconds(experiment: Experiment, data_bytes: int) -> int:
    """Return the longest that the final model's job may take, which fits up to three models."""
    return min(LONGEST_JOB_SECONDS, 2 * fold_seconds(experiment, data_bytes))


def transform_seconds(data_bytes: int) -> int:
    """Return the longest that the predictions may take: two hours, and a second for each half megabyte."""
    return min(LONGEST_JOB_SECONDS, TRANSFORM_SECONDS + data_bytes // 500_000)


def candidate_seconds(experiment: Experiment, folds: int, data_bytes: int) -> int:
    """Return the longest a candidate may take: its folds one after another, here or as jobs, each retried."""
    each = fold_seconds(experiment, data_bytes) + START_SECONDS
    return min(LONGEST_JOB_SECONDS, each * folds * (1 + FOLD_RETRIES))


def bound(experiment: Experiment, folds: int, data_bytes: int) -> Bound:
    """Return the most instance time that tuning can take, whichever way the candidates place their folds."""
    compute, candidates = experiment["compute"], 1 + experiment["search"]["max_candidates"]
    tries = 1 + FOLD_RETRIES
    seconds = candidates * candidate_seconds(experiment, folds, data_bytes)
    most = f"Tuning can use at most {seconds / 3600:.0f} h of {compute['candidate_instance_type']}"
    counted = f"{candidates} candidates (one of them the defaults) of {folds} folds, each job at its MaxRuntime"
    if compute["fold_placement"] == "in-process":
        text = f"{most}: {counted}, each fold trained in its candidate."
        return {"instance_seconds": seconds, "usd": None, "text": text}
    asked = compute["keep_alive_seconds"]
    keep_alive = LONGEST_KEEP_ALIVE_SECONDS if asked == "auto" else asked
    in_folds = candidates * folds * tries * (fold_seconds(experiment, data_bytes) + keep_alive)
    text = (
        f"{most} and {in_folds / 3600:.0f} h of {compute['instance_type']}: {counted}, each fold a job that is "
        f"tried {tries} times, each pool kept {keep_alive} s."
    )
    return {"instance_seconds": seconds + in_folds, "usd": None, "text": text}


def timeouts(experiment: Experiment, folds: int, data_bytes: int) -> Timeouts:
    """Return the seconds that the state machine gives each of its jobs."""
    search = experiment["search"]
    rounds = -(-search["max_candidates"] // min(search["max_parallel_candidates"], search["max_candidates"]))
    candidate = candidate_seconds(experiment, folds, data_bytes)
    return {
        "processing": splitting_seconds(data_bytes) + START_SECONDS,
        "tuning": min(MAX_TUNING_SECONDS, rounds * (candidate + START_SECONDS)),
        "defaults": candidate + START_SECONDS,
        "final": final_seconds(experiment, data_bytes) + START_SECONDS,
        "transform": transform_seconds(data_bytes) + START_SECONDS,
    }
