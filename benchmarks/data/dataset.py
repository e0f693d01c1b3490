"""Datasets of a size, the same each time: 27 columns of numbers and 3 of text, the last of which is the target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

ROWS_AT_A_TIME, ROWS_OF_A_FILE = 50_000, 5_000
"""How many rows are made and written at a time: of one file, of each of many."""
NUMBERS, TARGET = 27, "label"


def write(folder: Path, total_bytes: int) -> None:
    """Write a CSV file of so many bytes."""
    _write(folder / "data.csv", total_bytes, np.random.default_rng(0), ROWS_AT_A_TIME)


def write_files(folder: Path, total_bytes: int, files: int) -> None:
    """Write CSV files of so many bytes together."""
    generator = np.random.default_rng(0)
    for place in range(files):
        _write(folder / f"part-{place:05d}.csv", total_bytes // files, generator, ROWS_OF_A_FILE)


def _write(path: Path, total_bytes: int, generator: np.random.Generator, rows: int) -> None:
    with path.open("wb") as file:
        first = True
        while file.tell() < total_bytes:
            csv.write_csv(_rows(generator, rows), file, csv.WriteOptions(include_header=first, quoting_style="needed"))
            first = False


def _rows(generator: np.random.Generator, rows: int) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for number in range(NUMBERS):
        values = generator.normal(scale=10.0 ** (number % 5), size=rows)
        if number % 9 == 8:
            columns[f"count_{number}"] = pa.array(np.abs(values).astype(np.int64))
            continue
        missing = generator.random(rows) < 0.02 * (number % 3)
        columns[f"size_{number}"] = pa.array(values if number % 4 else values.round(3), mask=missing)
    words = pa.array([f"word {number}" for number in range(500)])
    for name in ("colour", "town"):
        columns[name] = words.take(pa.array(generator.integers(len(words), size=rows)))
    labels = pa.array(["no", "yes"])
    columns[TARGET] = labels.take(pa.array((generator.random(rows) < 0.3).astype(np.int64)))
    return pa.table(columns)
