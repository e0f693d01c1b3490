"""The columnar reader and the row-wise one decide alike, or the file is left to rows."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.training_code.split_job import Bucket, csv_bytes, plan_for
from warmfold_data.rules import DatasetRuleError
from warmfold_jobs.data.columnar import NotColumnarError
from warmfold_jobs.data.reading import Read, by_columns, by_rows

NUMBERS = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["", "NA", "-inf", " 2.5", "1e5", "+3", ".5", "5.", "-0", "1e999", "00012", "nan", "1e-320"]),
)
WORDS = st.one_of(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=6),
    st.sampled_from(["", "None", "red", " red", 'say "no"', "a, b", "x\ny", "x\r\ny", "\ufeff", "é", "e\u0301"]),
)
ODD = st.sampled_from(["x", "1_000", "1,5", "١", "0x10", "true", "nan(1)", "\r", '"', "1 2"])
CELLS = {
    "numeric": NUMBERS,
    "text": WORDS,
    "boolean": st.sampled_from(["true", "False", "TRUE", "", "NA"]),
    "odd": st.one_of(NUMBERS, NUMBERS, NUMBERS, ODD),
}
LABELS = {"classes": st.sampled_from(["a", "b", "", " b", "NA"]), "numbers": NUMBERS, "few": st.sampled_from("012")}


def raw(cells: list[str], quoting: str, delimiter: str = ",") -> str:
    """A line of CSV, written by hand: with the quotes that must be, with all, or with none."""
    if quoting == "none":
        return delimiter.join(cells)
    must = [quoting == "all" or any(mark in cell for mark in f'{delimiter}"\r\n') for cell in cells]
    return delimiter.join('"' + c.replace('"', '""') + '"' if q else c for c, q in zip(cells, must, strict=True))


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A CSV file of up to four features and a target, mostly as it should be."""
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    label = LABELS[draw(st.sampled_from(sorted(LABELS)))]
    rows = draw(st.lists(st.tuples(*(CELLS[kind] for kind in kinds), label), min_size=20, max_size=60))
    quoting = draw(st.sampled_from(["must", "must", "all", "none"]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    delimiter = draw(st.sampled_from([",", ",", ";", "\t", "|"]))
    header = [*(f"c{n}" for n in range(len(kinds))), "label"]
    lines = [raw(row, quoting, delimiter) for row in [header, *map(list, rows)]]
    if draw(st.integers(0, 9)) == 0:
        line = draw(
            st.sampled_from(["", "  ", '"a"b,1', "1,2,3,4,5,6,7", "\ufeff", '""', '"open', "a\rb", "\x00"])
            | st.sampled_from(
                [lines[0], delimiter.join(["Total"] + ["7"] * len(kinds)), delimiter.join(["kg"] * len(header))]
            )
        )
        lines.insert(draw(st.integers(1, len(lines))), line)
    text = draw(st.sampled_from(["", "\ufeff"])) + end.join(lines) + draw(st.sampled_from(["", end]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "cp1252"]))
    data = text.encode(encoding, "replace")
    return gzip.compress(data) if draw(st.integers(0, 5)) == 0 else data


def outcome(read: Any) -> tuple[Any, ...] | str:
    """What a reader makes of a file, to be compared; its error's text when it refuses it."""
    try:
        found: Read = read()
        blocks = list(found.blocks)
    except DatasetRuleError as error:
        return str(error)
    typed = pa.Table.from_batches([typed for typed, _, _ in blocks])
    texts = pa.Table.from_batches([texts for _, texts, _ in blocks])
    placements = [one.tolist() for one in (found.placements, *found.further)]
    return found.profile, placements, typed.schema, repr(typed.to_pydict()), texts.to_pydict()


OF_A_SAMPLE = ("file", "facts", "missing", "remarks")
"""What a profile says of the rows that were looked at."""


def compared(data: bytes, **settings_: Any) -> bool:
    """Whether the columnar reader took the file; fails unless it then decides as the row-wise one.

    It is tried with the profile that Plan Run makes, and without one, as for data that is too large for Plan Run.
    """
    plan: Any = plan_for(n_splits=2, **settings_) | {"metric_classes": None, "problem_sampled": True}
    reference = outcome(lambda: by_rows(plan, Bucket(data=data)))  # type: ignore[arg-type]
    took = []
    for profile in [None] if isinstance(reference, str) else [None, reference[0]]:
        with TemporaryDirectory() as scratch:
            try:
                ours = outcome(lambda: by_columns(plan | {"profile": profile}, Bucket(data=data), Path(scratch)))  # type: ignore[arg-type]  # noqa: B023
            except NotColumnarError:
                took.append(False)
                continue
        took.append(True)
        if profile is None and not isinstance(ours, str) and not isinstance(reference, str):
            if reference[0]["rows_without_target"]:  # some have a word for a missing value there, and are looked at
                for one in (ours[0], reference[0]):
                    one["readings"] = {c: {**r, "categories": None} for c, r in one["readings"].items()}
            for name in OF_A_SAMPLE:
                ours[0].pop(name)
            assert ours[0] == {key: value for key, value in reference[0].items() if key not in OF_A_SAMPLE}
            assert ours[1:] == reference[1:]
        else:
            assert ours == reference
    return all(took)


NO_SUCH_TARGET = gzip.compress(("c0;c1;label\n" + "0.0;;a\n" * 12 + "0.0;,;a\n" + "0.0;\n;a\n" * 8).encode(), mtime=0)
"""A file of one column, for all that can be told, and of a row with more cells."""


@pytest.mark.parametrize(
    "examples", [pytest.param(100, id="sample"), pytest.param(2000, id="all", marks=pytest.mark.long)]
)
def test_both_readers_decide_alike(examples: int) -> None:
    taken = []

    @settings(max_examples=examples, deadline=None)
    @example(data=NO_SUCH_TARGET, strategy=None, repeats=1)
    @given(data=files(), strategy=st.sampled_from([None, "kfold"]), repeats=st.sampled_from([1, 3]))
    def check(data: bytes, strategy: str | None, repeats: int) -> None:
        taken.append(compared(data, strategy=strategy, repeats=repeats))

    check()
    assert sum(taken) > 0.3 * len(taken), "too few files are taken by columns to compare anything"


@pytest.mark.parametrize("columns", ["size;label", "size,label"])
@pytest.mark.parametrize("row", ["1,2,3", '1,"x"y', "a\x00,b"])
def test_what_is_wrong_with_the_columns_is_said_before_what_is_wrong_with_a_row(columns: str, row: str) -> None:
    data = "\n".join([columns, *["1,a", "2,b"] * 20, row, *["1,a"] * 20]).encode()
    plan: Any = plan_for(n_splits=2) | {"metric_classes": None, "problem_sampled": True}
    plan["experiment"]["target"] = "price"
    said = [outcome(lambda: by_rows(plan, Bucket(data=data)))]  # type: ignore[arg-type]
    with TemporaryDirectory() as scratch:
        said.append(outcome(lambda: by_columns(plan, Bucket(data=data), Path(scratch))))  # type: ignore[arg-type]
    assert [str(one).partition("; ")[0] for one in said] == [
        "s3://bucket/data: no column is called 'price', the `target` of experiment.yaml"
    ] * 2


def table(rows: int) -> list[list[str]]:
    return [
        [str(n * 0.5), ["red, or", 'say "x"', "li\nne", ""][n % 4], ["true", "FALSE"][n % 2], "ab"[n % 2]]
        for n in range(rows)
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", ["must", "all"])
def test_quotes_commas_and_line_breaks_are_read_by_columns(quoting: str, end: str) -> None:
    header = ["size", "word", "flag", "label"]
    assert compared(end.join(raw(row, quoting) for row in [header, *table(100)]).encode())


@pytest.mark.parametrize(
    "line", ['"a"b,1,x', "1,a\rb,x", '1,a"b,x', "1,2", "1,2,3,4", '1,"open,x', "1,a\x00,x", "tall,1,x", "   "]
)
def test_what_could_be_read_otherwise_is_left_to_the_row_wise_reader(line: str) -> None:
    rows = [f"{n},word,{'xy'[n % 2]}" for n in range(2000)]
    assert compared("\n".join(["size,word,label", *rows]).encode())
    assert not compared("\n".join(["size,word,label", *rows[:1500], line, *rows[1500:]]).encode())


def test_blocks_end_where_records_end(monkeypatch: pytest.MonkeyPatch) -> None:
    data = csv_bytes(["size", "word", "flag", "label"], table(4000))
    for size in (999, 1000, 1001, 50_000):
        monkeypatch.setattr("warmfold_jobs.data.columnar.BLOCK_BYTES", size)
        assert compared(data)


def test_a_kind_that_only_later_rows_have_is_found() -> None:
    rows = [[str(n), "", "ab"[n % 2]] for n in range(1500)]
    rows[1405][1] = "late"
    assert not compared(csv_bytes(["size", "word", "label"], rows))


@pytest.mark.parametrize(
    "keys",
    [
        {"strategy": "stratified_group", "group_column": "who"},
        {"strategy": "group", "group_column": "who", "repeats": 3},
        {"strategy": "leave_one_group_out", "group_column": "fold"},
        {"strategy": "predefined", "fold_column": "fold"},
        {"strategy": "time_series", "time_column": "day"},
    ],
)
def test_a_column_that_divides_the_rows_does_so_by_columns(keys: dict[str, Any]) -> None:
    header = ["size", "who", "fold", "day", "label"]
    rows = [
        [
            repr(n * 0.37 % 5),
            f"p{n * 7 % 40}",
            f"f{n % 4}",
            f"2024-{n * 5 % 12 + 1:02}-{n % 28 + 1:02}",
            "ab"[n * n % 3 % 2],
        ]
        for n in range(400)
    ]
    assert compared(csv_bytes(header, rows), **keys)
    rows[300][[*header].index(next(value for key, value in keys.items() if key != "strategy"))] = ""
    assert not compared(csv_bytes(header, rows), **keys)


@pytest.mark.parametrize("row", ["1,x,b", '1,"x'])
def test_of_several_faults_both_name_the_same(row: str) -> None:
    assert compared("\n".join(["size,word", *["1,x"] * 30, row, "2,y"]).encode())
