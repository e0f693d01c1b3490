"""Many simulations at once, and their means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from functools import cache
from statistics import fmean

from benchmarks.abandoning.matrices import load
from benchmarks.fan_out.engine import Result, Simulation
from benchmarks.fan_out.limits import barrier_limit, physical_limit
from benchmarks.fan_out.sides import SIDES
from benchmarks.fan_out.workload import Case, Workload, drawn
from virtual.assumptions import Assumptions

SEEDS = 10
HOUR = 3600.0
USUAL = Assumptions()


@dataclass(frozen=True)
class Cell:
    """A case under some assumptions, named where they are not the usual ones."""

    case: Case
    assume: Assumptions = USUAL
    variant: str = ""


@dataclass(frozen=True)
class Figures:
    """What is told of a simulation, or of the mean of several; hours, instance-hours.

    `later_seconds` is how long the script of a candidate runs that is not the first in its slot, `later_slowest` the
    slowest fold of such a candidate.
    """

    wall: float
    bill: float
    calls: float
    peak: float
    s3_calls: float
    fold_jobs: float
    late_cold: float
    given_up: float
    lost: float
    in_flight: float
    later_seconds: float
    later_slowest: float
    physical: float
    barrier: float

    @classmethod
    def of(cls, result: Result, case: Case, workload: Workload, assume: Assumptions) -> Figures:
        """One simulation's."""
        later = [run for run in result.candidates if run.turn] or result.candidates
        return cls(
            wall=result.wall / HOUR,
            bill=result.bill.total / HOUR,
            calls=result.calls,
            peak=result.peak,
            s3_calls=result.s3_calls,
            fold_jobs=result.cold + result.warm,
            late_cold=result.late_cold,
            given_up=sum(run.abandoned for run in result.candidates),
            lost=len(result.lost),
            in_flight=result.in_flight,
            later_seconds=fmean(run.seconds for run in later),
            later_slowest=fmean(max(workload.seconds[run.number - 1]) for run in later),
            physical=physical_limit(case, workload) / HOUR,
            barrier=barrier_limit(case, workload, assume) / HOUR,
        )

    @classmethod
    def mean(cls, every: Sequence[Figures]) -> Figures:
        """The means; of the peaks, the highest."""
        means = {field.name: fmean(getattr(one, field.name) for one in every) for field in fields(cls)}
        return cls(**means | {name: max(getattr(one, name) for one in every) for name in ("peak", "in_flight")})


Means = dict[str, Figures]
"""By side."""


def workload_of(case: Case, seed: int, seeds: int) -> Workload:
    """A seed's workload: the seeds take turns with the score matrices, spread over all of them."""
    matrices = _matrices(case.n_splits)
    return drawn(case, seed, matrices[seed * len(matrices) // seeds])


def simulate_all(
    cells: Iterable[Cell], sides: Callable[[Case], Sequence[str]], pool: Executor, seeds: int = SEEDS
) -> Iterator[tuple[Cell, Means]]:
    """Each cell with the means of each side, as they become known; every side sees the same seeds."""
    asked = [
        (
            cell,
            [
                (side, [pool.submit(_figures, cell, side, seed, seeds) for seed in range(seeds)])
                for side in sides(cell.case)
            ],
        )
        for cell in cells
    ]
    for cell, by_side in asked:
        yield cell, {side: Figures.mean([future.result() for future in futures]) for side, futures in by_side}


def _figures(cell: Cell, side: str, seed: int, seeds: int) -> Figures:
    workload = workload_of(cell.case, seed, seeds)
    result = Simulation(cell.case, SIDES[side], workload, seed, cell.assume).run()
    return Figures.of(result, cell.case, workload, cell.assume)


@cache
def _matrices(n_splits: int) -> list[Sequence[Sequence[float]]]:
    return [matrix.scores for matrix in load(n_splits)]
