"""The instances of a processing job, which read a dataset's files together: what each tells the others, through S3.

Hosts work in rounds. At the end of a round each tells something and gets what all have told, in their order, so that
all decide the same. A host that fails in a round tells why, and the first one that failed fails all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from warmfold_data.csv_records import DatasetRuleError
from warmfold_jobs.data.columnar import NotColumnarError
from warmfold_jobs.data.spool import Spool
from warmfold_jobs.storage import get_json, names_below, put_json, remove
from warmfold_run import places
from warmfold_run.plan import Plan

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHORTEST_WAIT, LONGEST_WAIT, WAITED_SHARE = 0.2, 10.0, 0.1
"""Seconds between two looks at what others have told: a share of what was waited so far, within these bounds."""
_FAILURES: dict[str, type[Exception]] = {"rule": DatasetRuleError, "columnar": NotColumnarError}


class HostError(RuntimeError):
    """Another instance failed, or told nothing for too long."""


class Told(NamedTuple):
    """What a host told at the end of a round."""

    said: Mapping[str, Any]
    spools: Sequence[Spool]


@dataclass
class Meeting:
    """Where hosts meet, and how long they wait there."""

    s3: S3Client
    folder: str
    """An s3:// URI that ends in `/`."""
    scratch: Path
    """A folder of the host's own for what others tell."""
    patience_seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Hosts:
    """This host and the others; one that is alone tells nothing and waits for nobody."""

    def __init__(self, names: Sequence[str], own: str, meeting: Meeting | None) -> None:
        """`names` are the hosts in their order; `meeting` may be None for a host that is alone."""
        self.names, self.place = list(names), list(names).index(own)
        self._at = meeting
        self._round = 0
        self._failed = False

    @property
    def is_first(self) -> bool:
        """Whether this is the host that writes what there is once."""
        return self.place == 0

    @property
    def are_several(self) -> bool:
        """Whether there are others."""
        return len(self.names) > 1

    def share(self, said: Mapping[str, Any], *spools: Spool) -> list[Told]:
        """End a round: tell the others, and return what each host has told, in their order.

        Raises what the first host that failed in this round has told of it.
        """
        if self._at is None:
            return [Told(said, spools)]
        number, self._round = self._round, self._round + 1
        held = [self._put(self._at, self._uri(number, self.place, at), spool) for at, spool in enumerate(spools)]
        put_json(self._at.s3, self._uri(number, self.place), {"said": said, "spools": held})
        told = []
        for place in range(len(self.names)):
            told.append(Told(said, spools) if place == self.place else self._told(number, place))
        return told

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """Have what fails here fail on every host, with what the first of those says that failed in the same round."""
        try:
            yield
        except Exception as error:
            if self._at is not None and not self._failed:
                self._fail(self._at, error)
            raise

    @contextmanager
    def met(self) -> Iterator[None]:
        """Have the first host remove what was told in here, once all others have left.

        After a failure it stays, and the first host says so.
        """
        at = self._at
        try:
            yield
        except Exception:
            if at is not None and self.is_first:
                print(f"what the instances have told each other stays at {at.folder}")
            raise
        if at is None:
            return
        put_json(at.s3, f"{at.folder}left-{self.place}.json", {})
        if self.is_first:
            for place in range(1, len(self.names)):
                self._wait(at, place, f"left-{place}.json")
            remove(at.s3, at.folder)

    def _put(self, at: Meeting, uri: str, spool: Spool) -> bool:
        """Send a spool; returns whether it holds anything."""
        file = spool.written()
        if file is None:
            return False
        bucket, key = places.split_uri(uri)
        at.s3.upload_file(str(file), bucket, key)
        return True

    def _fail(self, at: Meeting, error: Exception) -> None:
        """Tell of a failure; raises that of a host before this one, if there is one."""
        kind = next((kind for kind, made in _FAILURES.items() if isinstance(error, made)), "error")
        text = str(error) if kind in _FAILURES else f"{type(error).__name__}: {error}"
        put_json(at.s3, self._uri(self._round, self.place), {"failed": kind, "text": text})
        self._failed = True
        for place in range(self.place):
            self._told(self._round, place)

    def _told(self, number: int, place: int) -> Told:
        """What a host has told in a round, once it has; raises what it says of its failure."""
        assert self._at is not None
        at = self._at
        self._wait(at, place, f"{number}-{place}.json")
        found = get_json(at.s3, self._uri(number, place))
        if "failed" in found:
            self._failed = True
            made = _FAILURES.get(found["failed"])
            raise made(found["text"]) if made else HostError(f"instance {self.names[place]} failed: {found['text']}")
        spools = []
        for which, held in enumerate(found["spools"]):
            file = at.scratch / f"{number}-{place}-{which}"
            if held:
                at.s3.download_file(*places.split_uri(self._uri(number, place, which)), str(file))
            spools.append(Spool(file))
        return Told(found["said"], spools)

    def _wait(self, at: Meeting, place: int, name: str) -> None:
        began = at.clock()
        while name not in names_below(at.s3, at.folder):
            waited = at.clock() - began
            if waited > at.patience_seconds:
                self._failed = True
                raise HostError(
                    f"instance {self.names[place]} has told nothing for {waited:.0f} s; see its log in "
                    "/aws/sagemaker/ProcessingJobs, and start the run again"
                )
            at.sleep(min(LONGEST_WAIT, max(SHORTEST_WAIT, WAITED_SHARE * waited)))

    def _uri(self, number: int, place: int, spool: int | None = None) -> str:
        assert self._at is not None
        return f"{self._at.folder}{number}-{place}" + (".json" if spool is None else f"-{spool}.arrows")


ALONE = Hosts(["algo-1"], "algo-1", None)
"""The one host of a job."""


def read_hosts(config: Path, s3: S3Client, plan: Plan, scratch: Path) -> Hosts:
    """The hosts of this job as SageMaker's resourceconfig.json names them, each with a scratch folder of its own."""
    told = json.loads(config.read_text("utf-8"))
    # algo-2 before algo-10
    names = sorted(told["hosts"], key=lambda name: (len(name), name))
    if len(names) == 1:
        return ALONE
    folder, patience = f"{plan['locations']['run']}{places.EXCHANGE}/", plan["timeouts"]["processing"]
    return Hosts(names, told["current_host"], Meeting(s3, folder, scratch, patience))


def own_files(sizes: Sequence[int], hosts: int) -> list[range]:
    """Which files each host reads: files that follow one another, of about as many bytes for each, none for nobody."""
    ends = list(accumulate(sizes, initial=0))
    borders = [0]
    for host in range(1, hosts):
        wanted = ends[-1] * host / hosts
        nearest = min(range(len(ends)), key=lambda place: abs(ends[place] - wanted))
        most = max(len(sizes) - (hosts - host), borders[-1])
        borders.append(min(max(nearest, borders[-1] + 1), most))
    borders.append(len(sizes))
    return [range(begin, end) for begin, end in pairwise(borders)]
