"""`python -m benchmarks.local_cloud [--full]`: prints each figure beside its goal; exit code 1 when one is missed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.local_cloud.clouds import local_cloud
from benchmarks.local_cloud.figures import Figure, median, page, percentile, table
from benchmarks.local_cloud.jobs import FoldTimes, memory_of_jobs, time_folds
from benchmarks.local_cloud.plain import Plain
from benchmarks.local_cloud.tune import Tuned, stop, tune

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "local_cloud.md"
PLACEMENTS = ("warm-pool", "auto")
"""The goal is for the default, `auto`; in warm pools alone the first jobs of a run start cold, as they do on AWS."""
OVERHEAD_SECONDS = 0.15
UP_SECONDS = 3.0
LOOP_RATIO = 2.0
GROWTH_BYTES_PER_JOB = 5e6 / 800


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    candidates: dict[str, int]
    """By placement; a single one is only for its plan, and not told about."""
    warm_folds: int
    cold_folds: int
    settled_jobs: int
    jobs: int
    rounds: int


DEFAULT = Size({"warm-pool": 1, "auto": 20}, warm_folds=10, cold_folds=2, settled_jobs=150, jobs=400, rounds=1)
FULL = Size({"warm-pool": 20, "auto": 20}, warm_folds=60, cold_folds=5, settled_jobs=200, jobs=1000, rounds=3)


def measure(size: Size) -> list[Figure]:
    """Every figure."""
    ups: list[float] = []
    seconds: dict[str, list[float]] = {placement: [] for placement in PLACEMENTS}
    ratios: dict[str, list[float]] = {placement: [] for placement in PLACEMENTS}
    cpu_ratios: dict[str, list[float]] = {placement: [] for placement in PLACEMENTS}
    last: dict[str, Tuned] = {}
    times = FoldTimes()
    plain = Plain()
    for number in range(size.rounds):
        for placement in PLACEMENTS:
            with tempfile.TemporaryDirectory() as folder:
                with local_cloud() as cloud:
                    ups.append(cloud.seconds)
                    tuned = tune(cloud, Path(folder), placement, size.candidates[placement])
                    plain.ask(folder=folder)
                    if number == 0 and placement == "warm-pool":
                        stop(tuned)
                        times = time_folds(tuned, plain, size.warm_folds, size.cold_folds)
                loop, loop_cpu = plain.ask(candidates=tuned.candidates)
            seconds[placement].append(tuned.seconds)
            ratios[placement].append(tuned.seconds / loop)
            cpu_ratios[placement].append(tuned.cpu_seconds / loop_cpu)
            last[placement] = tuned
            print(
                f"round {number + 1}, {placement}: {tuned.folds} folds in {tuned.seconds:.1f} s "
                f"({tuned.cpu_seconds:.1f} s on cores), plain loop {loop:.1f} s ({loop_cpu:.1f})",
                flush=True,
            )
    plain.close()
    with local_cloud() as cloud:
        ups.append(cloud.seconds)
        growth, small = memory_of_jobs(cloud, size.settled_jobs, size.jobs)
    told = [placement for placement in PLACEMENTS if size.candidates[placement] > 1]
    return [
        *_of_folds(times),
        Figure("`warmfold local up` to ready, median", median(ups), "s", UP_SECONDS, f"{len(ups)} starts"),
        *(
            Figure(
                f"{size.candidates[placement]} candidates × 5 folds, `{placement}`, over the plain loop",
                median(ratios[placement]),
                "×",
                LOOP_RATIO if placement == "auto" else None,
                f"{median(seconds[placement]):.0f} s; {last[placement].folds} folds were trained, "
                f"{last[placement].cold_starts} fold jobs started cold",
            )
            for placement in told
        ),
        *(
            Figure(f"the same in seconds on a core, `{placement}`", median(cpu_ratios[placement]), "×")
            for placement in told
        ),
        Figure("a job that does nothing, warm, to Completed, median", 1000 * median(small), "ms"),
        Figure(
            "memory per finished job",
            growth / (size.jobs - size.settled_jobs) / 1000,
            "KB",
            GROWTH_BYTES_PER_JOB / 1000,
            f"from job {size.settled_jobs} to {size.jobs}: {growth / 1e6:.1f} MB",
        ),
    ]


def _of_folds(times: FoldTimes) -> list[Figure]:
    figures = []
    for name, side in (("its score in S3", times.to_score), ("Completed", times.to_completed)):
        over = [job - fit for job, fit in zip(side, times.plain, strict=True)]
        fit = f"the fit itself: {median(times.plain):.2f} s"
        figures += [
            Figure(f"one warm fold job to {name}, over the same fit, median", median(over), "s", OVERHEAD_SECONDS, fit),
            Figure(f"one warm fold job to {name}, over the same fit, p95", percentile(over, 0.95), "s"),
        ]
    ratio = median(times.cold) / median(times.to_completed)
    note = f"{median(times.cold):.1f} s against {median(times.to_completed):.2f} s"
    return [*figures, Figure("cold fold job over warm", ratio, "×", note=note)]


def main() -> int:
    """Measure, print, write the page; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.local_cloud", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more of everything; writes docs/benchmarks/local_cloud.md")
    full = parser.parse_args().full
    figures = measure(FULL if full else DEFAULT)
    print(table(figures))
    if full:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(figures, "python -m benchmarks.local_cloud --full"), "utf-8")
        print(f"written to {PAGE}")
    return int(any(figure.missed for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
