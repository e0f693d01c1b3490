"""Several hosts that split one dataset at a time, and what came of it."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import Any

from tests.patience import PATIENCE
from tests.unit.training_code.split_job import Bucket
from warmfold_data.csv_records import DatasetRuleError
from warmfold_jobs.data.hosts import Hosts, Meeting
from warmfold_jobs.data.split import split_dataset

FOLDER = "s3://bucket/runs/r/split/"


class Shared(Bucket):
    """S3 that several hosts use at a time, and that wakes those who wait when something is put."""

    def __init__(self, **objects: bytes) -> None:
        super().__init__(**objects)
        self.told = Condition()
        self.exchanged: set[str] = set()

    def put_object(self, **request: Any) -> None:
        with self.told:
            super().put_object(**request)
            self.exchanged.add(request["Key"])
            self.told.notify_all()

    def upload_file(self, file: str, bucket: str, key: str) -> None:
        self.put_object(Bucket=bucket, Key=key, Body=Path(file).read_bytes())

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        with self.told:
            return super().paginate(**request)

    def delete_object(self, **request: Any) -> None:
        with self.told:
            super().delete_object(**request)

    def wait(self, _: float) -> None:
        """As long as nobody has put anything, and a moment longer where that was before one asked."""
        with self.told:
            self.told.wait(0.01)


@dataclass
class Came:
    """What came of a split: what its hosts wrote together, and what they returned or raised."""

    output: Path
    returned: list[Any]
    raised: list[BaseException | None]

    def files(self) -> dict[str, bytes]:
        """All files but the chunks of rows to score, whose cut may differ."""
        found = {str(file.relative_to(self.output)): file for file in self.output.rglob("*") if file.is_file()}
        return {name: file.read_bytes() for name, file in sorted(found.items()) if not name.startswith("score/")}

    def score(self) -> list[list[str]]:
        """The rows to score, in order of their chunks' names, whose headers are the same."""
        rows, headers = list[list[str]](), set[str]()
        for chunk in sorted((self.output / "score").iterdir()):
            header, *those = csv.reader(io.StringIO(chunk.read_bytes().decode(), newline=""))
            headers.add(str(header))
            rows += those
        assert len(headers) == 1
        return rows


def by_hosts(count: int, plan: dict[str, Any], bucket: Shared, output: Path, **options: Any) -> Came:
    """Split a dataset by so many hosts at a time, each with a disk of its own."""
    names = [f"algo-{place + 1}" for place in range(count)]
    clock = options.pop("clock", lambda: 0.0)

    def work(name: str) -> Any:
        own = output / "disks" / name
        own.mkdir(parents=True)
        at = Meeting(bucket, FOLDER, own, 3600, clock, options.get("sleep", bucket.wait))  # type: ignore[arg-type]
        return split_dataset(plan, bucket, own / "output", Hosts(names, name, at))  # type: ignore[arg-type]

    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(work, name) for name in names]
        raised = [one.exception(PATIENCE) for one in running]
    returned = [None if error else one.result() for one, error in zip(running, raised, strict=True)]
    written = output / "written"
    for name in names:
        for file in (output / "disks" / name / "output").rglob("*"):
            target = written / file.relative_to(output / "disks" / name / "output")
            if file.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                assert not target.exists(), f"{target} is written twice"
                target.write_bytes(file.read_bytes())
    return Came(written, returned, raised)


def by_one(plan: dict[str, Any], bucket: Bucket, output: Path) -> Came:
    try:
        returned, raised = split_dataset(plan, bucket, output), None  # type: ignore[arg-type]
    except (DatasetRuleError, KeyError) as error:
        returned, raised = None, error
    return Came(output, [returned], [raised])
