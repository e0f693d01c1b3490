"""Entry point of the processing job: split a dataset into parts, holdout and rows to score.

Reads `config/plan.json` below WARMFOLD_INPUT and the data itself from S3, writes below WARMFOLD_OUTPUT, under the names
of `warmfold_run.places`: parts, the holdout, rows to score and profile.json. Data that breaks a rule of `rules.py` ends
the job with the rule's text in WARMFOLD_MESSAGE. A job of several instances, which WARMFOLD_HOSTS names, runs this on
each; together they write what one would.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import boto3
import pyarrow as pa

from warmfold_data.csv_records import DatasetRuleError, csv_line
from warmfold_data.dealing import HOLDOUT, LEFT_OUT
from warmfold_data.rows_to_score import Compared, read_rows_to_score
from warmfold_jobs.data.columnar import NotColumnarError
from warmfold_jobs.data.hosts import ALONE, Hosts, read_hosts
from warmfold_jobs.data.labels import LabelReader
from warmfold_jobs.data.object_stream import object_stream
from warmfold_jobs.data.part_writer import PART_NUMBER, PartWriter
from warmfold_jobs.data.parts import part_columns
from warmfold_jobs.data.reading import Read, by_columns, by_rows
from warmfold_jobs.data.score_chunks import ChunkWriter, csv_lines, most_rows
from warmfold_jobs.data.table import Schema
from warmfold_jobs.data.typed import type_of
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
    message, output_dir = Path(os.environ["WARMFOLD_MESSAGE"]), Path(os.environ["WARMFOLD_OUTPUT"])
    s3 = boto3.client("s3", region_name=os.environ.get("AWS_REGION"))
    output_dir.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(dir=output_dir.parent) as scratch:
            hosts = read_hosts(Path(os.environ["WARMFOLD_HOSTS"]), s3, plan, Path(scratch))
            profile = split_dataset(plan, s3, output_dir, hosts)
    except Exception as error:
        text = str(error) if isinstance(error, DatasetRuleError) else f"{type(error).__name__}: {error}"
        message.parent.mkdir(parents=True, exist_ok=True)
        message.write_text(text[:MESSAGE_CHARACTERS])
        if not isinstance(error, DatasetRuleError):
            raise
        print(text, file=sys.stderr)
        return 1
    if profile is None:
        print(f"{hosts.names[0]} says what came of the split, and {hosts.names[hosts.place]} is done")
        return 0
    print(
        f"{profile['rows']} rows: {profile['development_rows']} in parts of {profile['part_rows']}, "
        f"{profile['holdout_rows']} in the holdout, {profile['rows_without_target']} without target left out, "
        f"{profile['rows_to_score']} to score"
    )
    return 0


def split_dataset(plan: Plan, s3: S3Client, output_dir: Path, hosts: Hosts = ALONE) -> Profile | None:
    """Write parts, holdout, rows to score and profile.json below `output_dir`; returns the profile.

    The profile has `rows_to_score`. Raises DatasetRuleError for data that breaks a rule; what was written by then is
    worthless. Beside `output_dir` the job needs room for the data once more. Of several hosts each writes the rows of
    its own files, and the first one all else; the others return None.
    """
    output_dir.mkdir(parents=True, exist_ok=True)
    with hosts.met(), TemporaryDirectory(dir=output_dir.parent) as scratch:
        try:
            with hosts.agreed():
                profile = _write(plan, by_columns(plan, s3, Path(scratch), hosts), s3, output_dir, hosts)
                hosts.share({})
        except NotColumnarError as why:
            print(f"the data is read row by row, which takes longer{_by_one(hosts)}: {why}")
            if not hosts.is_first:
                return None
            profile = _write(plan, by_rows(plan, s3, Path(scratch)), s3, output_dir, ALONE)
    return profile


def _by_one(hosts: Hosts) -> str:
    return f", by {hosts.names[0]} alone" if hosts.are_several else ""


def _write(plan: Plan, read: Read, s3: S3Client, output_dir: Path, hosts: Hosts) -> Profile | None:
    """Write what a host is to write; returns the profile where it is the first."""
    profile = read.profile
    _check_problem(plan, profile)
    _check_metric(plan, profile)
    _write_rows(plan, read, output_dir, hosts)
    if not hosts.is_first:
        return None
    profile["rows_to_score"] = profile["holdout_rows"]
    if plan["predict"]:
        profile["rows_to_score"] = _write_rows_to_score(plan, plan["predict"], s3, profile, output_dir)
    (output_dir / places.PROFILE).write_text(json.dumps(profile, indent=1))
    return profile


def _write_rows(plan: Plan, read: Read, output_dir: Path, hosts: Hosts) -> None:
    """Write each row to where it goes, and the holdout's also as rows to score when there are no others."""
    profile, row, labelled = read.profile, 0, 0
    dealt = read.placements[read.placements != LEFT_OUT]
    schema = Schema.of_profile(profile)
    labels = LabelReader(schema)
    types = [(column, type_of(schema.readings[column])) for column in schema.features]
    most = most_rows(len(profile["classes"] or [None]))
    with ExitStack() as stack:
        repeats = list(zip(part_columns(profile), read.further, strict=True))
        numbers = [(column, PART_NUMBER) for column, _ in repeats]
        columns = pa.schema([*types, (schema.target, labels.type), *numbers])
        parts = stack.enter_context(PartWriter(output_dir, len(profile["part_rows"]), columns))
        scored = None
        # the first host has a chunk in any case, for there must be one
        if not plan["predict"] and (hosts.is_first or (read.placements == HOLDOUT).any()):
            host = hosts.place if hosts.are_several else None
            writer = ChunkWriter(output_dir / places.SCORE, profile["columns"], most, host=host)
            scored = stack.enter_context(closing(writer))
        for typed, texts, source in read.blocks:
            target = typed.schema.get_field_index(schema.target)
            rows = typed.set_column(target, schema.target, labels.read(typed.column(target)))
            end = labelled + rows.num_rows
            for column, placements in repeats:
                rows = rows.append_column(column, pa.array(placements[labelled:end], PART_NUMBER))
            parts.write(rows, dealt[labelled:end], source)
            labelled = end
            if scored is not None and texts is not None:
                there = read.placements[row : row + texts.num_rows]
                row += texts.num_rows
                scored.write(csv_lines(texts.filter(pa.array(there == HOLDOUT))))


