"""A dataset read once: by columns where that is the same, else row by row, which is the reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from warmfold_data.asked import Asked
from warmfold_data.cells import values
from warmfold_data.csv_records import DatasetRuleError
from warmfold_data.dealing import LEFT_OUT
from warmfold_data.files import read_files
from warmfold_data.placing import Placing
from warmfold_data.reader import Reader
from warmfold_data.rules import Scanner
from warmfold_data.understanding import Understood
from warmfold_jobs.data.by_arrays import ByArrays
from warmfold_jobs.data.columnar import NotColumnarError
from warmfold_jobs.data.counting import count_rows
from warmfold_jobs.data.file_blocks import FileBlocks, as_records
from warmfold_jobs.data.hosts import ALONE, Hosts, own_files
from warmfold_jobs.data.object_stream import dataset_files, dataset_name, dataset_versions
from warmfold_jobs.data.row_blocks import row_blocks
from warmfold_jobs.data.sampling import Sample, complete
from warmfold_jobs.data.spool import Spool
from warmfold_jobs.data.table_blocks import TableBlocks
from warmfold_jobs.data.together import together
from warmfold_jobs.data.typed import ColumnReader, read_columns
from warmfold_run import places
from warmfold_run.experiment import CLASSIFICATION
from warmfold_run.plan import Plan
from warmfold_run.records import Profile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Blocks = Iterator[tuple[pa.RecordBatch, pa.RecordBatch | None, int]]
"""Blocks of rows: those with a target, the features typed and the target's cells as text; the cells of all rows as they
are, where they are wanted; and the place of the file that they are of."""


class Read(NamedTuple):
    """A dataset that was read once: what it is, where its rows go, and the rows again."""

    profile: Profile
    placements: np.ndarray[Any, Any]
    further: list[np.ndarray[Any, Any]]
    """By repeat but the first: the placements of the rows with a target."""
    blocks: Blocks


def by_columns(plan: Plan, s3: S3Client, scratch: Path, hosts: Hosts = ALONE) -> Read:
    """Read the data by columns: as the plan's profile has it, or as a sample of its rows shows.

    Of several hosts each reads files of its own, and knows of all the rows what dealing them takes. Raises
    NotColumnarError for whatever the row-wise reader might decide otherwise.
    """
    if plan["profile"] is not None and plan["profile"]["dialect"]["skipped"]:
        raise NotColumnarError("not every record is a row")
    blocks, name = _blocks(plan, s3, scratch, hosts), dataset_name(plan)
    header = blocks.columns
    scanner = _scanner(plan, header, name, blocks.types)
    typed, texts = Spool(scratch / "typed"), Spool(scratch / "texts")
    sample: Sample | None = None
    useless, useless_cells = list[str](), Spool(scratch / "useless", packed=True)
    if plan["profile"]:
        understood, reader = _understood(plan["profile"]), Reader(header, file=name, asked=scanner.asked)
        cells = _kept((block.rows for block in blocks), None if plan["predict"] else texts)
    else:
        sample = Sample(header, file=name, asked=scanner.asked, hosts=hosts, scratch=scratch)
        sample.gather(blocks, texts)
        understood, reader = sample.understood(), sample.reader
        useless = sample.left_out(understood)
        cells = texts.blocks()
    _take_columns(scanner.placing, understood)
    seed = plan["experiment"]["cross_validation"]["seed"]
    of_class = understood.target_reader()
    own = count_rows(
        _put_aside(cells, useless, scanner.target, useless_cells),
        understood.readings,
        understood.left_out,
        scanner.target,
        of_class=of_class,
        placing=scanner.placing,
        seed=seed,
        typed=typed,
    )
    counted, findings, cells_of_all = together(own, blocks.findings(), useless_cells, hosts, scratch)
    if sample is not None:
        sample.check_left_out(useless, cells_of_all)
        understood = complete(understood, counted.all)
    whole = counted.all
    labels = whole.labels if understood.problem == CLASSIFICATION else []
    rows: Any = whole.rows_to_deal
    profile = scanner.conclude(
        as_records(findings), understood, rows, labels, whole.without_target, whole.rows, reader, ByArrays()
    )
    if plan["profile"]:
        profile = Profile(**{**plan["profile"], "file": name})
    both = zip(typed.blocks(), repeat(None) if plan["predict"] else texts.blocks(), blocks.sources, strict=False)
    dealt = slice(counted.labelled_before, counted.labelled_before + own.rows - len(own.without_target))
    placements = np.full(own.rows, LEFT_OUT, np.int32)
    has_target = np.ones(own.rows, bool)
    has_target[own.without_target] = False
    placements[has_target] = scanner.dealt[dealt]
    return Read(profile, placements, [np.asarray(one)[dealt] for one in scanner.further], both)


def by_rows(plan: Plan, s3: S3Client, scratch: Path | None = None) -> Read:
    """Read the data row by row, which raises DatasetRuleError for the first rule that it breaks."""
    files, asked, table = dataset_files(plan, dataset_versions(plan, s3), s3), plan["experiment"]["dialect"], None
    if places.is_table(plan["data"]["key"]):
        table = TableBlocks(files[0], scratch)
    records = table.records() if table else read_files(files, asked)
    _, header = next(records)
    scanner = _scanner(plan, header, dataset_name(plan), table.types if table else {})
    for line, row in records:
        scanner.observe(line, row)
    profile = scanner.finish(records)
    placements = np.array(scanner.placements)
    further = [np.array(one) for one in scanner.further]
    blocks = ((block.rows, block.source) for block in table) if table else row_blocks(files, asked)
    return Read(profile, placements, further, _typed_rows(plan, blocks, profile, placements))


def _blocks(plan: Plan, s3: S3Client, scratch: Path, hosts: Hosts) -> FileBlocks | TableBlocks:
    versions = dataset_versions(plan, s3)
    files = dataset_files(plan, versions, s3)
    if places.is_table(plan["data"]["key"]):
        return TableBlocks(files[0], scratch)
    own = own_files([version["size"] for version in versions], len(hosts.names))[hosts.place]
    return FileBlocks(files, plan["experiment"]["dialect"], own)


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


def _typed_rows(
    plan: Plan, blocks: Iterable[tuple[pa.RecordBatch, int]], profile: Profile, placements: np.ndarray[Any, Any]
) -> Blocks:
    target = profile["target"]
    readers = [ColumnReader(column, reading) for column, reading in profile["readings"].items() if column != target]
    row = 0
    for block, source in blocks:
        kept = block.filter(pa.array(placements[row : row + block.num_rows] != LEFT_OUT))
        row += block.num_rows
        cells = dict(zip(kept.schema.names, kept.columns, strict=True))
        typed = pa.RecordBatch.from_pydict({**read_columns(cells, readers), target: cells[target]})
        yield typed, None if plan["predict"] else block, source


def _kept(blocks: Iterator[pa.RecordBatch], texts: Spool | None) -> Iterator[pa.RecordBatch]:
    for block in blocks:
        if texts is not None:
            texts.put(block)
        yield block


def _put_aside(
    blocks: Iterator[pa.RecordBatch], columns: list[str], target: str, cells: Spool
) -> Iterator[pa.RecordBatch]:
    for block in blocks:
        if columns:
            cells.put(block.select(columns).filter(block[target].is_valid()))
        yield block


def _scanner(plan: Plan, header: list[str], file: str, types: Mapping[str, str]) -> Scanner:
    experiment = plan["experiment"]
    problem = None if plan["problem_sampled"] else experiment["problem"]
    return Scanner(header, file=file, asked=replace(Asked.of(experiment, problem=problem), types=types))
