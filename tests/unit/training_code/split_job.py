"""Split Dataset's surroundings: its bucket, its plan, its rows, and how to read what it wrote."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.unit.training_code.dataset import value_of
from warmfold_run.experiment import AS_IT_SHOWS
from warmfold_run.records import Profile


class Bucket:
    """S3 as far as the job needs it: objects in memory, with an ETag and ranges."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects
        self.requests: list[dict[str, Any]] = []

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        start = int(request.get("Range", "bytes=0-")[6:-1])
        data = self.objects[request["Key"]][start:]
        return {"Body": io.BytesIO(data), "ContentLength": len(data), "ETag": '"e1"'}

    def put_object(self, *, Bucket: str, Key: str, Body: Any, **_: Any) -> None:  # noqa: N803 - boto3's
        assert Bucket == "bucket"
        self.objects[Key] = Body if isinstance(Body, bytes) else Body.read()

    def download_file(self, bucket: str, key: str, file: str) -> None:
        assert bucket == "bucket"
        Path(file).write_bytes(self.objects[key])

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803 - boto3's
        assert Bucket == "bucket"
        del self.objects[Key]

    def get_paginator(self, operation: str) -> Bucket:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803 - boto3's
        assert Bucket == "bucket"
        return [{"Contents": [{"Key": key} for key in sorted(self.objects) if key.startswith(Prefix)]}]


def plan_for(*, predict: bool = False, problem: str = "classification", **cross_validation: Any) -> dict[str, Any]:
    """The keys of plan.json that the job reads."""
    splitting = {"n_splits": 5, "strategy": "stratified", "holdout": 0.2, "seed": 42} | cross_validation
    return {
        "bucket": "bucket",
        "data": {"key": "data", "version_id": "v1", "etag": "e1", "size": 0},
        "data_files": None,
        "problem_sampled": False,
        "profile": None,
        "metric_classes": [2, 2] if problem == "classification" else None,
        "predict": {"key": "predict", "version_id": None, "size": 0} if predict else None,
        "experiment": {
            "target": "label",
            "problem": problem,
            "metric": "roc_auc",
            "dialect": AS_IT_SHOWS,
            "cross_validation": splitting,
        },
        "locations": {"run": "s3://bucket/runs/r/"},
    }


def csv_bytes(header: list[str], rows: list[list[str]]) -> bytes:
    """The file as Python's own csv module writes it."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return text.getvalue().encode()


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows as Python's own csv module reads them."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def typed(file: Path) -> list[tuple[Any, ...]]:
    """The rows of a file of typed rows."""
    return [tuple(row.values()) for row in pq.read_table(file).to_pylist()]


def parts_of(output: Path, n_splits: int) -> list[list[tuple[Any, ...]]]:
    """The rows of each part."""
    return [typed(output / f"parts/{part}/part-00000.parquet") for part in range(n_splits)]


def held_out(output: Path) -> list[tuple[Any, ...]]:
    """The rows of the holdout."""
    return typed(output / "holdout/holdout-00000.parquet")


def as_typed(rows: list[list[str]], profile: Profile) -> list[tuple[Any, ...]]:
    """Rows of cells, the target last, as they must be in the files of typed rows."""
    readings, classes = profile["readings"], sorted(profile["classes"] or [])
    cells = [dict(zip(profile["columns"], row, strict=True)) for row in rows]
    values = [[value_of(row[column], reading) for column, reading in readings.items()] for row in cells]
    finite = [[None if value in (math.inf, -math.inf) else value for value in row] for row in values]
    return [(*row[:-1], classes.index(row[-1]) if classes else row[-1]) for row in finite]


def whole(output: Path) -> dict[str, list[Any]]:
    """The rows of each part and of the holdout, from however many files, in their order."""
    folders = [*sorted((output / "parts").iterdir()), output / "holdout"]
    return {
        folder.name: [row for file in sorted(folder.iterdir()) for row in pq.read_table(file).to_pylist()]
        for folder in folders
    }


HEADER = ["size", "word", "label"]
ROWS = [[f"{n}.5", "a, b\r\nc" if n % 7 else 'say "x"', "no" if n % 3 else "yes"] for n in range(400)]


PLAIN = [[f"{n}.5", "abcdefg"[n % 7], "no" if n % 3 else "yes"] for n in range(400)]
