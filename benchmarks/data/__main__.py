"""`python -m benchmarks.data [--gigabytes 1] [--large]`: figures beside their goals; exit code 1 when one is missed.

`--quick` measures only what several hosts take for 0.1 GB in many files, which is too little for a goal: what does not
become less with more hosts weighs most there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.data.dataset import write, write_files

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "data.md"
SPLIT_SPEED = 60.0
SPLIT_PEAK = 1024.0
READ_RATIO = 1.3
LARGE_GIGABYTES, QUICK_GIGABYTES = 5.0, 0.1
HOSTS, FILES, HOSTS_GIGABYTES, HOSTS_RATIO = 4, 40, 3.0, 0.35
NETWORK_BYTES, LATE_SECONDS = 100e6, 0.4
"""What a host reads from S3 in a second, and how much later than the last one it looks, at the end of each round."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Figure(NamedTuple):
    """One measured figure, and whether it is as good as its goal."""

    name: str
    measured: str
    goal: str
    met: bool

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Its row in a table."""
        return self.name, self.measured, self.goal, ("met" if self.met else "not met") if self.goal else ""


def measure(gigabytes: float, *, with_read: bool) -> list[Figure]:
    """The figures of a dataset of a size."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        write(folder, int(gigabytes * 1e9))
        done = _work("split", folder)
        speed, peak = done["bytes"] / 1e6 / done["seconds"], done["peak"] / 2**20
        size = f"{done['bytes'] / 1e9:.1f} GB of CSV"
        figures = [
            Figure(
                f"split of {size}, per second of one core",
                f"{speed:.0f} MB ({done['seconds']:.1f} s, {done['rows']:,} rows)",
                f"≥ {SPLIT_SPEED:.0f} MB",
                speed >= SPLIT_SPEED,
            ),
            Figure(
                "the same, over pyarrow reading that CSV into typed columns and dropping them",
                f"{done['seconds'] / done['reader']:.1f} × ({done['reader']:.1f} s)",
                "",
                True,
            ),
            Figure(f"split of {size}, most memory", f"{peak:.0f} MiB", f"≤ {SPLIT_PEAK:.0f} MiB", peak <= SPLIT_PEAK),
        ]
        if with_read:
            read = _work("read", folder)
            ratio = read["ours"] / read["theirs"]
            figures.append(
                Figure(
                    "a fold's parts read, over pyarrow reading the same Parquet into a table of pandas",
                    f"{ratio:.2f} × ({read['ours']:.2f} s for {read['bytes'] / 1e6:.0f} MB)",
                    f"≤ {READ_RATIO} ×",
                    ratio <= READ_RATIO,
                )
            )
    return figures


def measure_hosts(gigabytes: float, *, with_goal: bool) -> Figure:
    """How much faster several hosts split many files than one: each round takes what the slowest of them takes."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        write_files(folder, int(gigabytes * 1e9), FILES)
        one = _work("files", folder)
        running = [_begun("host", folder, place, HOSTS) for place in range(HOSTS)]
        hosts = [_found("host", process) for process in running]
    rounds = [max(each) for each in zip(*(host["rounds"] for host in hosts), strict=True)]
    told = max(host["told"] for host in hosts)
    together = sum(rounds) + told / NETWORK_BYTES + LATE_SECONDS * (len(rounds) - 1)
    ratio = together / one["seconds"]
    return Figure(
        f"split of {one['bytes'] / 1e9:.1f} GB in {FILES} files by {HOSTS} instances, over one",
        f"{ratio:.2f} × ({together:.1f} s, of which {sum(rounds):.1f} s of work; {one['seconds']:.1f} s by one)",
        f"≤ {HOSTS_RATIO} ×" if with_goal else "",
        ratio <= HOSTS_RATIO or not with_goal,
    )


def _work(what: str, folder: Path) -> dict[str, Any]:
    """Have something measured in a process of its own, with one thread."""
    return _found(what, _begun(what, folder))


def _begun(what: str, folder: Path, *numbers: int) -> subprocess.Popen[str]:
    environment = os.environ | dict.fromkeys(_THREADS, "1")
    command = [sys.executable, "-m", "benchmarks.data.work", what, str(folder), *map(str, numbers)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def _found(what: str, process: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    found: dict[str, Any] = json.loads(said)
    print(f"{what}: {found}", flush=True)
    return found


def page(figures: list[Figure], command: str) -> str:
    """The figures as a Markdown page."""
    header = ("figure", "measured", "goal", "")
    rows = [header, tuple("---" for _ in header), *(figure.row for figure in figures)]
    return "\n".join(
        [
            "# The data path",
            "",
            f"Written by `{command}` on {os.cpu_count()} cores. Seconds are",
            "CPU time of one core, which a busy machine makes longer. Files have 30 columns, 27 of numbers and 3 of",
            "text (`benchmarks/data/dataset.py`). What is split has no profile from Plan Run, as no data over 64 MiB",
            "has: its columns are understood from a sample of the rows. What is read are the parts of all folds, the",
            "best of three times.",
            "",
            "Several instances work in rounds (`training_code/warmfold_jobs/data/hosts.py`), here one at a time: a",
            "round takes what the slowest one takes; besides, they read what they tell each other, at",
            f"{NETWORK_BYTES / 1e6:.0f} MB a second, and look {LATE_SECONDS} s late at the end of each round.",
            "",
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
        ]
    )


def main() -> int:
    """Measure, print, write the page of a whole gigabyte; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="how much is split")
    parser.add_argument("--large", action="store_true", help=f"split {LARGE_GIGABYTES:.0f} GB too, in the same memory")
    parser.add_argument("--quick", action="store_true", help=f"several hosts only, with {QUICK_GIGABYTES} GB")
    asked = parser.parse_args()
    figures = [] if asked.quick else measure(asked.gigabytes, with_read=True)
    figures.append(measure_hosts(QUICK_GIGABYTES if asked.quick else HOSTS_GIGABYTES, with_goal=not asked.quick))
    if asked.large:
        figures += measure(LARGE_GIGABYTES, with_read=False)
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        print(f"{figure.name:<{width}}  {figure.measured}  {figure.goal}  {figure.row[3]}")
    if asked.gigabytes >= 1 and not asked.quick:
        command = "python -m benchmarks.data" + (" --large" if asked.large else "")
        PAGE.write_text(page(figures, command), "utf-8")
        print(f"written to {PAGE}")
    return int(not all(figure.met for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
