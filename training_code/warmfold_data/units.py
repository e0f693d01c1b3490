"""What stays together when rows are dealt, and which side of the holdout's line it is on.

Standard library only. `dealing.py` does it row by row and `warmfold_jobs.data.array_dealing` by arrays: both ask here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from warmfold_catalogue.splitters import Kind, Splitter
from warmfold_data.asked import Splitting

Composition = tuple[tuple[int, int], ...]
"""What a unit is made of: (class, rows), by class; class 0 where there are none."""
_BITS = (1 << 64) - 1


class Needs(NamedTuple):
    """How many units development must have, and the holdout must have rows."""

    of_a_class: int
    """Units of each class for development, before the holdout gets one."""
    units: int
    """Units for development."""
    held_rows: int = 2


def needs_of(splitter: Splitter, splitting: Splitting) -> Needs:
    """What a split needs."""
    units = 2 if splitter.data_has_folds else splitting.n_splits
    return Needs(splitting.n_splits if splitter.every_part_has_every_class else 1, units)


def limit_of(holdout: float) -> int:
    """Hashes below are of the holdout."""
    return int(holdout * 2**64)


def again(key: int, time: int) -> int:
    """Another 64 bits for a hash, each `time` others; itself for 0."""
    if not time:
        return key
    mixed = (key + time * 0x9E3779B97F4A7C15) & _BITS
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _BITS
    return mixed ^ (mixed >> 31)


def kinds_of(
    compositions: Sequence[Composition], units: Mapping[int, int], splitter: Splitter
) -> tuple[list[int], list[Kind]]:
    """The kinds of units as the splitter sees them, and by composition the number of its kind.

    `units` says how many units of each composition there are.
    """
    seen = [rows if splitter.stratifies else ((0, sum(number for _, number in rows)),) for rows in compositions]
    different = sorted(set(seen))
    totals = dict.fromkeys(different, 0)
    for composition, rows in enumerate(seen):
        totals[rows] += units.get(composition, 0)
    numbers = {rows: number for number, rows in enumerate(different)}
    return [numbers[rows] for rows in seen], [Kind(rows, totals[rows]) for rows in different]


def moved(
    kinds: Sequence[int],
    border: int,
    held: Mapping[int, int],
    developed: Mapping[int, int],
    compositions: Sequence[Composition],
    needs: Needs,
) -> list[int]:
    """Return the units that must change sides, so that no side lacks a class that it can have, or rows.

    Units are in order of their hashes, those before `border` are held out; `held` and `developed` count them by
    composition. Those nearest to the border change sides. What development needs comes first.
    """
    return list(_Sides(kinds, border, held, developed, compositions, needs).settle())


class _Sides:
    def __init__(
        self,
        kinds: Sequence[int],
        border: int,
        held: Mapping[int, int],
        developed: Mapping[int, int],
        compositions: Sequence[Composition],
        needs: Needs,
    ) -> None:
        self._kinds, self._border = kinds, border
        self._compositions, self._needs = compositions, needs
        self._held: dict[int, int] = {}
        self._developed: dict[int, int] = {}
        for side, units in ((self._held, held), (self._developed, developed)):
            for kind, number in units.items():
                for label, _ in compositions[kind]:
                    side[label] = side.get(label, 0) + number
        self._units = sum(developed.values())
        self._held_rows = sum(number * self._size(kind) for kind, number in held.items())
        self._changed: set[int] = set()

    def settle(self) -> Iterator[int]:
        """The units that change sides."""
        for label in sorted({*self._held, *self._developed}):
            while self._developed.get(label, 0) < self._needs.of_a_class and self._held.get(label, 0):
                yield self._give_back(label)
        while self._units < self._needs.units and any(self._held.values()):
            yield self._give_back(None)
        for label in sorted(self._developed):
            if not self._held.get(label, 0) and (unit := self._spare(label)) is not None:
                yield unit
        while self._held_rows < self._needs.held_rows and (unit := self._spare(None)) is not None:
            yield unit

    def _give_back(self, label: int | None) -> int:
        unit = next(
            unit
            for unit in range(self._border - 1, -1, -1)
            if unit not in self._changed and (label is None or self._has(unit, label))
        )
        self._change(unit, self._held, self._developed, 1)
        return unit

    def _spare(self, label: int | None) -> int | None:
        """Hold out the nearest unit that development can do without; None if there is none."""
        if self._units <= self._needs.units:
            return None
        if label is not None and self._developed[label] <= self._needs.of_a_class:
            return None
        unit = next(
            (
                unit
                for unit in range(self._border, len(self._kinds))
                if unit not in self._changed and (label is None or self._has(unit, label)) and self._can_go(unit)
            ),
            None,
        )
        if unit is not None:
            self._change(unit, self._developed, self._held, -1)
        return unit

    def _change(self, unit: int, source: dict[int, int], target: dict[int, int], developed: int) -> None:
        kind = self._kinds[unit]
        for label, _ in self._compositions[kind]:
            source[label] -= 1
            target[label] = target.get(label, 0) + 1
        self._units += developed
        self._held_rows -= developed * self._size(kind)
        self._changed.add(unit)

    def _can_go(self, unit: int) -> bool:
        return all(
            self._developed[label] > self._needs.of_a_class for label, _ in self._compositions[self._kinds[unit]]
        )

    def _has(self, unit: int, label: int) -> bool:
        return any(label == one for one, _ in self._compositions[self._kinds[unit]])

    def _size(self, kind: int) -> int:
        return sum(rows for _, rows in self._compositions[kind])
