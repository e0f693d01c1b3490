"""CSV written and read as the tests of it do, and what is said of it."""

from __future__ import annotations

import csv
import io
from typing import Any

from tests.unit.training_code.dataset import refusal
from warmfold_data.csv_records import CsvRecords, read_records
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
    return refusal(lambda: read(data, **options), "data.csv")


def codes(records: CsvRecords) -> list[str]:
    return [remark["code"] for remark in records.remarks]


SUMS = [f"{sum(float(row[0]) for row in ROWS):.2f}", f"{sum(int(row[1]) for row in ROWS)}"]
