"""Everything that `make benchmark-full` measures beside the main cells."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

from benchmarks.fan_out import tables
from benchmarks.fan_out.checks import FOLD_SECONDS, Check, check_cells, name
from benchmarks.fan_out.runs import Cell, Means, simulate_all
from benchmarks.fan_out.workload import Case
from virtual.assumptions import Assumptions, Rate, Start

GRID = tuple(Cell(Case(k, m, seconds)) for k in (3, 5, 10) for m in (1, 4, 10) for seconds in FOLD_SECONDS)
GRID_SIDES = ("cold", "recipe", "loop", "loop-4", "off", "default", "pool", "off-4")
VARIED = Case(5, 4, 60.0)
VARIED_SIDES = ("recipe", "loop", "off", "default")
CROWDS = tuple(Cell(Case(10, slots, 1000.0, candidates=3 * slots)) for slots in (10, 100))
CROWD_SIDES = ("recipe", "pool", "default")
CROWD_SEEDS = 2
CROWD_GROWTH = 1.5
"""How many more calls a fold job may take with 100 candidates at once than with 10."""


def variants() -> Iterator[Cell]:
    """The main case under other assumptions."""
    usual = Assumptions()
    for seconds in (5.0, 20.0, 30.0):
        warm = Start(seconds, usual.warm.billed)
        yield Cell(VARIED, replace(usual, warm=warm), f"warm start {seconds:.0f} s")
    for billed in (0.0, 180.0):
        yield Cell(VARIED, replace(usual, cold=Start(usual.cold.seconds, billed)), f"cold start billed {billed:.0f} s")
    for calls in (1.0, 2.0, 5.0, 10.0):
        rate = Rate(calls, calls)
        limits = replace(usual, creates=rate, lists=rate, describes=rate)
        yield Cell(VARIED, limits, f"{calls:.0f} calls a second")
    for seconds in (0.0, 120.0):
        yield Cell(VARIED, replace(usual, stop_seconds=seconds), f"a stopped fold ends after {seconds:.0f} s")


def run_full(pool: Executor, folder: Path, seeds: int) -> list[Check]:
    """Measure, print, write docs/benchmarks/fan_out_full.md, and tell which promises are kept."""
    sections: list[str] = [
        "# The fan-out in every cell\n\nWritten by `make benchmark-full`; the columns are explained in "
        "[fan_out.md](fan_out.md).\n"
    ]

    def measure(title: str, cells: Iterator[tuple[Cell, Means]]) -> list[tuple[Cell, Means]]:
        found = []
        sections.append(f"## {title}\n")
        for cell, means in cells:
            print(tables.as_text(cell, means), flush=True)
            sections.append(tables.as_markdown(cell, means))
            found.append((cell, means))
        return found

    grid = measure("K, M and fold length", simulate_all(GRID, lambda _: GRID_SIDES, pool, seeds))
    measure("Other assumptions", simulate_all(variants(), lambda _: VARIED_SIDES, pool, seeds))
    crowds = measure("A thousand folds at once", simulate_all(CROWDS, lambda _: CROWD_SIDES, pool, CROWD_SEEDS))
    results = [*check_cells(grid), *_check_crowds(crowds)]
    sections.insert(1, f"## Promises\n\n{tables.checks_as_markdown(results)}\n")
    (folder / "fan_out_full.md").write_text("\n".join(sections).rstrip() + "\n", "utf-8")
    return results


def _check_crowds(found: list[tuple[Cell, Means]]) -> Iterator[Check]:
    (_, few), (cell, many) = found
    for side in ("pool", "default"):
        one = many[side]
        what = f"{name(cell)}, {side}"
        yield Check(
            f"{what}: no candidate fails", f"{one.lost:.0f} lost, {one.in_flight:.0f} folds at once", not one.lost
        )
        each, before = one.calls / one.fold_jobs, few[side].calls / few[side].fold_jobs
        yield Check(
            f"{what}: at most {CROWD_GROWTH} of the API calls that a fold job takes with M=10",
            f"{each:.2f} against {before:.2f}",
            each <= CROWD_GROWTH * before,
        )
    yield Check(f"{name(cell)}: 1000 folds at once", f"{many['pool'].in_flight:.0f}", many["pool"].in_flight >= 1000)
