"""How long and how large: the seconds and gigabytes that a run's jobs get, and the most that tuning can take."""

from __future__ import annotations

from warmfold_run.experiment import Experiment
from warmfold_run.plan import Bound, Timeouts
from warmfold_run.warm_pools import LONGEST_KEEP_ALIVE_SECONDS

FOLD_SECONDS = 3600
FINAL_SECONDS = 7200
PROCESSING_SECONDS = 3600
MAX_PROCESSING_SECONDS = 432000
TRANSFORM_SECONDS = 7200
INVOCATION_SECONDS = 600
"""How long the model may take for one chunk of rows; the container's own limit is a minute."""
FOLD_RETRIES = 1
START_SECONDS = 900  # what a start may take, cold, with a retry
FIRST_KEEP_ALIVE_SECONDS = 1800
"""What folds ask for under `keep_alive_seconds: auto` before any fold's length is known: pools that end too early cost
one cold start after another, and those that could last too long are released when tuning ends."""
MAX_CANDIDATE_SECONDS = 432000
MAX_TUNING_SECONDS = 2592000
VOLUME_GB = 30


def splitting_seconds(data_bytes: int) -> int:
    """Return the longest that splitting so much data may take: an hour, and a second for each half megabyte."""
    return min(MAX_PROCESSING_SECONDS, PROCESSING_SECONDS + data_bytes // 500_000)


def splitting_gigabytes(data_bytes: int) -> int:
    """Return the room that parts, holdout and rows to score need, which together hold the data up to twice."""
    return VOLUME_GB + 3 * data_bytes // 1_000_000_000


def candidate_seconds(folds: int) -> int:
    """Return the longest a candidate may take: its folds one after another, here or as jobs, each retried."""
    return min(MAX_CANDIDATE_SECONDS, (FOLD_SECONDS + START_SECONDS) * folds * (1 + FOLD_RETRIES))


def bound(experiment: Experiment, folds: int) -> Bound:
    """Return the most instance time that tuning can take, whichever way the candidates place their folds."""
    compute, candidates = experiment["compute"], 1 + experiment["search"]["max_candidates"]
    tries = 1 + FOLD_RETRIES
    seconds = candidates * candidate_seconds(folds)
    most = f"Tuning can use at most {seconds / 3600:.0f} h of {compute['candidate_instance_type']}"
    counted = f"{candidates} candidates (one of them the defaults) of {folds} folds, each job at its MaxRuntime"
    if compute["fold_placement"] == "in-process":
        text = f"{most}: {counted}, each fold trained in its candidate."
        return {"instance_seconds": seconds, "usd": None, "text": text}
    asked = compute["keep_alive_seconds"]
    keep_alive = LONGEST_KEEP_ALIVE_SECONDS if asked == "auto" else asked
    fold_seconds = candidates * folds * tries * (FOLD_SECONDS + keep_alive)
    text = (
        f"{most} and {fold_seconds / 3600:.0f} h of {compute['instance_type']}: {counted}, each fold a job that is "
        f"tried {tries} times, each pool kept {keep_alive} s."
    )
    return {"instance_seconds": seconds + fold_seconds, "usd": None, "text": text}


def timeouts(experiment: Experiment, folds: int, data_bytes: int) -> Timeouts:
    """Return the seconds that the state machine gives each of its jobs."""
    search = experiment["search"]
    rounds = -(-search["max_candidates"] // min(search["max_parallel_candidates"], search["max_candidates"]))
    return {
        "processing": splitting_seconds(data_bytes) + START_SECONDS,
        "tuning": min(MAX_TUNING_SECONDS, rounds * (candidate_seconds(folds) + START_SECONDS)),
        "defaults": candidate_seconds(folds) + START_SECONDS,
        "final": FINAL_SECONDS + START_SECONDS,
        "transform": TRANSFORM_SECONDS + START_SECONDS,
    }
