"""`python -m benchmarks.fan_out [--full]`: the tables, the chart, and exit code 1 when a promise is not kept."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.fan_out import checks, tables
from benchmarks.fan_out.document import write_documents
from benchmarks.fan_out.fidelity import check_fidelity
from benchmarks.fan_out.full import run_full
from benchmarks.fan_out.runs import SEEDS, Cell, simulate_all
from benchmarks.fan_out.sides import SIDES
from benchmarks.fan_out.workload import Case

DOCS = Path(__file__).parents[2] / "docs" / "benchmarks"


LONG_FOLD = 100.0
"""With longer folds, warmfold in-process is left out: it takes as long as the loop does, and long to simulate."""


def sides_of(case: Case) -> Sequence[str]:
    """The sides that are simulated of a case."""
    return [key for key in SIDES if not (key.startswith("here") and case.fold_seconds > LONG_FOLD)]


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fan_out", description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="every cell, other assumptions, and a thousand folds at once"
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one for each core)"
    )
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, help=f"simulations of each cell and side (default: {SEEDS})"
    )
    parser.add_argument("--output", type=Path, default=DOCS, help="folder for the pages and the chart")
    arguments = parser.parse_args()
    with ProcessPoolExecutor(arguments.workers, multiprocessing.get_context("spawn")) as pool:
        found = []
        for cell, means in simulate_all(map(Cell, checks.CASES), sides_of, pool, arguments.seeds):
            print(tables.as_text(cell, means), flush=True)
            found.append((cell, means))
        results = [*checks.check_targets({cell.case: means for cell, means in found}), *checks.check_cells(found)]
        write_documents(arguments.output, found, results, arguments.seeds)
        if arguments.full:
            results += run_full(pool, arguments.output, arguments.seeds)
    if arguments.full:
        results += check_fidelity()
    print(tables.checks_as_text(results))
    return 0 if all(result.met for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
