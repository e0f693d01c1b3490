"""data.parquet: its footer read without pyarrow, its values split as those of a CSV file would be."""

from __future__ import annotations

import decimal
import io
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.training_code.dataset import refusal
from tests.unit.training_code.split_job import Bucket, plan_for, read, whole
from warmfold_data.asked import Asked
from warmfold_data.errors import DatasetRuleError
from warmfold_data.parquet_columns import suggest
from warmfold_data.parquet_footer import Footer, read_footer
from warmfold_jobs.data.split import split_dataset

KEY = "datasets/d/data.parquet"
COLUMNS: dict[str, tuple[pa.DataType, Any]] = {
    "int8": (pa.int8(), st.integers(-128, 127)),
    "int32": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "uint32": (pa.uint32(), st.integers(0, 2**32 - 1)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "float": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "double": (pa.float64(), st.floats(allow_nan=False)),
    "bool": (pa.bool_(), st.booleans()),
    "text": (pa.string(), st.text(max_size=3)),
    "words": (pa.dictionary(pa.int32(), pa.string()), st.sampled_from(["a", "b"])),
    "date": (pa.date32(), st.dates()),
    "moment": (pa.timestamp("us"), st.datetimes()),
    "money": (pa.decimal128(9, 2), st.decimals(-999, 999, places=2)),
}
KINDS = {"bool": "boolean", "text": "text", "words": "text", "date": "date", "moment": "date"}


def written(table: pa.Table, **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def footer_of(data: bytes) -> Footer:
    return read_footer(len(data), lambda start, length: data[start : start + length], file="data.parquet")


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 8))
    names = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, unique=True))
    arrays = []
    for name in names:
        kind, values = COLUMNS[name]
        arrays.append(pa.array(draw(st.lists(values | st.none(), min_size=rows, max_size=rows)), kind))
    return pa.table(dict(zip(names, arrays, strict=True)))


@settings(max_examples=150, deadline=None)
@given(table=tables(), group=st.integers(1, 5), version=st.sampled_from(["1.0", "2.6"]), statistics=st.booleans())
def test_a_footer_says_what_pyarrow_reads_in_it(table: pa.Table, group: int, version: str, statistics: bool) -> None:
    data = written(table, row_group_size=group, version=version, write_statistics=statistics)
    metadata, footer = pq.read_metadata(io.BytesIO(data)), footer_of(data)
    assert footer.rows == metadata.num_rows
    assert [column.name for column in footer.columns] == table.column_names
    for at, column in enumerate(footer.columns):
        assert column.kind == KINDS.get(column.name, "numeric")
        assert column.whole == ("int" in column.name)
        told = [statistics_of(metadata, number, at) for number in range(metadata.num_row_groups)]
        if None in told:
            assert (column.minimum, column.maximum) == (None, None)
            continue
        assert column.nulls == sum(one["null_count"] for one in told if one)
        held = [one for one in told if one and one["has_min_max"]]
        if column.whole and held:
            assert column.minimum == min(one["min"] for one in held)
            assert column.maximum == max(one["max"] for one in held)


def statistics_of(metadata: Any, row_group: int, column: int) -> dict[str, Any] | None:
    """Plain values, for pyarrow's own do not outlive what they are of."""
    group = metadata.row_group(row_group)
    chunk = group.column(column)
    found = chunk.statistics
    return None if found is None else dict(found.to_dict())


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (pa.list_(pa.int64()), [1], "lists"),
        (pa.struct({"x": pa.int64()}), {"x": 1}, "values within values"),
        (pa.map_(pa.string(), pa.int64()), [("a", 1)], "maps"),
        (pa.binary(), b"x", "bytes"),
        (pa.time64("us"), 1, "time"),
    ],
)
def test_what_is_no_column_of_cells_is_refused_by_name(kind: pa.DataType, value: Any, said: str) -> None:
    data = written(pa.table({"a": [1], "odd": pa.array([value], kind), "b": [1]}))
    with pytest.raises(DatasetRuleError, match=f"data.parquet: 'odd' holds {said}, which no feature can be made of"):
        suggest(footer_of(data), file="data.parquet", asked=Asked())


