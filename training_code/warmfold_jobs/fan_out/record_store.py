"""What a candidate writes to S3 and reads there: its folds' scores, and the leaderboard of complete candidates."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from warmfold_jobs.fan_out.backoff import Backoff, Clock
from warmfold_jobs.fan_out.fold_placement import Measured
from warmfold_jobs.storage import get_json, put_json
from warmfold_run import places
from warmfold_run.plan import Plan
from warmfold_run.records import (
    Abandoned,
    FoldResult,
    FoldScore,
    LeaderboardEntry,
    Missed,
    Placement,
)

RECENT = 3
"""How many of the newest complete candidates a candidate learns from."""


@dataclass(frozen=True)
class Incumbent:
    """The best candidate so far of those with all their folds; `scores` in order of the folds."""

    candidate: str
    mean: float
    scores: Sequence[float]


class RunRecords:
    """The records of one candidate of a run, paced; `s3` is the client."""

    def __init__(self, plan: Plan, candidate: str, s3: Any, clock: Clock, generator: random.Random) -> None:
        """The plan names the places."""
        self._candidate, self._s3 = candidate, s3
        self._folder = places.candidate_folder(plan["locations"], candidate)
        self._leaderboard = plan["locations"]["leaderboard"]
        self._pace = Backoff(clock, generator)
        self._leader: tuple[str, Incumbent] | None = None

    def scored(self) -> set[int] | None:
        """The folds whose score is in S3, of this attempt or of one before it; None when S3 would not say just now."""
        page = self._pace.attempt(lambda: self._list(self._folder))
        if page is None:
            return None
        folds = [places.fold_of(item["Key"].rpartition("/")[2]) for item in page.get("Contents", ())]
        return {fold for fold in folds if fold is not None}

    def score(self, fold: int) -> FoldScore | None:
        """A fold's score; None when S3 would not say just now."""
        uri = self._folder + places.fold_record(fold)
        return self._pace.attempt(lambda: cast(FoldScore, get_json(self._s3, uri)))

    def write_score(self, fold: int, result: FoldResult) -> None:
        """Write the score of a fold that the candidate was handed the result of."""
        score: FoldScore = {"candidate": self._candidate, "fold": fold, "job": self._candidate, **result}
        self.write(places.fold_record(fold), score)

    def write(self, name: str, record: FoldScore | Placement | Abandoned | Missed) -> None:
        """Write an object of the candidate's own."""
        self._pace.insist(lambda: put_json(self._s3, self._folder + name, dict(record)))

    def measured(self) -> Measured:
        """What the newest complete candidates tell."""
        items = self._pace.insist(lambda: self._list(self._leaderboard)).get("Contents", [])
        newest = sorted(items, key=lambda item: item["LastModified"])[-RECENT:]
        return Measured.of([self._pace.insist(partial(self._entry, item["Key"])) for item in newest])

    def incumbent(self) -> Incumbent | None:
        """The best complete candidate so far; None when there is none yet or S3 would not say just now."""
        page = self._pace.attempt(lambda: self._list(self._leaderboard, MaxKeys=1))
        if not page or not page.get("Contents"):
            return None
        key = page["Contents"][0]["Key"]
        if self._leader is None or self._leader[0] != key:
            entry = self._pace.attempt(partial(self._entry, key))
            if entry is None:
                return None
            self._leader = key, Incumbent(entry["candidate"], entry["mean"], entry["scores"])
        return self._leader[1]

    def publish(self, entry: LeaderboardEntry) -> None:
        """Enter the candidate, whose folds all have their score, into the leaderboard, if their mean is a number."""
        if math.isfinite(entry["mean"]):
            uri = self._leaderboard + places.leaderboard_name(entry["mean"], self._candidate)
            self._pace.insist(lambda: put_json(self._s3, uri, entry))

    def _entry(self, key: str) -> LeaderboardEntry:
        bucket, _ = places.split_uri(self._leaderboard)
        entry: LeaderboardEntry = get_json(self._s3, places.uri(bucket, key))
        return entry

    def _list(self, uri: str, **limits: int) -> dict[str, Any]:
        bucket, prefix = places.split_uri(uri)
        page: dict[str, Any] = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, **limits)
        return page
