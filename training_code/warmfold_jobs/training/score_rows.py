"""The rows to score, as far as drift needs them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from warmfold_data.csv_records import read_own_records
from warmfold_jobs.data.table import Schema, feature_frame
from warmfold_jobs.storage import names_below
from warmfold_jobs.training.diagnose import RowsToScore
from warmfold_run.places import split_uri
from warmfold_run.plan import Plan

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_ROWS = 50_000
"""How many rows tell of drift: a share of one in a hundred is then known to a tenth of itself."""


def first_rows_to_score(s3: S3Client, plan: Plan, schema: Schema) -> RowsToScore | None:
    """The first rows of predict.csv, as Split Dataset wrote them in chunks; None where there was none.

    Without a predict.csv the holdout is scored, which can't differ but by chance.
    """
    if plan["predict"] is None:
        return None
    location = plan["locations"]["score"]
    bucket, prefix = split_uri(location)
    header: list[str] = []
    rows: list[list[str]] = []
    chunks = sorted(names_below(s3, location))
    for read, name in enumerate(chunks, start=1):
        body = s3.get_object(Bucket=bucket, Key=prefix + name)["Body"].read()
        header, *read_rows = read_own_records(io.BytesIO(body), file=location + name)
        rows += read_rows
        if len(rows) >= MOST_ROWS:
            return RowsToScore(
                feature_frame(rows[:MOST_ROWS], header, schema), read == len(chunks) and len(rows) == MOST_ROWS
            )
    return RowsToScore(feature_frame(rows, header, schema), True) if rows else None