@pytest.mark.parametrize("cut", [1, 4, 30])
def test_a_broken_file_is_refused_as_such(cut: int) -> None:
    data = written(pa.table({"a": [1, 2], "b": [1, 2]}))
    for broken in (data[:-cut], data[4:12] + data[-8:], data[:4]):
        with pytest.raises(DatasetRuleError, match=r"^data\.parquet: (not a whole Parquet file|its Parquet footer)"):
            footer_of(broken)


ONE_OF_EACH = {
    **dict.fromkeys(["int8", "int32", "int64", "uint32", "uint64"], 7),
    **dict.fromkeys(["float", "double"], 0.5),
    "bool": True,
    **dict.fromkeys(["text", "words"], "a"),
    "date": date(2024, 2, 29),
    "moment": datetime(2024, 2, 29, 12),
    "money": decimal.Decimal("1.50"),
}


def footers() -> list[bytes]:
    """Of a file with a column of every kind in two row groups, and of one whose column holds others."""
    flat = {name: pa.array([ONE_OF_EACH[name], None] * 2, kind) for name, (kind, _) in COLUMNS.items()}
    nested = {"list": pa.array([[1], [2, 3], None]), "pair": pa.array([{"x": 1}, None, {"x": 2}]), "y": [1, 2, 3]}
    files = [written(pa.table(columns), row_group_size=2) for columns in (flat, nested)]
    return [data[-8 - int.from_bytes(data[-8:-4], "little") : -8] for data in files]


REAL = footers()


@st.composite
def broken_footers(draw: st.DrawFn) -> bytes:
    """A footer that was whole until one to three of its bytes were others."""
    footer = bytearray(draw(st.sampled_from(REAL)))
    for place in draw(st.lists(st.integers(0, len(footer) - 1), min_size=1, max_size=3, unique=True)):
        footer[place] ^= draw(st.integers(1, 255))
    return bytes(footer)


def understood(footer: bytes) -> None:
    data = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    suggest(footer_of(data), file="data.parquet", asked=Asked())


@settings(max_examples=300, deadline=None)
@given(footer=broken_footers())
@example(footer=b"")
@example(footer=b"noise")
@example(footer=bytes(range(256)))
@example(footer=b"\x1c" * 300)
def test_no_footer_of_any_bytes_does_harm(footer: bytes) -> None:
    with suppress(DatasetRuleError):
        understood(footer)


def test_the_footers_that_are_broken_here_were_whole() -> None:
    understood(REAL[0])
    with pytest.raises(DatasetRuleError, match=r"'list' holds lists, 'pair' holds values within values"):
        understood(REAL[1])


@pytest.mark.parametrize(
    ("values", "problem", "why"),
    [
        (["a", "b"], "classification", "its values are texts"),
        ([True, False], "classification", "its values are true or false"),
        ([0.5, 1.0], "regression", "its values are no whole numbers by their type"),
        ([3, 7], "classification", "its values are the whole numbers from 3 to 7"),
        ([3, 700], "regression", "its values are whole numbers from 3 to 700"),
    ],
)
def test_what_is_predicted_follows_from_types_and_statistics(values: list[Any], problem: str, why: str) -> None:
    found = suggest(footer_of(written(pa.table({"x": [1, 2], "y": values}))), file="f", asked=Asked())
    assert (found.target, found.problem, found.problem_why) == ("y", problem, why)
    assert bool(found.remarks) == (problem == "regression" and isinstance(values[0], int))


def frame(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    moments = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 10**8, rows), unit="s")
    return pd.DataFrame(
        {
            "size": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
            "count": rng.integers(0, 1000, rows),
            "flag": rng.random(rows) < 0.5,
            "zip": [f"0{n:04}" for n in rng.integers(0, 10, rows)],
            "seen": moments,
            "label": np.where(rng.random(rows) < 0.4, "yes", "no"),
        }
    )


