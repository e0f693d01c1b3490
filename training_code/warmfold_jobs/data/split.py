"""Entry point of the processing job: split a dataset into parts, holdout and rows to score in one streaming pass.

Reads `config/plan.json` below WARMFOLD_INPUT and the data itself from S3, writes below WARMFOLD_OUTPUT, under the names
of `warmfold_run.places`: parts, fold manifests, the holdout, rows to score and profile.json. Data that breaks a rule of
`rules.py` ends the job with the rule's text in WARMFOLD_MESSAGE.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import boto3
from botocore.exceptions import HTTPClientError, IncompleteReadError

from warmfold_data.csv_records import BinaryStream, DatasetRuleError, csv_line, read_records
from warmfold_data.dealing import HOLDOUT, LEFT_OUT
from warmfold_data.rows_to_score import read_rows_to_score
from warmfold_data.rules import Scanner
from warmfold_data.units import Splitting
from warmfold_run import places
from warmfold_run.plan import ObjectVersion, Plan
from warmfold_run.records import Profile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 5_000_000
"""The largest chunk of rows to score, header included: what batch transform takes in one request."""
CHUNK_ROWS = 50_000
CHUNK_PROBABILITIES = 500_000
"""The most rows of a chunk, and rows times classes: what a model answers in a fraction of its time limit."""
READ_ATTEMPTS = 5
"""How often in a row a read from S3 may break off before the job fails."""
HELD_OUT = f"{places.HOLDOUT}/{places.holdout_file()}"
"""Where the holdout goes, below the output folder."""
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
    """Write parts, holdout, fold manifests, rows to score and profile.json below `output_dir`; returns the profile.

    The profile has `rows_to_score`. Raises DatasetRuleError for data that breaks a rule; what was written by then is
    worthless.
    """
    profile = _write_split(plan, s3, output_dir)
    _write_manifests(plan, profile, output_dir)
    readings, target = profile["readings"], profile["target"]
    most = min(CHUNK_ROWS, max(1, CHUNK_PROBABILITIES // len(profile["classes"] or [None])))
    with ExitStack() as stack:
        rows: BinaryStream
        if plan["predict"]:
            source = _object_stream(plan, plan["predict"], s3)
            rows, name = source, source.name
        else:
            rows, name = stack.enter_context((output_dir / HELD_OUT).open("rb")), HELD_OUT
        records = read_rows_to_score(rows, file=name, readings=readings, target=target)
        scored = _write_chunks(output_dir / places.SCORE, records, most)
    profile["rows_to_score"] = scored
    (output_dir / places.PROFILE).write_text(json.dumps(profile, indent=1))
    return profile


class ObjectStream:
    """The bytes of one version of an S3 object, read on from where it broke when a connection does."""

    def __init__(self, s3: S3Client, bucket: str, key: str, version_id: str | None, etag: str | None) -> None:
        """Without `version_id` the object must still have this `etag`, when there is one."""
        self.name = f"s3://{bucket}/{key}"
        self._s3 = s3
        self._request: dict[str, Any] = {"Bucket": bucket, "Key": key} | (
            {"VersionId": version_id} if version_id else {}
        )
        self._etag = etag.strip('"') if etag else None
        self._position = 0
        self._size: int | None = None
        self._body: BinaryStream | None = None

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end; raises botocore's error after READ_ATTEMPTS broken reads in a row."""
        broken = 0
        while True:
            try:
                data = self._opened().read(size)
            except (HTTPClientError, IncompleteReadError):
                self._body = None
                broken += 1
                if broken == READ_ATTEMPTS:
                    raise
            else:
                self._position += len(data)
                return data

    def _opened(self) -> BinaryStream:
        if self._body is None:
            if self._position and self._position == self._size:
                return BytesIO()
            resumed: dict[str, Any] = {"Range": f"bytes={self._position}-"} if self._position else {}
            response = self._s3.get_object(**self._request, **resumed)
            etag = response["ETag"].strip('"')
            if self._etag not in (None, etag):
                raise DatasetRuleError(
                    f"{self.name} was replaced after the run was planned; start a new run for the new data, and turn "
                    "on versioning for the bucket to have a run keep its own."
                )
            self._etag = etag
            self._size = self._position + int(response["ContentLength"])
            self._body = response["Body"]
        return self._body


def _object_stream(plan: Plan, source: ObjectVersion, s3: S3Client) -> ObjectStream:
    return ObjectStream(s3, plan["bucket"], source["key"], source["version_id"], source.get("etag"))


def _write_split(plan: Plan, s3: S3Client, output_dir: Path) -> Profile:
    experiment = plan["experiment"]
    stream = _object_stream(plan, plan["data"], s3)
    records = read_records(stream, file=stream.name)
    _, header = next(records)
    scanner = Scanner(
        header,
        file=stream.name,
        target=experiment["target"],
        problem=None if plan["problem_sampled"] else experiment["problem"],
        splitting=Splitting(**experiment["cross_validation"]),
    )
    for line, row in records:
        scanner.observe(line, row)
    profile = scanner.finish()
    with ExitStack() as stack:
        parts = [_opened(stack, output_dir / places.PARTS / part, header) for part in _part_files(profile)]
        holdout = _opened(stack, output_dir / HELD_OUT, header)
        again = read_records(_object_stream(plan, plan["data"], s3), file=stream.name)
        next(again)
        for (_, row), placement in zip(again, scanner.placements, strict=True):
            if placement != LEFT_OUT:
                (holdout if placement == HOLDOUT else parts[placement]).write(csv_line(row))
    _check_problem(plan, stream.name, profile)
    _check_metric(plan, stream.name, profile)
    return profile


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


def _opened(stack: ExitStack, path: Path, header: list[str]) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
    file.write(csv_line(header))
    return file


def _part_files(profile: Profile) -> list[str]:
    return [places.part_file(part) for part in range(len(profile["part_rows"]))]


def _write_manifests(plan: Plan, profile: Profile, output_dir: Path) -> None:
    for number, fold in enumerate(profile["folds"]):
        for name, parts in (
            (places.train_manifest(number), fold["train"]),
            (places.validation_manifest(number), fold["validation"]),
        ):
            path = output_dir / places.FOLDS / name
            path.parent.mkdir(parents=True, exist_ok=True)
            files = [places.part_file(part) for part in parts]
            path.write_text(json.dumps([{"prefix": plan["locations"]["parts"]}, *files]))


def _write_chunks(folder: Path, rows: Iterator[list[str]], most: int) -> int:
    """Write `chunk-00000.csv`, … of at most CHUNK_BYTES and `most` rows, rows uncut; returns the number of rows."""
    folder.mkdir(parents=True, exist_ok=True)
    header = csv_line(next(rows)).encode()
    written = chunks = 0
    chunk, size = [header], len(header)
    for row in rows:
        record = csv_line(row).encode()
        if size + len(record) > CHUNK_BYTES or len(chunk) > most:
            (folder / places.score_chunk(chunks)).write_bytes(b"".join(chunk))
            chunks += 1
            chunk, size = [header], len(header)
        chunk.append(record)
        size += len(record)
        written += 1
    (folder / places.score_chunk(chunks)).write_bytes(b"".join(chunk))
    return written
