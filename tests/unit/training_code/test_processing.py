"""Split Dataset: every row in its place, unharmed, and bad data refused with a message."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.documents import complaints
from tests.unit.training_code.split import in_holdout
from tests.unit.training_code.split_job import (
    HEADER,
    PLAIN,
    ROWS,
    Bucket,
    as_typed,
    csv_bytes,
    held_out,
    parts_of,
    plan_for,
    read,
    typed,
)
from warmfold_data.asked import Asked
from warmfold_data.rows_to_score import check_rows_to_score
from warmfold_data.rules import DatasetRuleError, scan
from warmfold_jobs.data.parts import fold_rows, part_files
from warmfold_jobs.data.split import split_dataset
from warmfold_run.records import Profile

CELLS = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=6) | st.sampled_from(
    ["", "\r", "\n", "x\r\ny", '"', ",", " ", 'say "no",\nleave']
)


@settings(max_examples=40)
@given(
    cells=st.lists(st.tuples(CELLS, CELLS), min_size=40, max_size=90),
    n_splits=st.sampled_from([2, 5, 11]),
    strategy=st.sampled_from(["stratified", "kfold"]),
    seed=st.integers(0, 999),
)
def test_parts_and_holdout_hold_every_row_exactly_once(
    cells: list[tuple[str, str]], n_splits: int, strategy: str, seed: int
) -> None:
    rows = [[*pair, "ab"[number % 2]] for number, pair in enumerate(cells * 2)]
    with TemporaryDirectory() as folder:
        output = Path(folder)
        plan = plan_for(n_splits=n_splits, strategy=strategy, seed=seed)
        try:
            profile = split_dataset(plan, Bucket(data=csv_bytes(HEADER, rows)), output)  # type: ignore[arg-type]
        except DatasetRuleError:
            assume(False)
        parts = parts_of(output, n_splits)
        holdout = held_out(output)
        scored = [row for path in sorted((output / "score").iterdir()) for row in read(path)[1]]

    kept = [place for place, column in enumerate(HEADER) if column not in profile["left_out"]]
    assert holdout == as_typed(scored, profile)
    developed = list((Counter(map(tuple, rows)) - Counter(map(tuple, scored))).elements())
    assert len(developed) + len(scored) == len(rows)
    assert Counter(chain.from_iterable(parts)) == Counter(as_typed(list(map(list, developed)), profile))
    assert [len(part) for part in parts] == profile["part_rows"]
    codes = {remark["code"] for remark in profile["remarks"]}
    if codes.isdisjoint({"holdout_mended", "copies_divided"}):
        assert scored == [row for row in rows if in_holdout([row[place] for place in kept], seed, 0.2)]


def test_what_split_dataset_does_is_what_scan_foresaw(tmp_path: Path) -> None:
    data = csv_bytes(HEADER, [*ROWS, ["1", "left out", ""]])
    plan = plan_for(n_splits=11)
    foreseen = scan(
        io.BytesIO(data), file="s3://bucket/data", asked=Asked.of(plan["experiment"], problem="classification")
    )
    profile = split_dataset(plan | {"profile": foreseen}, Bucket(data=data), tmp_path)  # type: ignore[arg-type]
    assert profile == {**foreseen, "rows_to_score": foreseen["holdout_rows"]}
    assert json.loads((tmp_path / "profile.json").read_text()) == profile
    assert profile["rows_without_target"] == 1
    rows = [*held_out(tmp_path), *chain.from_iterable(parts_of(tmp_path, 11))]
    assert Counter(rows) == Counter(as_typed(ROWS, profile))


def test_what_plan_run_said_of_rows_to_score_is_not_said_again(tmp_path: Path) -> None:
    data, predict = csv_bytes(HEADER, ROWS), csv_bytes(HEADER, [["9000", *row[1:]] for row in ROWS[:20]])
    plan = plan_for(predict=True)
    foreseen = scan(io.BytesIO(data), file="data", asked=Asked.of(plan["experiment"], problem="classification"))
    foreseen["remarks"] += check_rows_to_score(io.BytesIO(predict), file="predict", profile=foreseen).remarks()
    bucket = Bucket(data=data, predict=predict)
    profile = split_dataset(plan | {"profile": foreseen}, bucket, tmp_path)  # type: ignore[arg-type]
    assert [one["code"] for one in profile["remarks"]].count("out_of_range") == 1


@pytest.mark.parametrize("problem", ["classification", "regression"])
def test_the_profile_has_the_keys_that_the_contract_says(tmp_path: Path, problem: str) -> None:
    strategy, last = ("stratified", "yes") if problem == "classification" else ("kfold", "1.5")
    rows = [[*row[:2], row[2] if last == "yes" else f"{n}.5"] for n, row in enumerate(ROWS)]
    plan = plan_for(problem=problem, strategy=strategy)
    split_dataset(plan, Bucket(data=csv_bytes(HEADER, rows)), tmp_path)  # type: ignore[arg-type]
    assert complaints(Profile, json.loads((tmp_path / "profile.json").read_text())) == []


def test_a_metric_that_is_not_for_so_many_classes_is_refused(tmp_path: Path) -> None:
    rows = [[str(n), "word", "abc"[n % 3]] for n in range(300)]
    with pytest.raises(DatasetRuleError, match="has 3 classes, and the metric roc_auc is for 2 classes; set another"):
        split_dataset(plan_for(), Bucket(data=csv_bytes(HEADER, rows)), tmp_path)  # type: ignore[arg-type]
    several = plan_for() | {"metric_classes": [2, None]}
    assert split_dataset(several, Bucket(data=csv_bytes(HEADER, rows)), tmp_path)["rows"] == 300  # type: ignore[arg-type]


def test_rows_stay_on_their_side_when_the_data_grows(tmp_path: Path) -> None:
    for name, rows in (("small", ROWS[:200]), ("large", [*ROWS[300:], *ROWS[:300]])):
        split_dataset(plan_for(), Bucket(data=csv_bytes(HEADER, rows)), tmp_path / name)  # type: ignore[arg-type]
    small, large = (
        {tuple(row) for row in read(tmp_path / name / "score/chunk-00000.csv")[1]} for name in ("small", "large")
    )
    assert small < large
    assert large & {tuple(row) for row in ROWS[:200]} == small


def test_each_fold_trains_on_all_parts_but_its_own(tmp_path: Path) -> None:
    split_dataset(plan_for(n_splits=11), Bucket(data=csv_bytes(HEADER, ROWS)), tmp_path)  # type: ignore[arg-type]
    parts = parts_of(tmp_path, 11)
    for fold in range(11):
        train, validation = fold_rows(tmp_path / "parts", tmp_path / "profile.json", fold)
        assert [row for file in validation.files for row in typed(file)] == parts[fold]
        assert Counter(chain.from_iterable(map(typed, train.files))) == Counter(
            chain.from_iterable(parts[:fold] + parts[fold + 1 :])
        )
    with pytest.raises(FileNotFoundError, match=r"no file of parts \[11\] below"):
        part_files(tmp_path / "parts", [11])


def test_parts_are_typed(tmp_path: Path) -> None:
    header = ["size", "flag", "word", "label"]
    rows = [[["1.5", "", "-inf", " 2 "][n % 4], ["true", "FALSE", "NA"][n % 3], ["x", ""][n % 2], "ab"[n % 2]]
            for n in range(240)]  # fmt: skip
    split_dataset(plan_for(n_splits=2), Bucket(data=csv_bytes(header, rows)), tmp_path)  # type: ignore[arg-type]
    for part in range(2):
        table = pq.read_table(tmp_path / f"parts/{part}/part-00000.parquet")
        assert dict(zip(table.schema.names, map(str, table.schema.types), strict=True)) == {
            "size": "double", "flag": "double", "word": "string", "label": "int32"
        }  # fmt: skip
        assert set(table["size"].to_pylist()) == {1.5, None, 2.0}
        assert set(table["flag"].to_pylist()) == {0.0, 1.0, None}
        assert set(table["word"].to_pylist()) == {"x", None}


def test_a_problem_that_only_the_first_rows_suggest_is_refused(tmp_path: Path) -> None:
    rows = [[str(n), "word", str(n // 10)] for n in range(900)]
    sampled = plan_for(n_splits=2) | {"problem_sampled": True}
    with pytest.raises(
        DatasetRuleError, match="looks like classification in its first rows and like regression in all"
    ):
        split_dataset(sampled, Bucket(data=csv_bytes(HEADER, rows)), tmp_path)  # type: ignore[arg-type]


def test_the_pinned_version_is_read(tmp_path: Path) -> None:
    bucket = Bucket(data=csv_bytes(HEADER, ROWS), predict=csv_bytes(HEADER, ROWS))
    split_dataset(plan_for(predict=True), bucket, tmp_path)  # type: ignore[arg-type]
    data, predict = {"Bucket": "bucket", "Key": "data", "VersionId": "v1"}, {"Bucket": "bucket", "Key": "predict"}
    assert {frozenset(request.items()) for request in bucket.requests} == {
        frozenset(data.items()),
        frozenset(predict.items()),
    }


def test_data_replaced_after_planning_is_refused(tmp_path: Path) -> None:
    plan = plan_for()
    plan["data"] |= {"version_id": None, "etag": "older"}
    with pytest.raises(DatasetRuleError, match=r"s3://bucket/data was replaced"):
        split_dataset(plan, Bucket(data=csv_bytes(HEADER, ROWS)), tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "predict", "problem", "says"),
    [
        (b"", None, "classification", "s3://bucket/data is empty"),
        (b"size,label\n1\n", None, "classification", "s3://bucket/data, line 2: 1 cells"),
        (csv_bytes(HEADER, ROWS[:3]), None, "classification", "fewer than the 5 folds"),
        (csv_bytes(HEADER, ROWS), b"size\n1\n", "classification", "s3://bucket/predict: column 'word' is missing"),
        (csv_bytes(HEADER, ROWS), b"size,word\n", "classification", "s3://bucket/predict has a header and no rows"),
    ],
)
def test_bad_data_is_refused(data: bytes, predict: bytes | None, problem: str, says: str, tmp_path: Path) -> None:
    bucket = Bucket(data=data, predict=predict or b"")
    with pytest.raises(DatasetRuleError) as caught:
        split_dataset(plan_for(predict=predict is not None, problem=problem), bucket, tmp_path)  # type: ignore[arg-type]
    assert says in str(caught.value)


def dirty(kind: str) -> bytes:
    """PLAIN in another dialect, or with records that are no rows."""
    table = [HEADER, *PLAIN]
    total = f"{sum(float(row[0]) for row in PLAIN)}"
    tables = {
        "units": [HEADER, ["kg", "", ""], *PLAIN],
        "repeats": [*table[:100], HEADER, *table[100:], HEADER],
        "totals": [*table, ["Total", "", ""], ["Mean", f"{float(total) / 400}", ""]],
        "sum": [["word", "size", "label"], *([row[1], row[0], row[2]] for row in PLAIN), ["Total", total, ""]],
    }
    lines = [",".join(row) + "\n" for row in tables.get(kind, table)]
    title = "Weights\n\n" if kind == "title" else "sep=;\n" if kind == "separator" else ""
    text = title + "".join(lines)
    text = text.replace(",", {"semicolons": ";", "separator": ";", "tabs": "\t"}.get(kind, ","))
    raw = text.encode("utf-16" if kind == "utf-16" else "utf-8")
    return gzip.compress(raw) if kind == "gzip" else raw


@pytest.mark.parametrize(
    "kind", ["semicolons", "tabs", "separator", "utf-16", "gzip", "title", "units", "repeats", "totals", "sum"]
)
def test_whatever_a_file_is_written_in_its_rows_come_to_the_same_places(tmp_path: Path, kind: str) -> None:
    plain = split_dataset(plan_for(), Bucket(data=csv_bytes(HEADER, PLAIN)), tmp_path / "plain")  # type: ignore[arg-type]
    bucket = Bucket(data=dirty(kind))
    profile = split_dataset(plan_for(), bucket, tmp_path / "dirty")  # type: ignore[arg-type]
    assert profile["rows"] == plain["rows"] == 400
    assert profile["remarks"]
    if kind != "sum":  # columns in another order are other contents
        assert held_out(tmp_path / "dirty") == held_out(tmp_path / "plain")
        assert parts_of(tmp_path / "dirty", 5) == parts_of(tmp_path / "plain", 5)
