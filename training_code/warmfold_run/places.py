"""Places: every key below `datasets/`, `code/` and `runs/` of the data bucket. Folders end in `/`."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable
from typing import Annotated, TypedDict

DATA, EXPERIMENT, PREDICT = "data.csv", "experiment.yaml", "predict.csv"
"""The files of a dataset; DATA is uploaded last, for it starts the run."""
DATA_FOLDER, SUCCESS = "data/", "data/_SUCCESS"
"""Many files in place of DATA, and the empty one that is uploaded last and starts the run."""
TABLE = "data.parquet"
"""A table with types of its own in place of DATA."""
STARTING = (DATA, TABLE, SUCCESS)
"""What starts a run, in a dataset's folder."""
PLAN, PROFILE, SUMMARY, REPORT = "plan.json", "profile.json", "summary.json", "report.html"
APPROVAL = "approval.json"
"""Which execution goes on with a run whose model was approved by hand, in the run's folder."""
DATA_FILES = "data_files.json"
"""The files of a run, in its folder; DATA_FILES lists those of a dataset of many."""
METRICS, DIAGNOSTICS = "metrics.json", "diagnostics.json"
"""What the final job says of its model, in the location `model` and in the model archive."""
QUALITY_STATISTICS, QUALITY_CONSTRAINTS = "model_quality_statistics.json", "model_quality_constraints.json"
DATA_STATISTICS, DATA_CONSTRAINTS = "data_statistics.json", "data_constraints.json"
"""The same for SageMaker's Model Monitor, in its formats."""
MODEL_REPORTS = (
    METRICS,
    DIAGNOSTICS,
    QUALITY_STATISTICS,
    QUALITY_CONSTRAINTS,
    DATA_STATISTICS,
    DATA_CONSTRAINTS,
)
"""The files of the model archive that are in the location `model` too."""
PARTS, HOLDOUT, SCORE = "parts", "holdout", "score"
"""The folders that Split Dataset fills, below the run's."""
EXCHANGE = "split"
"""The folder, below the run's, in which the instances of Split Dataset tell each other what they have read."""
TYPED = "parquet"
"""What the names of files end in that hold typed rows."""
CANDIDATES = "candidates"
"""The folder that candidates write into, below the run's."""
FOLD_OUTPUT, CANDIDATE_OUTPUT = "fold-output/", "candidate-output/"
"""Where SageMaker puts what jobs leave that are not the final one, below the run's."""
CODE_ARCHIVE = "sourcedir.tar.gz"
"""The training code as SageMaker takes it."""
MODEL, MODEL_DESCRIPTION, TRAINED_ON = "model.joblib", "model.json", "trained_on.npy"
"""What the model archive holds, beside METRICS, DIAGNOSTICS and the code in `code/`."""
PLACEMENT, ABANDONED, MISSED = "placement.json", "abandoned.json", "missed.json"
"""What a candidate says of itself, in its folder below the location `candidates`, beside `fold-<i>.json`."""
_PARTS_OF_DATA, _TO_PREDICT = "data", "predict"
"""Folders of a dataset, whose files are called anything."""
_DATA_KEY = re.compile(rf"datasets/(?P<dataset>[^/]+)/({'|'.join(map(re.escape, STARTING))})")
_DATASET_FOLDERS = ("datasets", "dataset")
_DATA_NAME = re.compile(
    r"data(\.(csv|tsv|tab|txt|json|jsonl|xlsx?|ods|parquet|pq|feather|arrow|zip|gz|bz2|xz|zst))*", re.I
)
_FOLD_RECORD = re.compile(r"fold-(?P<fold>[0-9]+)\.json")


class Locations(TypedDict):
    """A run's places as s3:// URIs."""

    run: Annotated[str, "the run's folder, which holds all the others"]
    parts: Annotated[str, "the rows of each part, which every fold reads"]
    holdout: Annotated[str, "the rows that no candidate sees"]
    candidates: Annotated[str, "what candidates and their folds write of themselves"]
    leaderboard: Annotated[str, "the candidates with all their folds, the best one first"]
    model: Annotated[str, "the final model, and how it does"]
    score: Annotated[str, "the rows to predict, in chunks"]
    predictions: Annotated[str, "their predictions"]


def dataset_folder(dataset: str) -> str:
    """Return the key prefix of a dataset's files."""
    return f"datasets/{dataset}/"


def data_key(dataset: str, name: str = DATA) -> str:
    """Return the key of what starts a run: DATA, or another of STARTING."""
    return dataset_folder(dataset) + name


