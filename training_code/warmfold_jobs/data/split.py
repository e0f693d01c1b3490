"""Entry point of the processing job: split a dataset into parts, holdout and rows to score.

Reads `config/plan.json` below WARMFOLD_INPUT and the data itself from S3, writes below WARMFOLD_OUTPUT, under the names
of `warmfold_run.places`: parts, the holdout, rows to score and profile.json. Data that breaks a rule of `rules.py` ends
the job with the rule's text in WARMFOLD_MESSAGE.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import numpy as np
import pyarrow as pa

from warmfold_data.csv_records import DatasetRuleError, csv_line, read_records
from warmfold_data.dealing import HOLDOUT, LEFT_OUT
from warmfold_data.rows_to_score import read_rows_to_score
from warmfold_data.rules import Scanner
from warmfold_jobs.data.blocks import blocks_of
from warmfold_jobs.data.labels import LabelReader
from warmfold_jobs.data.object_stream import ObjectStream
from warmfold_jobs.data.parts import PartWriter
from warmfold_jobs.data.score_chunks import ChunkWriter, csv_lines, most_rows
from warmfold_jobs.data.table import Schema
from warmfold_jobs.data.typed import ColumnReader, read_columns
from warmfold_run import places
from warmfold_run.plan import ObjectVersion, Plan
from warmfold_run.records import Profile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MESSAGE_CHARACTERS = 1024
"""What SageMaker keeps of an exit message."""


def main() -> int:
    """Run the job as its environment says; returns the exit code, 1 for data that breaks a rule."""
    plan: Plan = json.loads((Path(os.environ["WARMFOLD_INPUT"]) / "config" / places.PLAN).read_text())
    message = Path(os.environ["WARMFOLD_MESSAGE"])
    try:
        profile = split_dataset(
            plan, boto3.client("s3", region_name=os.environ.get("AWS_REGION")), Path(os.environ["WARMFOLD_OUTPUT"])
        )
    except Exception as error:
        text = str(error) if isinstance(error, DatasetRuleError) else f"{type(error).__name__}: {error}"
        message.parent.mkdir(parents=True, exist_ok=True)
        message.write_text(text[:MESSAGE_CHARACTERS])
        if not isinstance(error, DatasetRuleError):
            raise
        print(text, file=sys.stderr)
        return 1
    print(
        f"{profile['rows']} rows: {profile['development_rows']} in parts of {profile['part_rows']}, "
        f"{profile['holdout_rows']} in the holdout, {profile['rows_without_target']} without target left out, "
        f"{profile['rows_to_score']} to score"
    )
    return 0


def split_dataset(plan: Plan, s3: S3Client, output_dir: Path) -> Profile:
    """Write parts, holdout, rows to score and profile.json below `output_dir`; returns the profile.

    The profile has `rows_to_score`. Raises DatasetRuleError for data that breaks a rule; what was written by then is
    worthless.
    """
    profile, placements = _scanned(plan, s3)
    _write_rows(plan, s3, profile, np.array(placements), output_dir)
    profile["rows_to_score"] = profile["holdout_rows"]
    if plan["predict"]:
        profile["rows_to_score"] = _write_rows_to_score(plan, plan["predict"], s3, profile, output_dir)
    (output_dir / places.PROFILE).write_text(json.dumps(profile, indent=1))
    return profile


def _write_rows_to_score(plan: Plan, source: ObjectVersion, s3: S3Client, profile: Profile, output_dir: Path) -> int:
    stream = _object_stream(plan, source, s3)
    readings, target = profile["readings"], profile["target"]
    records = read_rows_to_score(
        stream, file=stream.name, readings=readings, target=target, dialect=plan["experiment"]["dialect"]
    )
    most = most_rows(len(profile["classes"] or [None]))
    with closing(ChunkWriter(output_dir / places.SCORE, next(records), most)) as chunks:
        chunks.write(csv_line(row).encode() for row in records)
    return chunks.rows


def _object_stream(plan: Plan, source: ObjectVersion, s3: S3Client) -> ObjectStream:
    return ObjectStream(s3, plan["bucket"], source["key"], source["version_id"], source.get("etag"))


def _scanned(plan: Plan, s3: S3Client) -> tuple[Profile, list[int]]:
    """The profile of all the rows, and where each of them goes."""
    experiment = plan["experiment"]
    splitting = experiment["cross_validation"]
    stream = _object_stream(plan, plan["data"], s3)
    records = read_records(stream, file=stream.name, asked=experiment["dialect"])
    _, header = next(records)
    scanner = Scanner(
        header,
        file=stream.name,
        target=experiment["target"],
        problem=None if plan["problem_sampled"] else experiment["problem"],
        n_splits=splitting["n_splits"],
        strategy=splitting["strategy"],
        holdout=splitting["holdout"],
        seed=splitting["seed"],
    )
    for line, row in records:
        scanner.observe(line, row)
    profile = scanner.finish(records)
    _check_problem(plan, stream.name, profile)
    _check_metric(plan, stream.name, profile)
    return profile, scanner.placements


def _write_rows(plan: Plan, s3: S3Client, profile: Profile, placements: np.ndarray[Any, Any], output_dir: Path) -> None:
    """Write each row, typed, to where it goes, and the holdout's also as rows to score when there are no others."""
    schema = Schema.of_profile(profile)
    readers = [ColumnReader(column, schema.readings[column]) for column in schema.features]
    target = LabelReader(schema)
    types = pa.schema([*((reader.column, reader.type) for reader in readers), (schema.target, target.type)])
    stream = _object_stream(plan, plan["data"], s3)
    with ExitStack() as stack:
        parts = stack.enter_context(PartWriter(output_dir, plan["experiment"]["cross_validation"]["n_splits"], types))
        scored = None
        if not plan["predict"]:
            most = most_rows(len(profile["classes"] or [None]))
            scored = stack.enter_context(closing(ChunkWriter(output_dir / places.SCORE, profile["columns"], most)))
        row = 0
        for block in blocks_of(stream, stream.name, plan["experiment"]["dialect"]):
            there = placements[row : row + block.num_rows]
            row += block.num_rows
            kept = block.filter(pa.array(there != LEFT_OUT))
            read = read_columns({name: kept[name] for name in kept.schema.names}, readers)
            read[schema.target] = target.read(kept[schema.target])
            parts.write(pa.RecordBatch.from_pydict(read, types), there[there != LEFT_OUT])
            if scored is not None:
                scored.write(csv_lines(block.filter(pa.array(there == HOLDOUT))))


def _check_problem(plan: Plan, file: str, profile: Profile) -> None:
    """What Plan Run took from the first rows of data too large for it must hold for all of them."""
    planned = plan["experiment"]["problem"]
    if profile["problem"] != planned:
        raise DatasetRuleError(
            f"{file}: column {profile['target']!r}, the target, looks like {planned} in its first rows and like "
            f"{profile['problem']} in all of them; set `problem` in experiment.yaml."
        )


def _check_metric(plan: Plan, file: str, profile: Profile) -> None:
    """What Plan Run could not check of data too large for it: whether the metric is for so many classes."""
    if plan["metric_classes"] is None or profile["classes"] is None:
        return
    fewest, most = plan["metric_classes"]
    classes = len(profile["classes"])
    if (fewest is not None and classes < fewest) or (most is not None and classes > most):
        wanted = f"{fewest} classes" if fewest == most else f"{fewest} or more classes"
        raise DatasetRuleError(
            f"{file}: column {profile['target']!r}, the target, has {classes} classes, and the metric "
            f"{plan['experiment']['metric']} is for {wanted}; set another `metric` in experiment.yaml."
        )
