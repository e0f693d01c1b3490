"""`python -m benchmarks.abandoning [--live]`: does the rule keep its promises? Exit code 1 when it does not.

Prints the tables and writes docs/benchmarks/abandoning.md; with `--live` it also tunes anew (minutes).
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.abandoning import live, replay, report

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: list[str]) -> int:
    """Run what is asked for, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.abandoning", description=__doc__)
    parser.add_argument("--live", action="store_true", help="tune anew with the rule on and off, too")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at a time")
    options = parser.parse_args(arguments)
    os.environ.update(dict.fromkeys(THREADS, "1"))  # before the workers load what counts its threads
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        found = {variant: replay.summaries(*variant, pool) for variant in report.VARIANTS}
        if options.live:
            live.keep(live.compare(pool))
    tuned = live.comparisons(live.kept())
    text = report.text(found, tuned)
    report.DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
    report.DOCUMENT.write_text(text)
    print(text)
    missed = report.missed(found, tuned)
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
