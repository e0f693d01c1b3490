"""`python -m benchmarks.models [dataset …] [--rows N] [--candidates N]`: exit code 1 where tuning made a model worse.

Compares on the datasets named, else on all; results of the others stay as they are. Writes docs/benchmarks/models.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from benchmarks.models import report
from benchmarks.models.comparison import CANDIDATES, MOST_ROWS, compare, keep, kept
from benchmarks.models.datasets import SOURCES

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def main(arguments: list[str]) -> int:
    """Compare, keep what was found, and say it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    parser.add_argument("datasets", nargs="*", metavar="dataset", help=f"of {', '.join(SOURCES)}; default: all")
    parser.add_argument("--rows", type=int, default=MOST_ROWS, help="the most rows to tune on (default: %(default)s)")
    parser.add_argument("--candidates", type=int, default=CANDIDATES, help="on each side (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="datasets at a time (default: %(default)s)")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.datasets) - SOURCES.keys()):
        parser.error(f"{unknown[0]} is unknown; the datasets are {', '.join(SOURCES)}")
    os.environ.update(dict.fromkeys(THREADS, "1"))  # before the workers load what counts its threads
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        names = options.datasets or list(SOURCES)
        asked = {pool.submit(compare, name, options.rows, options.candidates): name for name in names}
        for future in as_completed(asked):
            keep(asked[future], future.result())
            print(f"{asked[future]}: {report.verdict(future.result())}", flush=True)
    found = kept()
    report.DOCUMENT.write_text(report.text(found), "utf-8")
    print(report.text(found))
    missed = report.missed(found)
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
