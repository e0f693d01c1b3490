"""What a file is by its first bytes and lines: the same records whatever its dialect, or a name for what it is not."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from warmfold_data.byte_streams import GZIP_GRACE_BYTES
from warmfold_data.csv_records import CsvRecords, read_records
from warmfold_data.errors import DatasetRuleError
from warmfold_data.headers import MAX_COLUMNS
from warmfold_run.experiment import AS_IT_SHOWS, AskedDialect

HEADER = ["income", "age", "city", "churn"]
CITIES = ["Oslo", "Turin", "Lyon", "Graz"]
ROWS = [[f"{1000 + n * 7.25}", f"{20 + n % 60}", CITIES[n % 4], "yes" if n % 3 else "no"] for n in range(40)]


def asked(**said: Any) -> AskedDialect:
    return {**AS_IT_SHOWS, **said}  # type: ignore[typeddict-item]


def written(table: list[list[str]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(table)
    return text.getvalue()


def read(data: str | bytes, **options: Any) -> tuple[list[list[str]], CsvRecords]:
    """All records of a file, and what was said of it."""
    raw = data.encode() if isinstance(data, str) else data
    records = read_records(io.BytesIO(raw), file="data.csv", **options)
    return [row for _, row in records], records


def refused(data: str | bytes, **options: Any) -> str:
    with pytest.raises(DatasetRuleError) as caught:
        read(data, **options)
    assert str(caught.value).startswith("data.csv")
    assert str(caught.value).endswith((".", "?"))
    return str(caught.value)


def codes(records: CsvRecords) -> list[str]:
    return [remark["code"] for remark in records.remarks]


NAMES = st.lists(st.text("abcdefgh_ é", min_size=1, max_size=6), min_size=2, max_size=5, unique=True)
CELL = st.one_of(
    st.integers(-999, 10**6).map(str),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.2f}"),
    st.text("abcxyz ,;|\t\"'éß-", max_size=8),
    st.just(""),
)


@settings(max_examples=60)
@given(st.data(), NAMES, st.sampled_from(";\t|,"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.booleans())
def test_rows_are_the_same_in_every_delimiter_encoding_and_compression(
    data: st.DataObject, names: list[str], delimiter: str, encoding: str, packed: bool
) -> None:
    names = [name.strip() for name in names]
    assume(all(names) and len(set(names)) == len(names))
    rows = data.draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), min_size=2, max_size=9))
    assume(all(any(cell.strip() for cell in row) for row in rows))
    rows = [[f"{place}" if not place else cell for place, cell in enumerate(row)] for row in rows]
    text = written([names, *rows], delimiter)
    # only where nobody could take it for another dialect: no other mark is in the header
    raw = text.encode(encoding)
    found, records = read(gzip.compress(raw) if packed else raw, asked=asked(delimiter=delimiter))
    assert found == [[unicodedata.normalize("NFC", name) for name in names], *rows]
    assert records.dialect["compression"] == ("gzip" if packed else None)


@pytest.mark.parametrize("delimiter", list(",;\t|"))
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_delimiter_that_cuts_every_line_alike_is_taken_and_said(delimiter: str, ending: str) -> None:
    found, records = read(written([HEADER, *ROWS], delimiter).replace("\n", ending))
    assert found == [HEADER, *ROWS]
    assert records.dialect["delimiter"] == delimiter
    assert codes(records) == ([] if delimiter == "," else ["delimiter"])


@pytest.mark.parametrize("first", ["income, EUR", "income", '"income, EUR"'])
def test_semicolons_with_decimal_commas_are_read_whatever_the_header_holds(first: str) -> None:
    lines = [f"{first};age;city;churn", *(f"{row[0].replace('.', ',')};{row[1]};{row[2]};{row[3]}" for row in ROWS)]
    found, _ = read("\n".join(lines))
    assert found[0] == [first.strip('"'), "age", "city", "churn"]
    assert found[1][0] == "1000,0"
    assert {len(row) for row in found} == {4}


@pytest.mark.parametrize(
    "lines",
    [
        ["id,lat;lon,label", "17,1;2,yes", "18,3;4,no", "19,5;6,yes"],
        ["id,a|b|c,label", "17,x|y|z,yes", "18,u|v|w,no"],
        ["name,text", '1,"a;b;c"', '2,"d;e"'],
        ["a b,c,d", "w\tx,1,yes", "y\tz,2,no", "u\tv,3,no"],
        ["a,b\t", "1,2\t", "3,4\t"],
        ["when;what,who", "1;x,2", "2;y,3"],
    ],
)
def test_another_mark_inside_one_column_s_cells_does_not_cut_a_comma_file(lines: list[str]) -> None:
    found, records = read("\n".join(lines))
    assert records.dialect["delimiter"] == ","
    assert len(found[0]) == lines[0].count(",") + 1


@pytest.mark.parametrize("lines", [["a, EUR;b, EUR", "1,5;2,5", "2,5;3,5"], ["x;y,z|w", "1;2,3|4", "5;6,7|8"]])
def test_two_marks_that_both_may_be_meant_are_refused_until_one_is_named(lines: list[str]) -> None:
    text = "\n".join(lines)
    if "|" in text:
        assert read(text)[1].dialect["delimiter"] == ","
        return
    assert 'dialect: {delimiter: ";"}' in refused(text)
    assert read(text, asked=asked(delimiter=";"))[0] == [line.split(";") for line in lines]
    assert read(text, asked=asked(delimiter=","))[0][1] == ["1", "5;2", "5"]


def test_a_line_that_does_not_fit_is_named_in_the_file_s_own_delimiter() -> None:
    lines = written([HEADER, *ROWS], ";").splitlines()
    lines[20] = "1;2"
    assert "line 21: 2 cells, and the header has 4 columns" in refused("\n".join(lines))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_excel_s_line_that_names_the_delimiter_is_no_header(mark: str) -> None:
    found, records = read(f"sep={mark}\n" + written([HEADER, *ROWS], mark))
    assert found == [HEADER, *ROWS]
    assert codes(records) == ["separator_line"]
    assert records.dialect["first_line"] == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_by_its_mark_and_named_without(encoding: str) -> None:
    table = [["größe", "label"], ["1", "é"], ["2", "☃"]]
    raw = written(table).encode(encoding)
    if encoding != "utf-16":
        assert f"dialect: {{encoding: {encoding}}}" in refused(raw)
        assert read(raw, asked=asked(encoding=encoding))[0] == table
        raw = "\ufeff".encode(encoding) + raw
    found, records = read(raw)
    assert found == table
    assert codes(records) == ["encoding"]


WESTERN = ["Köln", "Málaga", "señor", "Füße", "Łódź"[1:], "français", "Ærø", "naïve", "L’Été", "Škoda", "œuvre", "5 €"]


@given(
    st.lists(st.sampled_from([word for word in WESTERN if word.encode("cp1252", "ignore").decode("cp1252") == word]))
)
@example(["Köln"])
def test_western_text_in_cp1252_is_read_with_words_to_check_it_by(words: list[str]) -> None:
    assume(words)
    table = [["city", "label"], *([word, "1"] for word in words)]
    found, records = read(written(table).encode("cp1252"))
    assert found == table
    assert records.dialect["encoding"] == "cp1252"
    (remark,) = records.remarks
    assert "cp1252, for example" in remark["text"]


@pytest.mark.parametrize(
    ("word", "encoding"),
    [("Москва", "cp1251"), ("東京都", "shift-jis"), ("北京市", "gbk"), ("Málaga", "mac-roman"), ("Köln", "cp437")],
)
def test_other_encodings_are_refused_and_read_once_they_are_named(word: str, encoding: str) -> None:
    table = [["city", "label"], [word, "1"], ["Oslo", "2"]]
    raw = written(table).encode(encoding)
    assert "dialect: {encoding: …}" in refused(raw)
    assert read(raw, asked=asked(encoding=encoding))[0] == table


def test_one_broken_byte_in_utf_8_is_not_another_encoding() -> None:
    raw = "city,label\nKöln,1\n".encode() + b"K\xf6ln,2\n"
    assert "not UTF-8 at byte 20 (0xf6), in line 3, and UTF-8 elsewhere" in refused(raw)


def test_utf_8_cut_where_the_sample_ends_is_utf_8() -> None:
    text = "a,b\n" + "é,1\n" * 300_000
    assert len(read(text)[0]) == 300_001


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "a,b\n1,2\n")
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("data.csv"), io.BytesIO())
    return file.getvalue()


def saved_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


def database(folder: Path) -> bytes:
    connection = sqlite3.connect(folder / "own.db")
    connection.execute("create table t (a)")
    connection.close()
    return (folder / "own.db").read_bytes()


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("an Excel workbook (.xlsx)", zipped("[Content_Types].xml")),
        ("a ZIP archive", zipped("data.csv")),
        ("an Excel workbook of the old kind", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)),
        ("a PDF", b"%PDF-1.7\n%\xe2\xe3"),
        ("bzip2", bz2.compress(written([HEADER, *ROWS]).encode())),
        ("xz", lzma.compress(b"a,b\n1,2\n")),
        ("a tar archive", tarred()),
        ("a tar archive", gzip.compress(tarred())),
        ("a NumPy array", saved_array()),
        ("a Python pickle", pickle.dumps(ROWS)),
        ("HTML", "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"),
        ("HTML", '\n  <html lang="en">\n<body>'),
        ("XML", '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>'),
        ("JSON", json.dumps([{"a": 1, "b": 2}])),
        ("JSON", json.dumps({"a": [1, 2]}, indent=1)),
        ("JSON", '{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n'),
        ("JSON", "[[1, 2], [3, 4]]"),
        ("a table in Markdown", "| a | b |\n|---|:-:|\n| 1 | 2 |\n"),
        ("what a Mac keeps beside a file", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"),
        ("a pointer of Git LFS", LFS),
        ("ARFF", "% iris\n@RELATION iris\n@ATTRIBUTE a REAL\n@DATA\n1\n"),
        ("UTF-32", "a,b\n1,2\n".encode("utf-32")),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_what_is_no_csv_is_called_by_its_name_with_a_remedy(kind: str, data: str | bytes) -> None:
    assert f"this is {kind}" in refused(data)


def test_parquet_and_a_database_are_called_by_their_names(tmp_path: Path) -> None:
    table = io.BytesIO()
    pd.DataFrame({"a": [1, 2]}).to_parquet(table)
    assert "this is Parquet, not CSV; upload it under the name data.parquet" in refused(table.getvalue())
    assert "this is an SQLite database" in refused(database(tmp_path))


@pytest.mark.parametrize("first", ["ORC", "PAR1", "BZh", "RDX", "GIF8", "[kg]", "{x}", "<a>", "PK", "version"])
def test_a_column_may_be_called_like_a_format(first: str) -> None:
    assert read(f"{first},label\n1,a\n2,b\n")[0][0] == [first, "label"]


def test_gzip_of_several_members_is_read_whole_and_broken_gzip_is_named() -> None:
    text = written([HEADER, *ROWS]).encode()
    assert read(gzip.compress(text[:100]) + gzip.compress(text[100:]))[0] == [HEADER, *ROWS]
    assert "this is gzip, and it ends too early" in refused(gzip.compress(text)[:-20])
    broken = bytearray(gzip.compress(text))
    broken[30:60] = b"x" * 30
    assert "this is gzip, and it can't be unpacked" in refused(bytes(broken))


def test_a_bomb_is_given_up_before_it_is_unpacked() -> None:
    line = b"1," + b"x" * 400_000 + b",a\n"  # few rows, or reading them would take longer than unpacking
    text = b"a,b,c\n" + line * (2 * GZIP_GRACE_BYTES // len(line))
    packed = gzip.compress(text, 6)
    assert len(text) / len(packed) > 300
    assert "no table is packed that tightly" in refused(packed)


LIMIT_ROWS = "a,b\n" + "1,2\n" * 9


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (",".join(f"c{n}" for n in range(MAX_COLUMNS + 1)) + "\n", f"line 1: {MAX_COLUMNS + 1} columns, more than"),
        (f"a,{'b' * 1001}\n1,2\n", "has 1001 characters, more than 1000"),
        (LIMIT_ROWS + f"1,{'x' * 500_001}\n", "line 11: a cell of the row that starts here has more than 500000"),
        (LIMIT_ROWS + ",".join(["x" * 400_000] * 4) + "\n", "line 11: the row that starts here is longer than 1200000"),
        ("x" * 3_000_000, "line 1: the row that starts here is longer"),
    ],
    ids=["columns", "name", "cell", "line", "no line end"],
)
def test_limits_are_held_before_anything_is_made_of_the_data(text: str, says: str) -> None:
    assert says in refused(text)


def test_as_many_columns_as_there_may_be_are_read() -> None:
    names = [f"c{n}" for n in range(MAX_COLUMNS)]
    assert read(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")[0][0] == names


def values(names: list[str], *rows: list[str]) -> str:
    return written([names, *(rows or ROWS)])


@pytest.mark.parametrize(
    "header",
    [
        ["0", "72", "Oslo", "yes"],
        ["2109.28", "72", "Oslo", "no"],
        ["2109.28", "72", "Bergen", "no"],
        ["2109.28", "72", "Bergen", "perhaps"],
    ],
)
def test_a_first_row_where_a_header_should_be_is_refused_with_both_remedies(header: list[str]) -> None:
    text = written([header, *ROWS])
    says = refused(text)
    assert "line 1: the header" in says
    assert "dialect: {header: false}" in says
    assert "dialect: {header: true}" in says
    found, records = read(text, asked=asked(header=False))
    assert found == [["column_1", "column_2", "column_3", "column_4"], header, *ROWS]
    assert (records.dialect["header"], records.dialect["first_line"]) == (False, 1)
    assert read(text, asked=asked(header=True))[0][0] == header


def test_a_header_of_nothing_but_numbers_and_one_of_nothing_but_the_columns_own_cells_are_refused() -> None:
    numbers = [[str(n), f"{n / 3:.2f}", str(n % 7)] for n in range(20)]
    assert "every name is a number" in refused(written(numbers))
    words = [["Oslo", "yes"], ["Turin", "no"], ["Oslo", "no"], ["Turin", "yes"], ["Oslo", "yes"]]
    assert "every name is also one of its column's cells" in refused(written(words))
    dates = [[f"2024-01-{n + 10}", str(n * n)] for n in range(9)]
    assert "looks like a row" in refused(written(dates))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (["0", "1", "2", "3"], ["5.1", "3.5", "1.4", "0.2"]),
        (["country", "2019", "2020", "2021"], ["Norway", "1", "2", "3"]),
        (["country", "2021", "2019", "2015"][:2], ["Norway", "1"]),
        (["2019", "2020", "2021"], ["4", "5", "6"]),
        (["station", "0.25", "0.5", "0.75", "label"], ["a", "1", "2", "3", "yes"]),
        (["shop", "2024-01-01", "2024-02-01"], ["x", "3", "4"]),
        (["id", "1", "2", "label"], ["17", "1", "2", "no"]),
    ],
)
def test_columns_that_are_called_by_numbers_or_dates_are_taken_with_a_remark(header: list[str], row: list[str]) -> None:
    rows = [[*row[:-1], row[-1]] for _ in range(20)]
    found, records = read(written([header, *rows]))
    assert found[0] == header
    assert codes(records) == ["numeric_names"]


@settings(max_examples=60)
@given(st.data())
def test_a_header_of_words_that_are_no_cells_is_never_refused(data: st.DataObject) -> None:
    width = data.draw(st.integers(2, 5))
    kinds = data.draw(st.lists(st.sampled_from(["number", "word", "date"]), min_size=width, max_size=width))
    cells = {
        "number": st.floats(-1e3, 1e3).map(lambda value: f"{value:.3f}"),
        "word": st.sampled_from(CITIES),
        "date": st.dates().map(str),
    }
    rows = data.draw(st.lists(st.tuples(*(cells[kind] for kind in kinds)), min_size=1, max_size=12))
    names = [f"{kind} {place}" for place, kind in enumerate(kinds)]
    found, records = read(written([names, *map(list, rows)]))
    assert found == [names, *map(list, rows)]
    assert (records.remarks, records.dialect["skipped"]) == ([], [])


def test_names_lose_blanks_and_are_composed_and_said() -> None:
    decomposed = unicodedata.normalize("NFD", "größe")
    found, records = read(f" age ,{decomposed},label\n1,2,a\n3,4,b\n")
    assert found[0] == ["age", "größe", "label"]
    assert codes(records) == ["column_names"]
    assert "used more than once" in refused("a, a\n1,2\n")


def test_an_index_without_a_name_and_an_empty_last_column_are_called_as_pandas_does() -> None:
    found, records = read(",a,\n0,5,\n1,6,\n")
    assert found[0] == ["Unnamed: 0", "a", "Unnamed: 2"]
    assert [(remark["code"], remark["column"]) for remark in records.remarks] == [
        ("unnamed_column", "Unnamed: 0"),
        ("unnamed_column", "Unnamed: 2"),
    ]
    assert "line 1: column 2 has no name" in refused("a,,b\n1,2,3\n")


@given(st.lists(st.integers(0, len(ROWS)), max_size=4))
@example([0])
@example([len(ROWS)])
def test_the_header_once_more_is_no_row_wherever_it_stands(places: list[int]) -> None:
    table = list(ROWS)
    for place in sorted(places, reverse=True):
        table.insert(place, HEADER)
    found, records = read(written([HEADER, *table]))
    assert found == [HEADER, *ROWS]
    lines = [n + 2 for n, row in enumerate(table) if row == HEADER]
    assert [(one["line"], one["row"]) for one in records.dialect["skipped"]] == [(line, line - 2) for line in lines]
    assert codes(records) == (["repeated_header"] if places else [])


@pytest.mark.parametrize(
    "units",
    [["EUR", "years", "", ""], ["(€)", "[y]", "", ""], ["USD", "-", "name", "yes/no"], ["float", "int", "", ""]],
)
def test_a_line_of_units_under_the_header_is_no_row(units: list[str]) -> None:
    text = written([HEADER, units, *ROWS])
    found, records = read(text)
    assert found == [HEADER, *ROWS]
    assert records.dialect["skipped"] == [{"line": 2, "row": 0, "why": "units"}]
    assert codes(records) == ["units_line"]
    assert "line 2: this is a line of units, not a row to score" in refused(text, to_score=True)


@pytest.mark.parametrize("row", [["n/a", "33", "Oslo", "yes"], ["", "", "Oslo", "yes"], ["12k", "33", "Oslo", "no"]])
def test_a_first_row_with_an_odd_cell_is_a_row(row: list[str]) -> None:
    found, records = read(written([HEADER, row, *ROWS]))
    assert found[1] == row
    assert records.dialect["skipped"] == []


SUMS = [f"{sum(float(row[0]) for row in ROWS):.2f}", f"{sum(int(row[1]) for row in ROWS)}"]


@pytest.mark.parametrize(
    "totals",
    [
        [["Total", SUMS[1], "", ""]],
        [["Sum:", "", "", ""]],
        [["Total", SUMS[1], "", ""], ["Average", f"{int(SUMS[1]) / 40:.2f}", "", ""]],
    ],
)
def test_totals_at_the_end_are_no_rows(totals: list[list[str]]) -> None:
    found, records = read(written([HEADER, *ROWS, *totals]))
    assert found == [HEADER, *ROWS]
    assert [one["line"] for one in records.dialect["skipped"]] == [42 + place for place in range(len(totals))]
    assert set(codes(records)) == {"totals_line"}
    assert read(written([HEADER, *ROWS, *totals]), to_score=True)[0][1:] == [*ROWS, *totals]


def test_a_total_in_a_column_of_words_is_one_by_its_sum_and_otherwise_a_row_with_a_remark() -> None:
    header, rows = ["city", "sales", "label"], [[CITIES[n % 4], str(n * 3 + 1), "ab"[n % 2]] for n in range(30)]
    total = str(sum(n * 3 + 1 for n in range(30)))
    assert read(written([header, *rows, ["Total", total, ""]]))[0] == [header, *rows]
    found, records = read(written([header, *rows, ["Total", "77", "a"]]))
    assert found[-1] == ["Total", "77", "a"]
    assert codes(records) == ["possible_totals"]


@pytest.mark.parametrize(
    "above", [["Sales 2024"], ["Sales 2024", ""], ["# made, with care", "# of 3"], ["Sales;;;", ""], ["Sales,,,"]]
)
def test_a_title_above_the_header_is_left_out_and_said(above: list[str]) -> None:
    found, records = read("\n".join(above) + "\n" + written([HEADER, *ROWS]))
    assert found == [HEADER, *ROWS]
    assert codes(records) == ["title_line"]
    assert records.dialect["first_line"] == len(above) + 2


def test_a_header_with_one_name_and_blanks_is_not_taken_for_a_title() -> None:
    found, records = read(',V1\nV1,Do you like it?\nV2,"Do you, often?"\n')
    assert found[0] == ["Unnamed: 0", "V1"]
    assert codes(records) == ["unnamed_column"]
    assert "column 2 has no name" in refused("a,,\n1,2,3\n4,5,6\n")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["a,b", "1,2,", "3,4,"], "line 2: 3 cells, and the header has 2 columns; the row ends in a delimiter"),
        (["a,b", "r1,1,2", "r2,3,4"], "name the first column in the header (R: write.csv(row.names=FALSE))"),
        (["text", "well; you, 1", "well; me, 2"], "line 2: 2 cells, and the header has 1 columns"),
        (["text", "well, then, 1", "so, what, 2"], "line 2: 3 cells, and the header has 1 columns"),
        (["a,b", "1,2", "Source: an office"], "line 3: 1 cells, and the header has 2 columns"),
    ],
)
def test_rows_of_another_width_are_refused_by_line_with_what_is_likely(lines: list[str], says: str) -> None:
    assert says in refused("\n".join(lines))


def test_in_a_file_of_one_column_a_blank_line_is_a_row_with_an_empty_cell() -> None:
    assert read("income\n1\n\n2\n\n", to_score=True)[0] == [["income"], ["1"], [""], ["2"], [""]]
    assert read("a,b\n1,2\n\n3,4\n", to_score=True)[0] == [["a", "b"], ["1", "2"], ["3", "4"]]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 99).map(str), st.sampled_from(["", "x", "Total", "yes"])), max_size=20))
def test_every_row_to_score_comes_out(rows: list[tuple[str, str]]) -> None:
    table = [["n", "word"], *map(list, rows)]
    assert read(written(table), to_score=True)[0] == table


def test_the_dialect_is_all_that_pyarrow_needs_to_read_the_same_rows() -> None:
    from pyarrow import csv as arrow

    title, totals = "Sales 2024\n\n", ["Total", SUMS[1], "", ""]
    table = [HEADER, ["EUR", "years", "", ""], *ROWS[:20], HEADER, *ROWS[20:], totals]
    raw = (title + written(table, ";")).encode("utf-16")
    found, records = read(gzip.compress(raw))
    dialect = records.dialect
    assert dialect["compression"] == "gzip"
    options = {"skip_rows": dialect["first_line"] - 1, "column_names": found[0], "encoding": dialect["encoding"]}
    second = arrow.read_csv(
        io.BytesIO(raw),
        read_options=arrow.ReadOptions(**options),
        parse_options=arrow.ParseOptions(delimiter=dialect["delimiter"], newlines_in_values=True),
        convert_options=arrow.ConvertOptions(column_types=dict.fromkeys(found[0], "string")),
    ).to_pylist()
    skipped = {one["row"] for one in dialect["skipped"]}
    assert [list(row.values()) for place, row in enumerate(second) if place not in skipped] == found[1:]
