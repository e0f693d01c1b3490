"""Tables of what was measured, as text for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.fan_out.checks import TARGETS, Check, name, ratios
from benchmarks.fan_out.runs import Cell, Means
from benchmarks.fan_out.sides import SIDES

COLUMNS = (
    "side",
    "wall h",
    "bill inst-h",
    "API calls",
    "peak/s",
    "S3 calls",
    "late cold",
    "given up",
    "× S1",
    "bill / S1",
    "candidate s",
    "slowest fold s",
    "/ physical",
    "/ barrier",
    "target",
)


def rows(cell: Cell, means: Means) -> list[tuple[str, ...]]:
    """A cell's rows, one for each side."""
    lines: list[tuple[str, ...]] = []
    for side, one in means.items():
        speed, bill = ratios(means, side)
        lines.append(
            (
                SIDES[side].title,
                f"{one.wall:.2f}",
                f"{one.bill:.2f}",
                f"{one.calls:.0f}",
                f"{one.peak:.0f}",
                f"{one.s3_calls:.0f}",
                f"{one.late_cold:.1f}",
                f"{one.given_up:.1f}",
                f"{speed:.2f}",
                f"{bill:.2f}",
                f"{one.later_seconds:.1f}",
                f"{one.later_slowest:.1f}",
                f"{one.wall / one.physical:.2f}",
                f"{one.wall / one.barrier:.2f}",
                _target(cell, side, speed, bill),
            )
        )
    return lines


def as_text(cell: Cell, means: Means) -> str:
    """A cell for a terminal."""
    table = [COLUMNS, *rows(cell, means)]
    widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS))]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in table]
    return "\n".join([name(cell), *lines, ""])


def as_markdown(cell: Cell, means: Means) -> str:
    """A cell under a heading."""
    return "\n".join([f"### {name(cell)}", "", markdown_table([COLUMNS, *rows(cell, means)]), ""])


def markdown_table(table: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its head and whose first column is text."""
    head, *body = table
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def checks_as_text(checks: Sequence[Check]) -> str:
    """Each check in a line."""
    return "\n".join(f"{'met    ' if check.met else 'NOT MET'}  {check.promise}: {check.measured}" for check in checks)


def checks_as_markdown(checks: Sequence[Check]) -> str:
    """The checks as a table."""
    return markdown_table(
        [("promise", "measured", ""), *((c.promise, c.measured, "met" if c.met else "**not met**") for c in checks)]
    )


def _target(cell: Cell, side: str, speed: float, bill: float) -> str:
    case = cell.case
    if (case.n_splits, case.slots) != (5, 4) or cell.variant or (side, case.fold_seconds) not in TARGETS:
        return ""
    faster, cheaper = TARGETS[side, case.fold_seconds]
    met = round(speed, 2) >= faster and round(bill, 2) <= cheaper
    return f"{faster:.2f} / {cheaper:.2f} {'met' if met else 'not met'}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = (
        cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return [first, *others]
