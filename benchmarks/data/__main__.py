"""`python -m benchmarks.data [--gigabytes 1] [--large]`: figures beside their goals; exit code 1 when one is missed."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.data.dataset import write

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "data.md"
SPLIT_SPEED = 60.0
SPLIT_PEAK = 1024.0
READ_RATIO = 1.3
LARGE_GIGABYTES = 5.0
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


def _work(what: str, folder: Path) -> dict[str, Any]:
    """Have something measured in a process of its own, with one thread."""
    environment = os.environ | dict.fromkeys(_THREADS, "1")
    command = [sys.executable, "-m", "benchmarks.data.work", what, str(folder)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
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
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
        ]
    )


def main() -> int:
    """Measure, print, write the page of a whole gigabyte; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="how much is split")
    parser.add_argument("--large", action="store_true", help=f"split {LARGE_GIGABYTES:.0f} GB too, in the same memory")
    asked = parser.parse_args()
    figures = measure(asked.gigabytes, with_read=True)
    if asked.large:
        figures += measure(LARGE_GIGABYTES, with_read=False)
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        print(f"{figure.name:<{width}}  {figure.measured}  {figure.goal}  {figure.row[3]}")
    if asked.gigabytes >= 1:
        command = "python -m benchmarks.data" + (" --large" if asked.large else "")
        PAGE.write_text(page(figures, command), "utf-8")
        print(f"written to {PAGE}")
    return int(not all(figure.met for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
