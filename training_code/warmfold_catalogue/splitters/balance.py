"""Units dealt so that parts are alike."""

from __future__ import annotations

from collections.abc import Sequence

from warmfold_catalogue.splitters._base import Kind, UnitSplitter


class BalancedSplitter(UnitSplitter):
    """A splitter whose parts are as alike as its kinds of units allow."""

    def shares(self, kinds: Sequence[Kind], n_splits: int) -> list[list[int]]:
        return balanced(kinds, n_splits)


def balanced(kinds: Sequence[Kind], n_parts: int) -> list[list[int]]:
    """Return how many units of each kind each part gets, so that the parts have as many rows of each class.

    Of each kind every part gets the same number. What is left of it, fewer units than parts, goes one by one where the
    rows of its classes are fewest, measured by what there is of them, then where all rows are fewest; the largest units
    first, so that small ones even out what large ones leave. With units of one class each, the parts differ in the rows
    of a class by no more than its largest unit.
    """
    totals: dict[int, int] = {}
    for kind in kinds:
        for label, rows in kind.rows:
            totals[label] = totals.get(label, 0) + rows * kind.units
    shares = [[kind.units // n_parts] * n_parts for kind in kinds]
    loads: list[dict[int, int]] = [{} for _ in range(n_parts)]
    sizes = [0] * n_parts
    for index in sorted(range(len(kinds)), key=lambda index: (-kinds[index].size, kinds[index].rows)):
        kind = kinds[index]
        for _ in range(kind.units % n_parts):
            part = min(range(n_parts), key=lambda part: (_crowded(loads[part], kind, totals), sizes[part], part))
            shares[index][part] += 1
            sizes[part] += kind.size
            for label, rows in kind.rows:
                loads[part][label] = loads[part].get(label, 0) + rows
    return shares


def _crowded(load: dict[int, int], kind: Kind, totals: dict[int, int]) -> float:
    return sum(load.get(label, 0) * rows / totals[label] ** 2 for label, rows in kind.rows)
