"""What is measured, each in a process of its own: `python -m benchmarks.data.work split|read FOLDER` prints JSON."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from benchmarks.data.dataset import TARGET
from warmfold_jobs.data.split import split_dataset
from warmfold_jobs.data.table import read_profile, read_table
from warmfold_run import places
from warmfold_run.experiment import AS_IT_SHOWS

FOLDS = 5
ROUNDS = 3


class Files:
    """An S3 whose objects are files."""

    def get_object(self, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's
        """Open the file that the key is."""
        file = Path(Key)
        return {"Body": file.open("rb"), "ContentLength": file.stat().st_size, "ETag": f'"{Bucket}"'}


def plan_of(file: Path) -> Any:
    """What Split Dataset reads of a plan for a dataset that is too large for Plan Run to read."""
    splitting = {"n_splits": FOLDS, "strategy": "stratified", "holdout": 0.2, "seed": 42}
    return {
        "bucket": "bucket",
        "data": {"key": str(file), "version_id": None, "etag": "bucket", "size": file.stat().st_size},
        "data_files": None,
        "predict": None,
        "profile": None,
        "problem_sampled": False,
        "metric_classes": None,
        "experiment": {
            "target": TARGET,
            "problem": "classification",
            "metric": "roc_auc",
            "dialect": AS_IT_SHOWS,
            "cross_validation": splitting,
        },
    }


def split(folder: Path) -> dict[str, float]:
    """Split a folder's dataset: CPU seconds, most memory in bytes, and pyarrow's CPU seconds for reading it."""
    (file,) = folder.glob("*.csv")
    began = time.process_time()
    with contextlib.redirect_stdout(sys.stderr):
        profile = split_dataset(plan_of(file), Files(), folder / "output")  # type: ignore[arg-type]
    assert profile is not None
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    reader = _seconds(lambda: _read_by_pyarrow(file))
    return {"bytes": file.stat().st_size, "rows": profile["rows"], "seconds": seconds, "peak": peak, "reader": reader}


def _read_by_pyarrow(file: Path) -> None:
    """Read a CSV file into typed columns, a block at a time, and drop them: a yardstick for the machine."""
    for _ in csv.open_csv(file, csv.ReadOptions(use_threads=False)):
        pass


def read(folder: Path) -> dict[str, float]:
    """Read all the parts as a fold does, and as pyarrow alone does: the fewest seconds of one core of each."""
    files = sorted((folder / "output" / places.PARTS).rglob(f"*.{places.TYPED}"))
    schema = read_profile(folder / "output" / places.PROFILE)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_seconds(lambda: read_table(files, schema)))
        theirs.append(_seconds(lambda: [pq.read_table(file).to_pandas() for file in files]))
    return {"bytes": sum(file.stat().st_size for file in files), "ours": min(ours), "theirs": min(theirs)}


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Do what the arguments say."""
    pa.set_cpu_count(1)
    what, folder = sys.argv[1], Path(sys.argv[2])
    print(json.dumps({"split": split, "read": read}[what](folder)))


if __name__ == "__main__":
    main()
