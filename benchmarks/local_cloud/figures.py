"""Figures with their goals, and how they are shown."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

HEADER = ("figure", "measured", "goal", "")

NOTES = (
    "- The plain loop trains the folds that the run trained, with the run's hyperparameters, in one process with one",
    "  thread (OMP, OpenBLAS and MKL pinned as the local cloud pins them), its data read once; imports do not count.",
    "- The goal of the Tune state is for `auto`, the default. With `warm-pool` every fold is a job, with its overhead,",
    "  and those that find no pool start a new interpreter each.",
    "- The fit of a fold job is the same fold in the plain process, reading included, asked for after each job.",
)


@dataclass(frozen=True)
class Figure:
    """One measured figure; `limit` is the most it may be, None when it is only told."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def missed(self) -> bool:
        """Whether it is over its goal."""
        return self.limit is not None and self.value > self.limit

    def row(self) -> tuple[str, str, str, str]:
        """Its row in a table."""
        goal = "" if self.limit is None else f"≤ {self.limit:g} {self.unit}".rstrip()
        verdict = "" if self.limit is None else "not met" if self.missed else "met"
        shown = f"{rounded(self.value)} {self.unit}".rstrip()
        return self.name, f"{shown} {self.note and f'({self.note})'}".rstrip(), goal, verdict


def rounded(value: float) -> str:
    """Two significant digits, and no fewer than the whole number has."""
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: Sequence[Figure]) -> str:
    """The figures as a text table."""
    rows = [HEADER, *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def page(figures: Sequence[Figure], command: str) -> str:
    """The figures as a Markdown page."""
    rows = [HEADER, tuple("---" for _ in HEADER), *(figure.row() for figure in figures)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(
        [
            "# The local cloud's speed and memory",
            "",
            f"Written by `{command}` on {os.cpu_count()} cores. All sides were measured in",
            "that one run, with other work beside it on the machine: ratios say more than seconds.",
            "",
            *lines,
            "",
            *NOTES,
            "",
        ]
    )
