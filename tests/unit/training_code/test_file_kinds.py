"""What a file is by its first bytes: what is no CSV has a name, gzip is unpacked, and limits are held."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.training_code.csv_text import HEADER, ROWS, read, refused, written
from warmfold_data.byte_streams import GZIP_GRACE_BYTES
from warmfold_data.headers import MAX_COLUMNS


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