def split(table: pa.Table, output: Path, **options: Any) -> Any:
    plan = plan_for(**options)
    plan["data"]["key"], plan["problem_sampled"] = KEY, True
    return split_dataset(plan, Bucket(**{KEY: written(table, row_group_size=70)}), output)  # type: ignore[arg-type]


def test_a_table_is_split_as_its_text_would_be(tmp_path: Path) -> None:
    data = frame()
    profile = split(pa.Table.from_pandas(data), tmp_path / "typed")
    text = data.assign(flag=data["flag"].map({True: "true", False: "false"})).to_csv(index=False).encode()
    plan = plan_for() | {"problem_sampled": True}
    plan["experiment"]["columns"] = {"zip": "text"}
    split_dataset(plan, Bucket(data=text), tmp_path / "text")  # type: ignore[arg-type]
    kinds = {name: one["kind"] for name, one in profile["readings"].items()}
    assert kinds == {
        "size": "numeric",
        "count": "numeric",
        "flag": "boolean",
        "zip": "text",
        "seen": "date",
        "label": "text",
    }
    assert whole(tmp_path / "typed") == whole(tmp_path / "text")
    header, rows = read(tmp_path / "typed" / "score" / "chunk-00000.csv")
    assert (header, rows) == read(tmp_path / "text" / "score" / "chunk-00000.csv")
    assert profile["file"] == f"s3://bucket/{KEY}"


def test_values_have_one_way_of_being_written(tmp_path: Path) -> None:
    rows = 60
    table = pa.table(
        {
            "f32": pa.array([0.1] * rows, pa.float32()),
            "n": pa.array(range(0, rows * 7, 7)),
            "money": pa.array([decimal.Decimal("1.50"), decimal.Decimal("-2.25")] * (rows // 2), pa.decimal128(9, 2)),
            "day": pa.array([date(1969, 12, 31), date(2024, 2, 29)] * (rows // 2)),
            "at": pa.array(
                [datetime(1969, 12, 31, 23, 59, 59, 500000, UTC), None] * (rows // 2),
                pa.timestamp("us", "Europe/Berlin"),
            ),
            "word": pa.array(["x", None] * (rows // 2)).dictionary_encode(),
            "label": pa.array(["yes", "yes", "no"] * (rows // 3)),
        }
    )
    split(table, tmp_path)
    header, cells = read(tmp_path / "score" / "chunk-00000.csv")
    seen = {name: {row[at] for row in cells} for at, name in enumerate(header)}
    assert seen["f32"] == {"0.1"}
    assert seen["money"] == {"1.50", "-2.25"}
    assert seen["day"] == {"1969-12-31", "2024-02-29"}
    assert seen["at"] == {"1969-12-31 23:59:59", ""}
    assert seen["word"] == {"x", ""}


def test_a_type_that_the_values_do_not_bear_out_is_asked_about(tmp_path: Path) -> None:
    table = pa.table({"x": np.arange(100) * 1.5, "label": [0.0, 1.0] * 50})
    with pytest.raises(DatasetRuleError, match="looks like regression by its type and like classification in all"):
        split(table, tmp_path, problem="regression", strategy="kfold")


@pytest.mark.parametrize(
    ("value", "told"),
    [("a\0b", "a zero byte in column 'word'"), ("x" * 1_300_000, "the row is longer than 1200000 bytes")],
)
def test_what_no_row_to_score_could_hold_is_refused_by_its_row(tmp_path: Path, value: str, told: str) -> None:
    table = pa.table({"x": range(90), "word": ["a"] * 80 + [value] + ["b"] * 9, "label": ["yes", "no", "no"] * 30})
    refusal(lambda: split(table, tmp_path), f"s3://bucket/{KEY}, line 81 of data.parquet: {told}")
