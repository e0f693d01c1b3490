"""What a candidate writes to S3 and reads there: its folds' scores, and the leaderboard of complete candidates."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any

from warmfold_jobs.fan_out.abandoning import leaderboard_key
from warmfold_jobs.fan_out.backoff import Backoff, Clock
from warmfold_jobs.fan_out.fold_placement import Measured
from warmfold_jobs.storage import get_json, put_json
from warmfold_run.places import split_uri

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

    def __init__(
        self, plan: Mapping[str, Any], candidate: str, s3: Any, clock: Clock, generator: random.Random
    ) -> None:
        """The plan names the places."""
        self._plan, self._candidate, self._s3 = plan, candidate, s3
        self._folder = f"{plan['locations']['candidates']}{candidate}/"
        self._leaderboard = plan["locations"]["leaderboard"]
        self._pace = Backoff(clock, generator)
        self._leader: tuple[str, Incumbent] | None = None

    def scored(self) -> set[int] | None:
        """The folds whose score is in S3, of this attempt or of one before it; None when S3 would not say just now."""
        page = self._pace.attempt(lambda: self._list(self._folder))
        if page is None:
            return None
        names = [item["Key"].rpartition("/")[2] for item in page.get("Contents", ())]
        return {int(name[5:-5]) for name in names if name.startswith("fold-")}

    def score(self, fold: int) -> dict[str, Any] | None:
        """A fold's result; None when S3 would not say just now."""
        return self._pace.attempt(lambda: get_json(self._s3, f"{self._folder}fold-{fold}.json"))

    def write_score(self, fold: int, result: Mapping[str, Any]) -> None:
        """Write the result of a fold that the candidate trained itself."""
        self.write(f"fold-{fold}", {"fold": fold, "job": self._candidate, **result})

    def write(self, name: str, value: Mapping[str, Any]) -> None:
        """Write an object of the candidate's own."""
        record = {"candidate": self._candidate, **value}
        self._pace.insist(lambda: put_json(self._s3, f"{self._folder}{name}.json", record))

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

    def publish(self, scores: Sequence[float], measured: Mapping[str, Any]) -> None:
        """Enter the candidate, whose folds all have their score, into the leaderboard, if their mean is a number."""
        mean = fmean(scores)
        if not math.isfinite(mean):
            return
        entry = {"candidate": self._candidate, "mean": mean, "scores": list(scores), **measured}
        uri = f"{self._leaderboard}{leaderboard_key(mean)}-{self._candidate}.json"
        self._pace.insist(lambda: put_json(self._s3, uri, entry))

    def _entry(self, key: str) -> dict[str, Any]:
        bucket, _ = split_uri(self._leaderboard)
        entry: dict[str, Any] = get_json(self._s3, f"s3://{bucket}/{key}")
        return entry

    def _list(self, uri: str, **limits: int) -> dict[str, Any]:
        bucket, prefix = split_uri(uri)
        page: dict[str, Any] = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, **limits)
        return page
