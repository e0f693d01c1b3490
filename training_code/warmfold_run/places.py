"""Places: every key below `datasets/`, `code/` and `runs/` of the data bucket. Folders end in `/`."""

from __future__ import annotations

import re
from typing import TypedDict

DATA, EXPERIMENT, PREDICT = "data.csv", "experiment.yaml", "predict.csv"
"""The files of a dataset; DATA is uploaded last, for it starts the run."""
PLAN, PROFILE, SUMMARY, REPORT = "plan.json", "profile.json", "summary.json", "report.html"
"""The files of a run, in its folder."""
METRICS = "metrics.json"
"""What the final job says of its model, in the location `model`."""
PARTS, FOLDS, HOLDOUT, SCORE = "parts", "folds", "holdout", "score"
"""The folders that Split Dataset fills, below the run's."""
MODEL, MODEL_DESCRIPTION = "model.joblib", "model.json"
"""What the model archive holds, beside METRICS and the code in `code/`."""
PLACEMENT, ABANDONED, MISSED = "placement.json", "abandoned.json", "missed.json"
"""What a candidate says of itself, in its folder below the location `candidates`, beside `fold-<i>.json`."""
_DATA_KEY = re.compile(rf"datasets/(?P<dataset>[^/]+)/{re.escape(DATA)}")
_FOLD_RECORD = re.compile(r"fold-(?P<fold>[0-9]+)\.json")


class Locations(TypedDict):
    """A run's places as s3:// URIs."""

    run: str
    parts: str
    folds: str
    holdout: str
    candidates: str
    leaderboard: str
    model: str
    score: str
    predictions: str


def dataset_folder(dataset: str) -> str:
    """Return the key prefix of a dataset's files."""
    return f"datasets/{dataset}/"


def data_key(dataset: str) -> str:
    """Return the key of the data that starts a run."""
    return dataset_folder(dataset) + DATA


def dataset_of(key: str) -> str | None:
    """Return the dataset whose data a key is, or None: the event pattern also matches deeper keys."""
    match = _DATA_KEY.fullmatch(key)
    return match["dataset"] if match else None


def code_key(sha256: str) -> str:
    """Return the key of a source archive, which is found by its content."""
    return f"code/{sha256}/sourcedir.tar.gz"


def run_folder(run: str) -> str:
    """Return the key prefix of everything of a run."""
    return f"runs/{run}/"


def run_key(run: str, name: str) -> str:
    """Return the key of one of a run's files, such as PLAN."""
    return run_folder(run) + name


def candidates_folder(run: str) -> str:
    """Return the key prefix of what a run's candidates write."""
    return f"{run_folder(run)}candidates/"


def locations(bucket: str, run: str) -> Locations:
    """Return a run's places."""
    root = uri(bucket, run_folder(run))
    return Locations(
        run=root,
        parts=f"{root}{PARTS}/",
        folds=f"{root}{FOLDS}/",
        holdout=f"{root}{HOLDOUT}/",
        candidates=f"{root}candidates/",
        leaderboard=f"{root}leaderboard/",
        model=f"{root}model/",
        score=f"{root}{SCORE}/",
        predictions=f"{root}predictions/",
    )


def candidate_folder(where: Locations, candidate: str) -> str:
    """Return where a candidate and its folds write, as an s3:// URI."""
    return f"{where['candidates']}{candidate}/"


def fold_record(fold: int) -> str:
    """Return the name of the file that holds a fold's score; folds count from 0."""
    return f"fold-{fold}.json"


def fold_of(record: str) -> int | None:
    """Return the fold whose score a file of a candidate's folder holds, or None for another file."""
    match = _FOLD_RECORD.fullmatch(record)
    return int(match["fold"]) if match else None


def part_file(part: int) -> str:
    """Return where a part's rows are, below the location `parts`; parts count from 0."""
    return f"{part}/part-00000.csv"


def train_manifest(fold: int | str) -> str:
    """Return where the list of a fold's training parts is, below the location `folds`; or of what stands for one."""
    return f"{fold}/train.manifest"


HOLDOUT_FILE = "holdout-00000.csv"
"""Where the holdout's rows are, below the location `holdout`."""


def score_chunk(number: int) -> str:
    """Return where a chunk of rows to score is, below the location `score`; chunks count from 0."""
    return f"chunk-{number:05d}.csv"


def uri(bucket: str, key: str) -> str:
    """Return an object's s3:// URI."""
    return f"s3://{bucket}/{key}"


def key_of(uri: str) -> str:
    """Return the key of an s3:// URI."""
    return split_uri(uri)[1]


def split_uri(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of an s3:// URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
