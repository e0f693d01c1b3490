"""A dataset read once: by columns where that is the same, else row by row, which is the reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from warmfold_data.asked import Asked
from warmfold_data.csv_records import read_records
from warmfold_data.rules import Scanner
from warmfold_jobs.data.columnar import NotColumnarError
from warmfold_jobs.data.object_stream import object_stream
from warmfold_jobs.data.row_blocks import row_blocks
from warmfold_jobs.data.typed import ColumnReader, read_columns
from warmfold_run.plan import Plan
from warmfold_run.records import Profile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Read(NamedTuple):
    """A dataset that was read once: what it is, where its rows go, and the rows again."""

    profile: Profile
    placements: np.ndarray[Any, Any]
    blocks: Iterator[tuple[pa.RecordBatch, pa.RecordBatch | None]]
    """The features, typed, with the target's cells; and all cells as they are, where they are wanted."""


def by_columns(plan: Plan, s3: S3Client, scratch: Path) -> Read:  # noqa: ARG001
    """Read the data by columns; raises NotColumnarError."""
    raise NotColumnarError("what columns hold is counted row by row since they are understood by it")


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


def _typed_rows(plan: Plan, s3: S3Client, profile: Profile) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch | None]]:
    stream, target = object_stream(plan, plan["data"], s3), profile["target"]
    readers = [ColumnReader(column, reading) for column, reading in profile["readings"].items() if column != target]
    for block in row_blocks(stream, stream.name, plan["experiment"]["dialect"]):
        cells = dict(zip(block.schema.names, block.columns, strict=True))
        typed = pa.RecordBatch.from_pydict({**read_columns(cells, readers), target: cells[target]})
        yield typed, None if plan["predict"] else block


def _scanner(plan: Plan, header: list[str], file: str) -> Scanner:
    experiment = plan["experiment"]
    problem = None if plan["problem_sampled"] else experiment["problem"]
    return Scanner(header, file=file, asked=Asked.of(experiment, problem=problem))