def _write_rows_to_score(plan: Plan, source: ObjectVersion, s3: S3Client, profile: Profile, output_dir: Path) -> int:
    stream = object_stream(plan, source, s3)
    compared, dialect = Compared(profile), plan["experiment"]["dialect"]
    records = read_rows_to_score(stream, file=stream.name, compared=compared, dialect=dialect)
    most = most_rows(len(profile["classes"] or [None]))
    with closing(ChunkWriter(output_dir / places.SCORE, next(records), most)) as chunks:
        while lines := [csv_line(row).encode() for row in islice(records, most)]:
            chunks.write(pa.array(lines, pa.binary()))
    # Plan Run has said so of rows that it has read
    profile["remarks"] += [one for one in compared.remarks() if one not in profile["remarks"]]
    return chunks.rows


def _check_problem(plan: Plan, profile: Profile) -> None:
    """What Plan Run took from the first rows of data too large for it must hold for all of them."""
    planned = plan["experiment"]["problem"]
    if profile["problem"] != planned:
        raise DatasetRuleError(
            f"{profile['file']}: column {profile['target']!r}, the target, looks like {planned} "
            f"{'by its type' if places.is_table(plan['data']['key']) else 'in its first rows'} and like "
            f"{profile['problem']} in all of them; set `problem` in experiment.yaml."
        )


def _check_metric(plan: Plan, profile: Profile) -> None:
    """What Plan Run could not check of data too large for it: whether the metric is for so many classes."""
    if plan["metric_classes"] is None or profile["classes"] is None:
        return
    fewest, most = plan["metric_classes"]
    classes = len(profile["classes"])
    if (fewest is not None and classes < fewest) or (most is not None and classes > most):
        wanted = f"{fewest} classes" if fewest == most else f"{fewest} or more classes"
        raise DatasetRuleError(
            f"{profile['file']}: column {profile['target']!r}, the target, has {classes} classes, and the metric "
            f"{plan['experiment']['metric']} is for {wanted}; set another `metric` in experiment.yaml."
        )
