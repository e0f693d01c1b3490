"""A dataset read once: by columns where that is the same, else row by row, which is the reference."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from warmfold_data.csv_records import CsvRecords, read_records
from warmfold_data.no_rows import UNITS
from warmfold_data.rules import SAMPLE_ROWS, Scanner
from warmfold_jobs.data.columnar import NotColumnarError, text_blocks, utf_8
from warmfold_jobs.data.counting import count_rows
from warmfold_jobs.data.object_stream import object_stream
from warmfold_jobs.data.row_blocks import row_blocks
from warmfold_jobs.data.spool import Spool
from warmfold_jobs.data.typed import ColumnReader, read_columns
from warmfold_run.experiment import REGRESSION
from warmfold_run.plan import Plan
from warmfold_run.records import Profile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


Blocks = Iterator[tuple[pa.RecordBatch, pa.RecordBatch | None]]
"""Blocks of rows: the features, typed, with the target's cells; and all cells as they are, where they are wanted."""


class Read(NamedTuple):
    """A dataset that was read once: what it is, where its rows go, and the rows again."""

    profile: Profile
    placements: np.ndarray[Any, Any]
    blocks: Blocks


def by_columns(plan: Plan, s3: S3Client, scratch: Path) -> Read:
    """Read the data by columns; raises NotColumnarError."""
    experiment = plan["experiment"]
    stream = object_stream(plan, plan["data"], s3)
    records = read_records(stream, file=stream.name, asked=experiment["dialect"])
    _, header = next(records)
    scanner, sampled = _scanner(plan, header, stream.name), _scanner(plan, header, stream.name)
    for line, row in islice(records, SAMPLE_ROWS):
        sampled.observe(line, row)
    _check_skipped(records, plan["profile"])
    typed, texts = Spool(scratch / "typed"), None if plan["predict"] else Spool(scratch / "texts")
    readings = plan["profile"]["readings"] if plan["profile"] else sampled.readings
    text = utf_8(object_stream(plan, plan["data"], s3), records.dialect, stream.name)
    blocks = text_blocks(text, header, records.dialect)
    problem = None if plan["problem_sampled"] else experiment["problem"]
    seed = experiment["cross_validation"]["seed"]
    counted = count_rows(blocks, readings, scanner.target, problem=problem, seed=seed, typed=typed, texts=texts)
    scanner.take(counted)
    if scanner.resolve_problem() == REGRESSION and not counted.finite:
        raise NotColumnarError("a value of the target is not a finite number")
    profile = scanner.finish(records)
    both = zip(typed.blocks(), texts.blocks() if texts else repeat(None), strict=False)
    return Read(profile, np.array(scanner.placements), both)


def by_rows(plan: Plan, s3: S3Client) -> Read:
    """Read the data row by row, which raises DatasetRuleError for the first rule that it breaks."""
    experiment = plan["experiment"]
    stream = object_stream(plan, plan["data"], s3)
    records = read_records(stream, file=stream.name, asked=experiment["dialect"])
    _, header = next(records)
    scanner = _scanner(plan, header, stream.name)
    for line, row in records:
        scanner.observe(line, row)
    profile = scanner.finish(records)
    return Read(profile, np.array(scanner.placements), _typed_rows(plan, s3, profile))


def _check_skipped(records: CsvRecords, profile: Profile | None) -> None:
    """Records that are no rows are left to the row-wise reader, which knows them."""
    skipped = records.dialect["skipped"] or (profile is not None and profile["dialect"]["skipped"])
    if skipped or any(remark["code"] == UNITS for remark in records.remarks):
        raise NotColumnarError("not every record is a row")


def _typed_rows(plan: Plan, s3: S3Client, profile: Profile) -> Blocks:
    stream, target = object_stream(plan, plan["data"], s3), profile["target"]
    readers = [ColumnReader(column, reading) for column, reading in profile["readings"].items() if column != target]
    for block in row_blocks(stream, stream.name, plan["experiment"]["dialect"]):
        cells = dict(zip(block.schema.names, block.columns, strict=True))
        typed = pa.RecordBatch.from_pydict({**read_columns(cells, readers), target: cells[target]})
        yield typed, None if plan["predict"] else block


def _scanner(plan: Plan, header: list[str], file: str) -> Scanner:
    experiment = plan["experiment"]
    splitting = experiment["cross_validation"]
    return Scanner(
        header,
        file=file,
        target=experiment["target"],
        problem=None if plan["problem_sampled"] else experiment["problem"],
        n_splits=splitting["n_splits"],
        strategy=splitting["strategy"],
        holdout=splitting["holdout"],
        seed=splitting["seed"],
    )
