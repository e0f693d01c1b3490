"""Rows to score go into chunks, in order and uncut; without any the holdout does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.training_code.split import in_holdout
from tests.unit.training_code.split_job import (
    HEADER,
    PLAIN,
    ROWS,
    Bucket,
    as_typed,
    csv_bytes,
    held_out,
    plan_for,
    read,
)
from warmfold_jobs.data.score_chunks import CHUNK_BYTES
from warmfold_jobs.data.split import split_dataset


def test_chunks_are_short_where_there_are_many_classes(tmp_path: Path) -> None:
    classes = [f"class {n}" for n in range(200)]
    rows = [[str(n), "word", classes[n % 200]] for n in range(6000)]
    data = csv_bytes(HEADER, rows)
    plan = plan_for(predict=True, n_splits=2) | {"metric_classes": [2, None]}
    split_dataset(plan, Bucket(data=data, predict=data), tmp_path)  # type: ignore[arg-type]
    chunks = [read(path)[1] for path in sorted((tmp_path / "score").iterdir())]
    assert [len(chunk) for chunk in chunks] == [2500, 2500, 1000]
    assert [row for chunk in chunks for row in chunk] == rows


def test_without_rows_to_score_the_holdout_is_scored(tmp_path: Path) -> None:
    profile = split_dataset(plan_for(), Bucket(data=csv_bytes(HEADER, ROWS)), tmp_path)  # type: ignore[arg-type]
    held = [row for row in ROWS if in_holdout(row, 42, 0.2)]
    assert read(tmp_path / "score/chunk-00000.csv") == (HEADER, held)
    assert held_out(tmp_path) == as_typed(held, profile)
    assert profile["rows_to_score"] == profile["holdout_rows"]


def test_rows_to_score_are_chunked_in_order_and_uncut(tmp_path: Path) -> None:
    header = ["word", "id", "size"]
    rows = [[f'line\n\r\n{"x" * 900},"{n}"', str(n), ""] for n in range(12_000)]
    bucket = Bucket(data=csv_bytes(HEADER, ROWS), predict=csv_bytes(header, rows))
    profile = split_dataset(plan_for(predict=True), bucket, tmp_path)  # type: ignore[arg-type]
    chunks = sorted((tmp_path / "score").iterdir())
    assert [chunk.name for chunk in chunks] == [f"chunk-0000{n}.csv" for n in range(3)]
    assert all(chunk.stat().st_size <= CHUNK_BYTES for chunk in chunks)
    assert all(read(chunk)[0] == header for chunk in chunks)
    assert [row for chunk in chunks for row in read(chunk)[1]] == rows
    assert profile["rows_to_score"] == 12_000


def test_pandas_reads_a_single_column_with_missing_values_as_it_was(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    data = csv_bytes(["size", "label"], [[str(n), "ab"[n % 2]] for n in range(60)])
    bucket = Bucket(data=data, predict=csv_bytes(["size"], [["1"], [""], ["3"]]))
    split_dataset(plan_for(predict=True), bucket, tmp_path)  # type: ignore[arg-type]
    assert pandas.read_csv(tmp_path / "score/chunk-00000.csv")["size"].isna().tolist() == [False, True, False]


def test_a_blank_line_in_rows_to_score_of_one_column_is_a_row(tmp_path: Path) -> None:
    data = csv_bytes(["size", "label"], [[row[0], row[2]] for row in PLAIN])
    bucket = Bucket(data=data, predict=b"size\n1\n\n2\n\n")
    profile = split_dataset(plan_for(predict=True), bucket, tmp_path)  # type: ignore[arg-type]
    assert profile["rows_to_score"] == 4
    assert read(tmp_path / "score/chunk-00000.csv") == (["size"], [["1"], [""], ["2"], [""]])