def data_name(key: str) -> str:
    """Return how errors call the data that a key starts the run of: the key itself, or the folder of many files."""
    return key.removesuffix(SUCCESS) + DATA_FOLDER if key.endswith(f"/{SUCCESS}") else key


def is_table(key: str) -> bool:
    """Return whether a key is that of a dataset's TABLE."""
    return key.endswith(f"/{TABLE}")


def data_files(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return which of the names below DATA_FOLDER are files of the dataset, in order, and which can't be read.

    What tools leave beside the files is neither: names that begin with `_` or `.`, and the folder's own.
    """
    seen = sorted(name for name in names if name and name[0] not in "_.")
    files, others = list[str](), list[str]()
    for name in seen:
        is_file = "/" not in name and name.lower().endswith((".csv", ".csv.gz"))
        (files if is_file else others).append(name)
    return files, others


def dataset_of(key: str) -> str | None:
    """Return the dataset whose data a key is, or None: the event pattern also matches deeper keys."""
    match = _DATA_KEY.fullmatch(key)
    return match["dataset"] if match else None


def near_miss(key: str) -> str | None:
    """Return the key that was meant where one nearly is a dataset's data, and None for every other one.

    Another case or ending, a folder too many or missing, `dataset/`: uploads that people wait for in vain.
    """
    first, *folders, name = key.split("/") if "/" in key else ("", "")
    if first.lower() not in _DATASET_FOLDERS or not name or dataset_of(key) is not None:
        return None
    success = SUCCESS.removeprefix(DATA_FOLDER)
    if name.upper() == success and len(folders) < 3:
        return data_key(folders[0] if folders and folders[0] else "<dataset>", SUCCESS)
    if len(folders) > 1 and folders[1] in (_PARTS_OF_DATA, _TO_PREDICT):
        return None
    is_alone = not folders and name.lower().endswith((".csv", ".csv.gz"))
    if not is_alone and not _DATA_NAME.fullmatch(name):
        return None
    own = name.partition(".")[0]
    dataset = "-".join(filter(None, folders)) or ("<dataset>" if own.lower() in ("", "data") else own)
    return data_key(dataset, TABLE if name.lower().endswith((".parquet", ".pq")) else DATA)


def code_key(sha256: str) -> str:
    """Return the key of a source archive, which is found by its content."""
    return f"code/{sha256}/{CODE_ARCHIVE}"


def run_folder(run: str) -> str:
    """Return the key prefix of everything of a run."""
    return f"runs/{run}/"


def run_key(run: str, name: str) -> str:
    """Return the key of one of a run's files, such as PLAN."""
    return run_folder(run) + name


def candidates_folder(run: str) -> str:
    """Return the key prefix of what a run's candidates write."""
    return f"{run_folder(run)}{CANDIDATES}/"


def locations(bucket: str, run: str) -> Locations:
    """Return a run's places."""
    root = uri(bucket, run_folder(run))
    return Locations(
        run=root,
        parts=f"{root}{PARTS}/",
        holdout=f"{root}{HOLDOUT}/",
        candidates=f"{root}{CANDIDATES}/",
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


def leaderboard_name(mean: float, candidate: str) -> str:
    """Return the name of a candidate's entry; names sort better means first. ValueError for no finite mean."""
    return f"{_descending(mean)}-{candidate}.json"


def part_file(part: int, source: int = 0) -> str:
    """Return where a part's rows from a file of the dataset are, below the location `parts`; both count from 0."""
    return f"{part}/part-{source:05d}.{TYPED}"


def part_of(file: str) -> int:
    """Return the part that a file below the location `parts` is of; raises ValueError for another file."""
    return int(file.partition("/")[0])


def holdout_file(source: int = 0) -> str:
    """Return where the holdout's rows from a file of the dataset are, below the location `holdout`."""
    return f"holdout-{source:05d}.{TYPED}"


def score_chunk(number: int, host: int | None = None) -> str:
    """Return where a chunk of rows to score is, below the location `score`; chunks count from 0.

    `host` is the place of the instance that wrote it, where several do; names sort in the order of rows.
    """
    return f"chunk-{number:05d}.csv" if host is None else f"chunk-{host:02d}-{number:05d}.csv"


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


def _descending(number: float) -> str:
    """Return 16 hex digits that sort greater numbers first, equal for equal numbers."""
    if not math.isfinite(number):
        raise ValueError(f"a mean score of {number} has no place on the leaderboard; it must be a finite number")
    (bits,) = struct.unpack(">Q", struct.pack(">d", number + 0.0))  # -0.0 + 0.0 is 0.0
    sign, every = 1 << 63, (1 << 64) - 1
    return f"{bits if bits & sign else every ^ sign ^ bits:016x}"
