"""What is measured, each in a process of its own: `python -m benchmarks.data.work split|read FOLDER` prints JSON.

`host FOLDER PLACE HOSTS` is one of several hosts that split a folder of many files; they take turns, one at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import resource
import shutil
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from benchmarks.data.dataset import TARGET
from warmfold_jobs.data.hosts import Hosts, Meeting, Told
from warmfold_jobs.data.split import split_dataset
from warmfold_jobs.data.spool import Spool
from warmfold_jobs.data.table import read_profile, read_table
from warmfold_run import places
from warmfold_run.experiment import AS_IT_SHOWS

FOLDS = 5
ROUNDS = 3


class Files:
    """An S3 whose objects are files."""

    def __init__(self) -> None:
        self.read = 0
        """Bytes of what hosts have told each other."""

    def put_object(self, Bucket: str, Key: str, Body: Any, **_: Any) -> None:  # noqa: N803 - boto3's
        """Write the file that the key is, whole or not at all."""
        file, new = Path(Key), Path(f"{Key}.new-{Bucket}")
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(Body if isinstance(Body, bytes) else Body.read())
        new.replace(file)

    def upload_file(self, file: str, _: str, key: str) -> None:
        """Write the file that the key is, whole or not at all."""
        self.put_object(Bucket="bucket", Key=key, Body=Path(file).read_bytes())

    def download_file(self, _: str, key: str, file: str) -> None:
        """Copy the file that the key is."""
        self.read += Path(shutil.copyfile(key, file)).stat().st_size

    def delete_object(self, Key: str, **_: Any) -> None:  # noqa: N803 - boto3's
        """Remove the file that the key is."""
        Path(Key).unlink()

    def get_paginator(self, operation: str) -> Files:
        """What lists objects."""
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Prefix: str, **_: Any) -> list[dict[str, Any]]:  # noqa: N803 - boto3's
        """The files of a folder."""
        files = [str(file) for file in Path(Prefix).glob("*") if ".new-" not in file.name]
        return [{"Contents": [{"Key": file} for file in sorted(files)]}]

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


def plan_of_files(folder: Path) -> Any:
    """The same for the files of a folder."""
    files = sorted(folder.glob("part-*.csv"))
    versions = [{"key": str(file), "version_id": None, "etag": "bucket", "size": file.stat().st_size} for file in files]
    (folder / "files.json").write_text(json.dumps({"files": versions}))
    size = sum(file.stat().st_size for file in files)
    return plan_of(files[0]) | {
        "data": {"key": f"datasets/files/{places.SUCCESS}", "version_id": None, "etag": "bucket", "size": 0},
        "data_files": {"uri": f"s3://bucket/{folder / 'files.json'}", "files": len(files), "size": size},
    }


def split_files(folder: Path) -> dict[str, float]:
    """Split a folder of files by one host: CPU seconds and bytes."""
    plan = plan_of_files(folder)
    began = time.process_time()
    with contextlib.redirect_stdout(sys.stderr):
        split_dataset(plan, Files(), folder / "one")  # type: ignore[arg-type]
    return {"bytes": plan["data_files"]["size"], "seconds": time.process_time() - began}


class _Timed(Hosts):
    """A host that notes its CPU seconds at the end of each round."""

    marks: ClassVar[list[float]] = []

    def share(self, said: Any, *spools: Spool) -> list[Told]:
        """As the host."""
        self.marks.append(time.process_time())
        return super().share(said, *spools)


def host(folder: Path, place: int, hosts: int) -> dict[str, Any]:
    """Split the host's files of a folder, while no other one works: CPU seconds by round, and bytes that were told."""
    s3, own = Files(), folder / f"host-{place}"
    own.mkdir(parents=True)
    with (folder / "turn").open("a") as turn:

        def wait(_: float) -> None:
            fcntl.flock(turn, fcntl.LOCK_UN)
            time.sleep(0.02)
            fcntl.flock(turn, fcntl.LOCK_EX)

        names = [f"algo-{number}" for number in range(1, hosts + 1)]
        meeting = Meeting(s3, f"s3://bucket/{folder}/{places.EXCHANGE}/", own, 3600, sleep=wait)  # type: ignore[arg-type]
        fcntl.flock(turn, fcntl.LOCK_EX)
        began = time.process_time()
        with contextlib.redirect_stdout(sys.stderr):
            split_dataset(plan_of_files(folder), s3, own / "output", _Timed(names, names[place], meeting))  # type: ignore[arg-type]
        ends = [*_Timed.marks, time.process_time()]
    return {"rounds": [end - start for start, end in pairwise([began, *ends])], "told": s3.read}


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
    what, folder, numbers = sys.argv[1], Path(sys.argv[2]), [int(number) for number in sys.argv[3:]]
    works: dict[str, Callable[..., object]] = {"split": split, "read": read, "files": split_files, "host": host}
    print(json.dumps(works[what](folder, *numbers)))


if __name__ == "__main__":
    main()
