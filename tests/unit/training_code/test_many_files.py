"""A dataset of many files is their rows one after another: understood, split and refused as one."""

from __future__ import annotations

import gzip
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.unit.training_code.dataset import refusal
from tests.unit.training_code.split_job import Bucket, csv_bytes, plan_for, whole
from warmfold_data.files import File, read_files
from warmfold_jobs.data.columnar import NotColumnarError
from warmfold_jobs.data.reading import by_columns
from warmfold_jobs.data.split import split_dataset
from warmfold_run.experiment import AS_IT_SHOWS

HEADER = ["a", "b", "label"]
ROWS = [[f"{n}.5", "xyz"[n % 3], "yes" if n * 7 % 10 < 4 else "no"] for n in range(300)]
CUTS = (0, 50, 51, 200, 300)


def in_files(rows: list[list[str]] = ROWS) -> dict[str, bytes]:
    return {
        f"data/{place}.csv": csv_bytes(HEADER, rows[start:end]) for place, (start, end) in enumerate(pairwise(CUTS))
    }


def planned(files: dict[str, bytes], **options: Any) -> tuple[dict[str, Any], Bucket]:
    plan, bucket = plan_for(**options), Bucket(**files)
    versions = [{"key": key, "version_id": f"v-{key}", "etag": "e1", "size": len(files[key])} for key in files]
    bucket.objects["list"] = json.dumps({"files": versions}).encode()
    plan["data"]["key"] = "datasets/d/data/_SUCCESS"
    plan["data_files"] = {"uri": "s3://bucket/list", "files": len(files), "size": sum(map(len, files.values()))}
    return plan, bucket


def split(files: dict[str, bytes], output: Path, **options: Any) -> Any:
    plan, bucket = planned(files, **options)
    return split_dataset(plan, bucket, output)  # type: ignore[arg-type]


def said(files: dict[str, bytes], output: Path, **options: Any) -> str:
    return refusal(lambda: split(files, output, **options))


@pytest.mark.parametrize("problem", ["classification", "regression"])
def test_rows_go_where_those_of_one_file_would(tmp_path: Path, problem: str) -> None:
    rows = ROWS if problem == "classification" else [[*row[1:], row[0]] for row in ROWS]
    strategy = "stratified" if problem == "classification" else "kfold"
    bucket = Bucket(data=csv_bytes(HEADER, rows))
    plan = plan_for(problem=problem, strategy=strategy)
    one = split_dataset(plan, bucket, tmp_path / "one")  # type: ignore[arg-type]
    many = split(in_files(rows), tmp_path / "many", problem=problem, strategy=strategy)
    assert many == {**one, "file": "s3://bucket/datasets/d/data/"}
    assert whole(tmp_path / "many") == whole(tmp_path / "one")
    chunk = "score/chunk-00000.csv"
    assert (tmp_path / "many" / chunk).read_bytes() == (tmp_path / "one" / chunk).read_bytes()
    names = [file.name for file in sorted((tmp_path / "many" / "parts" / "0").iterdir())]
    assert names == [f"part-{place:05d}.parquet" for place in range(4)]


def test_each_file_is_read_in_the_version_of_the_plan(tmp_path: Path) -> None:
    plan, bucket = planned(in_files())
    split_dataset(plan, bucket, tmp_path / "out")  # type: ignore[arg-type]
    read = {(one["Key"], one.get("VersionId")) for one in bucket.requests}
    assert read == {("list", None), *((key, f"v-{key}") for key in in_files())}


def test_files_may_have_their_columns_in_another_order_and_be_packed(tmp_path: Path) -> None:
    files = in_files()
    turned = csv_bytes(["label", "a", "b"], [[row[2], row[0], row[1]] for row in ROWS[50:51]])
    mixed = {**files, "data/1.csv": turned, "data/2.csv": gzip.compress(files["data/2.csv"])}
    split(files, tmp_path / "plain")
    split(mixed, tmp_path / "mixed")
    assert whole(tmp_path / "mixed") == whole(tmp_path / "plain")


@pytest.mark.parametrize(
    ("header", "told"),
    [(["a", "c", "label"], "it lacks 'b' and has 'c' besides"), (["a", "label"], "it lacks 'b'")],
)
def test_a_file_of_other_columns_is_refused_by_name_and_line(tmp_path: Path, header: list[str], told: str) -> None:
    other = csv_bytes(header, [["1", "2", "yes"][: len(header)]])
    text = said({**in_files(), "data/2.csv": other}, tmp_path)
    assert text.startswith("s3://bucket/data/2.csv, line 1: the header is not that of the dataset's first file: ")
    assert told in text


def test_a_broken_row_is_told_with_its_file(tmp_path: Path) -> None:
    files = in_files()
    files["data/2.csv"] += b'"1","2"\n'
    assert said(files, tmp_path).startswith("s3://bucket/data/2.csv, line 151: 2 cells, and the header has 3 columns")


def test_a_cell_that_is_no_number_is_told_with_its_line_and_file(tmp_path: Path) -> None:
    rows = [row[:] for row in ROWS]
    rows[60][0] = "oops"
    text = said(in_files(rows), tmp_path)
    assert text.startswith("s3://bucket/datasets/d/data/, line 11 of 2.csv: 'oops' in column 'a'")


def test_a_line_of_totals_in_one_file_is_left_to_the_row_wise_reader_and_said_of_that_file(tmp_path: Path) -> None:
    files = in_files()
    files["data/3.csv"] += b'"Total","",""\n'
    plan, bucket = planned(files)
    with pytest.raises(NotColumnarError):
        by_columns(plan, bucket, tmp_path)  # type: ignore[arg-type]
    profile = split(files, tmp_path / "out")
    (remark,) = [one for one in profile["remarks"] if one["code"] == "totals_line"]
    assert remark["text"].startswith("3.csv: line 102 ")
    assert profile["rows"] == 300
    assert [one["row"] for one in profile["dialect"]["skipped"]] == [300]


def test_what_is_so_of_every_file_is_said_once() -> None:
    packed = gzip.compress(b"a,b\n1,x\n2,y\n")
    files = [File(f"s3://b/{name}.csv", lambda: io.BytesIO(packed)) for name in "pq"]
    records = read_files(files, AS_IT_SHOWS)
    assert len(list(records)) == 5
    assert [one["text"] for one in records.remarks] == ["the file is packed with gzip; it is read unpacked"]
