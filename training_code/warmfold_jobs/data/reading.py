"""A dataset read once: by columns where that is the same, else row by row, which is the reference."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from warmfold_data.asked import Asked
from warmfold_data.cells import values
from warmfold_data.columns import Tally
from warmfold_data.csv_records import CsvRecords, DatasetRuleError, read_records
from warmfold_data.dealing import LEFT_OUT
from warmfold_data.no_rows import UNITS
from warmfold_data.placing import Placing
from warmfold_data.reader import Reader
from warmfold_data.rules import SAMPLE_ROWS, Scanner
from warmfold_data.understanding import Understood
from warmfold_jobs.data.by_arrays import ByArrays
from warmfold_jobs.data.columnar import NotColumnarError, text_blocks, utf_8
from warmfold_jobs.data.counting import count_rows
from warmfold_jobs.data.object_stream import object_stream
from warmfold_jobs.data.row_blocks import row_blocks
from warmfold_jobs.data.sampling import Sample, check_left_out, complete
from warmfold_jobs.data.spool import Spool
from warmfold_jobs.data.typed import ColumnReader, read_columns
from warmfold_run.experiment import CLASSIFICATION
from warmfold_run.plan import Plan
from warmfold_run.records import Profile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Blocks = Iterator[tuple[pa.RecordBatch, pa.RecordBatch | None]]
"""Blocks of rows: those with a target, the features typed and the target's cells as text; and the cells of all rows as
they are, where they are wanted."""


class Read(NamedTuple):
    """A dataset that was read once: what it is, where its rows go, and the rows again."""

    profile: Profile
    placements: np.ndarray[Any, Any]
    further: list[np.ndarray[Any, Any]]
    """By repeat but the first: the placements of the rows with a target."""
    blocks: Blocks


def by_columns(plan: Plan, s3: S3Client, scratch: Path) -> Read:
    """Read the data by columns: as the plan's profile has it, or as a sample of its rows shows.

    Raises NotColumnarError for whatever the row-wise reader might decide otherwise.
    """
    stream = object_stream(plan, plan["data"], s3)
    records = read_records(stream, file=stream.name, asked=plan["experiment"]["dialect"])
    _, header = next(records)
    scanner = _scanner(plan, header, stream.name)
    for _ in islice(records, SAMPLE_ROWS):
        pass  # what stands between the header and the rows is known then
    _check_skipped(records, plan["profile"])
    text = utf_8(object_stream(plan, plan["data"], s3), records.dialect, stream.name)
    blocks = text_blocks(text, header, records.dialect)
    typed, texts = Spool(scratch / "typed"), Spool(scratch / "texts")
    tallies: dict[str, Tally] = {}
    if plan["profile"]:
        understood, reader = _understood(plan["profile"]), Reader(header, file=stream.name, asked=scanner.asked)
        cells = _kept((block for block, _ in blocks), None if plan["predict"] else texts)
    else:
        sample = Sample(header, file=stream.name, asked=scanner.asked)
        sample.gather(blocks, records, texts)
        understood, reader = sample.understood(), sample.reader
        tallies = sample.tallies(understood)
        cells = texts.blocks()
    _take_columns(scanner.placing, understood)
    seed = plan["experiment"]["cross_validation"]["seed"]
    of_class = understood.target_reader()
    counted = count_rows(
        _tallied(cells, tallies, scanner.target),
        understood.readings,
        understood.left_out,
        scanner.target,
        of_class=of_class,
        placing=scanner.placing,
        seed=seed,
        typed=typed,
    )
    check_left_out(tallies)
    if not plan["profile"]:
        understood = complete(understood, counted)
    labels = counted.labels if understood.problem == CLASSIFICATION else []
    rows: Any = counted.rows_to_deal
    profile = scanner.conclude(
        records, understood, rows, labels, counted.without_target, counted.rows, reader, ByArrays()
    )
    if plan["profile"]:
        profile = Profile(**{**plan["profile"], "file": stream.name})
    both = zip(typed.blocks(), repeat(None) if plan["predict"] else texts.blocks(), strict=False)
    placements = np.full(counted.rows, LEFT_OUT, np.int32)
    has_target = np.ones(counted.rows, bool)
    has_target[counted.without_target] = False
    placements[has_target] = scanner.dealt
    return Read(profile, placements, [np.asarray(one) for one in scanner.further], both)


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
    placements = np.array(scanner.placements)
    further = [np.array(one) for one in scanner.further]
    return Read(profile, placements, further, _typed_rows(plan, s3, profile, placements))


def _understood(profile: Profile) -> Understood:
    """What a profile says of its data."""
    read = values(profile["readings"][profile["target"]])
    return Understood(
        target=profile["target"],
        target_why=profile["target_why"],
        problem=profile["problem"],
        problem_why=profile["problem_why"],
        readings=profile["readings"],
        left_out=profile["left_out"],
        remarks=[],
        missing=profile["missing"],
        facts=profile["facts"],
        classes=profile["classes"],
        names={read(name): name for name in profile["classes"] or ()},
        positive_class=profile["positive_class"],
    )


def _take_columns(placing: Placing, understood: Understood) -> None:
    """Leave out of the features the column that divides the rows, as the row-wise rules do."""
    if placing.column in understood.left_out:
        # how its cells are read as times is known no more
        if placing.is_by_time:
            raise NotColumnarError("the time column is left out of the features")
        return
    try:
        placing.take_columns(understood)
    except DatasetRuleError as error:
        raise NotColumnarError(str(error)) from error


def _typed_rows(plan: Plan, s3: S3Client, profile: Profile, placements: np.ndarray[Any, Any]) -> Blocks:
    stream, target = object_stream(plan, plan["data"], s3), profile["target"]
    readers = [ColumnReader(column, reading) for column, reading in profile["readings"].items() if column != target]
    row = 0
    for block in row_blocks(stream, stream.name, plan["experiment"]["dialect"]):
        kept = block.filter(pa.array(placements[row : row + block.num_rows] != LEFT_OUT))
        row += block.num_rows
        cells = dict(zip(kept.schema.names, kept.columns, strict=True))
        typed = pa.RecordBatch.from_pydict({**read_columns(cells, readers), target: cells[target]})
        yield typed, None if plan["predict"] else block


def _kept(blocks: Iterator[pa.RecordBatch], texts: Spool | None) -> Iterator[pa.RecordBatch]:
    for block in blocks:
        if texts is not None:
            texts.put(block)
        yield block


def _tallied(blocks: Iterator[pa.RecordBatch], tallies: dict[str, Tally], target: str) -> Iterator[pa.RecordBatch]:
    for block in blocks:
        for name, tally in tallies.items():
            cells = [cell or "" for cell in block[name].to_pylist()]
            tally.observe(
                [c for c, label in zip(cells, block[target], strict=True) if label.is_valid], [0] * len(cells)
            )
        yield block


def _check_skipped(records: CsvRecords, profile: Profile | None) -> None:
    """Records that are no rows are left to the row-wise reader, which knows them."""
    skipped = records.dialect["skipped"] or (profile is not None and profile["dialect"]["skipped"])
    if skipped or any(remark["code"] == UNITS for remark in records.remarks):
        raise NotColumnarError("not every record is a row")


def _scanner(plan: Plan, header: list[str], file: str) -> Scanner:
    experiment = plan["experiment"]
    problem = None if plan["problem_sampled"] else experiment["problem"]
    return Scanner(header, file=file, asked=Asked.of(experiment, problem=problem))
