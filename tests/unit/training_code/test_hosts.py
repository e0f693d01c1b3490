"""Many files split by several instances: the same objects and the same profile as from one."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.long import sampled
from tests.unit.training_code.split_hosts import FOLDER, Came, Shared, by_hosts, by_one
from tests.unit.training_code.test_many_files import planned
from warmfold_jobs.data import hosts as meeting
from warmfold_jobs.data import sampling, score_chunks, split
from warmfold_jobs.data.hosts import HostError, Hosts, Meeting, own_files
from warmfold_jobs.data.split import split_dataset


def dataset(files: dict[str, bytes], profile: Any = None, **options: Any) -> tuple[dict[str, Any], Shared]:
    plan, bucket = planned(files, **options)
    return {**plan, "profile": profile}, Shared(**bucket.objects)


def check_same(files: dict[str, bytes], folder: Path, hosts: tuple[int, ...] = (2, 3, 4), **options: Any) -> Came:
    """Several hosts do what one does; returns what that is."""
    plan, bucket = dataset(files, **options)
    one = by_one(plan, bucket, folder / "one")
    for count in hosts:
        plan, bucket = dataset(files, **options)
        several = by_hosts(count, plan, bucket, folder / f"of-{count}")
        first, *others = [str(error) for error in several.raised]
        assert first == str(one.raised[0])
        if one.raised[0] is not None:
            # those that have left the data to the first one have ended by then
            assert set(others) <= {first, "None"}
            continue
        assert set(others) == {"None"}
        assert not [key for key in bucket.objects if key.startswith("runs/r/split/")]
        assert several.returned == [*one.returned, *[None] * (count - 1)]
        assert several.files() == one.files()
        assert several.score() == one.score()
    return one


HEADER = ["size", "word", "when", "who", "fold", "label"]
SPLITS: list[dict[str, Any]] = [
    {"strategy": "stratified"},
    {"strategy": "kfold"},
    {"strategy": "kfold", "repeats": 3, "n_splits": 3},
    {"strategy": "stratified", "repeats": 2, "n_splits": 2},
    {"strategy": "group", "group_column": "who", "n_splits": 3},
    {"strategy": "stratified_group", "group_column": "who", "n_splits": 3},
    {"strategy": "leave_one_group_out", "group_column": "fold"},
    {"strategy": "time_series", "time_column": "when", "n_splits": 3},
    {"strategy": "predefined", "fold_column": "fold"},
]
CLASSES = ("stratified", "stratified_group")


def made(count: int, *, problem: str) -> list[list[str]]:
    """Rows of which some are copies, and some have no target, or no size."""
    rows = []
    for n in range(count):
        k = n if n % 11 else n // 3
        label = ("yes" if k * 7 % 10 < 4 else "no") if problem == "classification" else f"{k * 37 % 101}.25"
        label = "" if n % 29 == 17 else label
        day = f"2024-{k % 12 + 1:02d}-{k % 28 + 1:02d}"
        rows.append([f"{k}.5" if k % 13 else "", "abcdefg"[k % 7], day, f"p{k % 40}", "xyz"[k % 3], label])
    return rows


def as_files(
    rows: list[list[str]], cuts: list[int], delimiters: str = ",", quotings: tuple[int, ...] = (csv.QUOTE_MINIMAL,)
) -> dict[str, bytes]:
    """Rows in files, each of a dialect of its own."""
    files = {}
    borders = [0, *sorted(cuts), len(rows)]
    for place, (begin, end) in enumerate(pairwise(borders)):
        text = io.StringIO()
        delimiter = delimiters[place % len(delimiters)]
        quoting: Any = quotings[place % len(quotings)]
        turned = place % 3 == 2
        order = list(reversed(range(len(HEADER)))) if turned else list(range(len(HEADER)))
        writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\n")
        writer.writerows([[row[at] for at in order] for row in (HEADER, *rows[begin:end])])
        files[f"data/{place:02d}.csv"] = text.getvalue().encode()
    return files


@pytest.mark.parametrize("sampled", [True, False], ids=["sampled", "profiled"])
@pytest.mark.parametrize("problem", ["classification", "regression"])
@pytest.mark.parametrize("splitting", sampled(SPLITS, 2), ids=lambda one: "-".join(map(str, one.values())))
def test_several_hosts_write_what_one_writes(
    tmp_path: Path,
    splitting: dict[str, Any],
    problem: str,
    sampled: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if problem == "regression" and splitting["strategy"] in CLASSES:
        splitting = {**splitting, "strategy": "kfold" if splitting["strategy"] == "stratified" else "group"}
    monkeypatch.setattr(sampling, "SAMPLE_ROWS", 150)
    monkeypatch.setattr(score_chunks, "CHUNK_BYTES", 1500)
    files = as_files(made(500, problem=problem), [60, 61, 200, 330, 420])
    profile = None
    if not sampled:
        plan, bucket = dataset(files, problem=problem, **splitting)
        (returned,) = by_one(plan, bucket, tmp_path / "before").returned
        profile = {key: value for key, value in returned.items() if key != "rows_to_score"}
    one = check_same(files, tmp_path, problem=problem, profile=profile, **splitting)
    assert one.raised == [None]
    assert one.returned[0]["rows"] == 500
    assert one.returned[0]["rows_without_target"] == 17
    assert one.score()
    assert "row by row" not in capsys.readouterr().out


CELLS = st.sampled_from(["1", "2.5", "-3", "", "NA", "0", "12345678.125", "1e3"])
WORDS = st.sampled_from(["a", "b, c", "d", "", "null", "ü", "e\nf"])
DATES = st.sampled_from(["2024-01-31", "2024-02-01", "2023-12-24", "2024-01-01"])
ROW = st.tuples(CELLS, WORDS, DATES, st.sampled_from("pqrst"), st.sampled_from("xyz"))


@st.composite
def datasets(draw: st.DrawFn) -> tuple[list[list[str]], list[int], dict[str, Any]]:
    """Rows, where they are cut into files, and how they are to be split."""
    problem = draw(st.sampled_from(["classification", "regression"]))
    labels = st.sampled_from(["yes", "no"] if problem == "classification" else ["1.5", "2", "-1", "7"])
    splitting = draw(st.sampled_from([one for one in SPLITS if problem == "classification" or not is_for_classes(one)]))
    rows = draw(st.lists(st.tuples(ROW, st.one_of(labels, labels, st.just(""))), min_size=20, max_size=80))
    cuts = draw(st.lists(st.integers(1, len(rows) - 1), min_size=3, max_size=6, unique=True))
    return [[*row, label] for row, label in rows], cuts, {"problem": problem, **splitting}


def is_for_classes(splitting: dict[str, Any]) -> bool:
    return splitting["strategy"] in CLASSES


@settings(max_examples=40, deadline=None)
@given(datasets(), st.sampled_from([2, 3, 4]), st.integers(1, 30), st.booleans())
def test_whatever_the_rows_are_hosts_write_or_refuse_as_one(
    made_of: tuple[list[list[str]], list[int], dict[str, Any]], hosts: int, first: int, dialects: bool
) -> None:
    rows, cuts, options = made_of
    files = as_files(rows, cuts, *((",;\t", (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)) if dialects else ()))
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(sampling, "SAMPLE_ROWS", first)
        patch.setattr(score_chunks, "CHUNK_BYTES", 300)
        check_same(files, Path(folder), (hosts,), **options)


def changed(place: int, what: bytes | None = None, *, header: bytes = b"") -> dict[str, bytes]:
    """Six files, of which one has a line more, or another header."""
    files = as_files(made(300, problem="classification"), [60, 61, 120, 200, 260])
    name = f"data/{place:02d}.csv"
    files[name] = files[name] + (what or b"") if not header else header + files[name].partition(b"\n")[2]
    return files


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (changed(4, b"1,2\n"), r"data/04.csv, line 62: 2 cells"),
        (changed(1, header=b"size,word,when,who,fold,other\n"), r"data/01.csv, line 1: the header .* lacks 'label'"),
        (changed(4, header=b"size,word,when,who,fold,other\n"), r"data/04.csv, line 1: the header .* lacks 'label'"),
        (changed(3, b'1,"a"b,2024-01-01,p1,x,yes\n'), None),
        (changed(4, b"Total,,,,,\n"), None),
        (changed(4, b"oops,a,2024-01-01,p1,x,yes\n"), r"'oops' in column 'size'"),
        (changed(4, b"1,a,2024-01-01,p1,x,\xff\n"), None),
    ],
    ids=["cells", "header of the first host", "header", "quote", "totals", "cell", "byte"],
)
def test_what_one_host_can_t_read_is_read_or_refused_as_by_one(
    tmp_path: Path, files: dict[str, bytes], told: str | None
) -> None:
    one = check_same(files, tmp_path)
    if told is not None:
        assert re.search(told, str(one.raised[0]))


def test_of_faults_in_files_of_several_hosts_all_tell_the_one_that_one_host_would(tmp_path: Path) -> None:
    files = changed(1, b"1,2\n") | {"data/05.csv": changed(5, header=b"size\n")["data/05.csv"]}
    one = check_same(files, tmp_path)
    assert "data/01.csv, line 3" in str(one.raised[0])


def test_data_that_must_be_read_row_by_row_is_read_by_the_first_host_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, bucket = dataset(changed(4, b"Total,,,,,\n"))
    came = by_hosts(3, plan, bucket, tmp_path)
    assert came.returned[0]["rows"] == 300
    assert came.returned[1:] == [None, None]
    assert not list((tmp_path / "disks/algo-2/output").iterdir())
    said = "the data is read row by row, which takes longer, by algo-1 alone: s3://bucket/data/04.csv: "
    assert capsys.readouterr().out.count(said) == 3


def test_a_column_that_only_later_hosts_fill_is_no_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SAMPLE_ROWS", 50)
    monkeypatch.setattr(sampling, "ROWS_OF_A_BLOCK", 1)
    rows = made(400, problem="classification")
    for n, row in enumerate(rows):
        row[1] = "b" if n == 390 else "a"
    one = check_same(as_files(rows, [100, 200, 300]), tmp_path)
    assert "word" in one.returned[0]["readings"]


def test_a_column_that_is_useless_in_all_files_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SAMPLE_ROWS", 50)
    rows = made(400, problem="classification")
    for n, row in enumerate(rows):
        row[1], row[3] = "a", str(2**54 + 3 * n)
    one = check_same(as_files(rows, [100, 200, 300]), tmp_path)
    assert {"word", "who"} <= set(one.returned[0]["left_out"])


def test_rows_to_score_are_written_by_the_first_host(tmp_path: Path) -> None:
    files = as_files(made(300, problem="classification"), [100, 200])
    plan, bucket = dataset(files, predict=True)
    bucket.objects["predict"] = files["data/00.csv"]
    came = by_hosts(3, plan, bucket, tmp_path)
    assert came.returned[0]["rows_to_score"] == 100
    assert [file.name for file in (came.output / "score").iterdir()] == ["chunk-00000.csv"]


def test_a_fault_in_the_rows_to_score_fails_every_host(tmp_path: Path) -> None:
    plan, bucket = dataset(as_files(made(300, problem="classification"), [100, 200]), predict=True)
    bucket.objects["predict"] = b"size\n1\n"
    came = by_hosts(3, plan, bucket, tmp_path)
    assert len({str(error) for error in came.raised}) == 1
    assert "s3://bucket/predict" in str(came.raised[0])


def test_a_host_without_rows_of_the_holdout_writes_no_chunk_and_the_first_one_always(tmp_path: Path) -> None:
    rows = made(300, problem="classification")
    for n, row in enumerate(rows):
        row[4] = "holdout" if n >= 200 else "xy"[n % 2]
    files = as_files(rows, [100, 200])
    plan, bucket = dataset(files, strategy="predefined", fold_column="fold")
    came = by_hosts(3, plan, bucket, tmp_path)
    assert came.raised == [None] * 3
    assert [file.name for file in sorted((came.output / "score").iterdir())] == [
        "chunk-00-00000.csv",
        "chunk-02-00000.csv",
    ]
    check_same(files, tmp_path / "same", strategy="predefined", fold_column="fold")


def test_what_breaks_one_host_fails_all_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = split._write_rows

    def full(plan: Any, read: Any, output: Path, hosts: Hosts) -> None:
        if hosts.place == 1:
            raise OSError("no space left on device")
        written(plan, read, output, hosts)

    monkeypatch.setattr(split, "_write_rows", full)
    plan, bucket = dataset(as_files(made(300, problem="classification"), [100, 200]))
    came = by_hosts(3, plan, bucket, tmp_path)
    assert isinstance(came.raised[1], OSError)
    for other in (came.raised[0], came.raised[2]):
        assert isinstance(other, HostError)
        assert str(other) == "instance algo-2 failed: OSError: no space left on device"
    said = "what the instances have told each other stays at s3://bucket/runs/r/split/"
    assert capsys.readouterr().out.count(said) == 1


def test_a_host_that_tells_nothing_is_waited_for_as_long_as_the_job_may_take(tmp_path: Path) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    plan, bucket = dataset(as_files(made(300, problem="classification"), [100, 200]))
    at = Meeting(bucket, FOLDER, tmp_path, 3600, lambda: now, sleep)  # type: ignore[arg-type]
    with pytest.raises(HostError, match=r"instance algo-2 has told nothing for 36[01][0-9] s; see its log"):
        split_dataset(plan, bucket, tmp_path / "out", Hosts(["algo-1", "algo-2"], "algo-1", at))  # type: ignore[arg-type]
    assert 3600 < now <= 3600 + meeting.LONGEST_WAIT


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.integers(1, 20))
def test_each_host_reads_files_that_follow_one_another_and_none_is_left(sizes: list[int], hosts: int) -> None:
    found = own_files(sizes, hosts)
    assert len(found) == hosts
    assert [place for files in found for place in files] == list(range(len(sizes)))
    assert all(found) or len(sizes) < hosts


def test_files_are_divided_by_their_bytes() -> None:
    assert own_files([100, 10, 10, 10, 10, 10, 50], 2) == [range(1), range(1, 7)]
    assert own_files([1] * 8, 4) == [range(2), range(2, 4), range(4, 6), range(6, 8)]
    assert own_files([1000, 1, 1, 1], 4) == [range(1), range(1, 2), range(2, 3), range(3, 4)]


def test_the_job_finds_the_hosts_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    config = tmp_path / "resourceconfig.json"
    names = [f"algo-{place}" for place in range(1, 12)]
    config.write_text(json.dumps({"current_host": "algo-10", "hosts": sorted(names)}))
    plan: Any = {"locations": {"run": "s3://bucket/runs/r/"}, "timeouts": {"processing": 3600}}
    hosts = meeting.read_hosts(config, Shared(), plan, tmp_path)  # type: ignore[arg-type]
    assert (hosts.names, hosts.place, hosts.is_first) == (names, 9, False)
