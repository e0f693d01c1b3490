"""Where rows go: into the holdout, or into parts; which parts folds are made of.

Standard library only, as `rules.py`. This is the reference: `warmfold_jobs.data.array_dealing` decides the same for
arrays. What both decide by is in `units.py` and in the splitters.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from warmfold_catalogue.splitters import MOST_FOLDS, Splitter, TooManyFoldsError, UnitSplitter
from warmfold_catalogue.splitters.predefined import HELD, folds_of
from warmfold_catalogue.splitters.time_series import Stretch, timeline
from warmfold_data.asked import Splitting
from warmfold_data.units import Composition, Needs, again, kinds_of, limit_of, moved, needs_of
from warmfold_run.records import FoldParts

HOLDOUT = -1
"""Placement of a row that no candidate ever sees; a placement from 0 up is the number of a part."""
LEFT_OUT = -2
"""Placement of a row whose target is missing: it is in no part and not in the holdout."""

P = TypeVar("P")
"""Placements of rows: a list, or an array."""


@dataclass
class Rows:
    """What dealing wants to know of the rows that have a target, in their order."""

    contents: list[int] = field(default_factory=list)
    """The hash of each row's content, from `content_hash`."""
    labels: list[int] = field(default_factory=list)
    """Each row's class, its position among the dataset's classes in order; empty for regression."""
    groups: list[int] = field(default_factory=list)
    """The hash of each row's group, from `content_hash`; for splitters that need groups."""
    times: list[float] = field(default_factory=list)
    """For splitters that need times."""
    folds: list[str] = field(default_factory=list)
    """Each row's value in the fold column; for splitters that need it."""


@dataclass
class Dealt(Generic[P]):
    """Where every row goes, and what folds are made of."""

    placements: P
    """By row: HOLDOUT, or the number of a part."""
    parts: int
    folds: list[FoldParts]
    final_parts: list[int]
    """What the final model is trained on."""
    further: list[P] = field(default_factory=list)
    """For each repeat but the first: the placements of its folds."""
    values: list[str] = field(default_factory=list)
    """By part: its value in the fold column, where there is one."""
    divided: list[int] = field(default_factory=list)
    """Classes with too few different rows to have them in every part, so that copies of a row were divided; 0 stands
    for all rows where classes do not matter."""
    to_holdout: list[int] = field(default_factory=list)
    """Units that the holdout got because it lacked a class or rows: how many rows each has."""
    to_development: list[int] = field(default_factory=list)
    """Units that the holdout had to give back, as the parts lacked a class: how many rows each has."""


def deal(rows: Rows, splitter: Splitter, splitting: Splitting) -> Dealt[list[int]] | None:
    """Return where each row goes; None where rows have too few different times for the folds.

    Raises TooManyFoldsError.
    """
    if splitter.needs == "time_column":
        return _deal_times(rows.times, splitting)
    if splitter.needs == "fold_column":
        return _deal_folds(rows, splitter, splitting)
    assert isinstance(splitter, UnitSplitter)
    return _deal_units(rows, splitter, splitting)


def content_hash(row: Sequence[str], seed: int) -> int:
    """Return 64 bits that the cells of a row and the seed decide: copies of a row have the same."""
    content = "\x1f".join(row).encode()
    return int.from_bytes(hashlib.blake2b(content, digest_size=8, key=str(seed).encode()).digest(), "big")


def each_left_out(parts: int, repeat: int = 0, validated: int | None = None) -> list[FoldParts]:
    """Folds that validate one part each, the first `validated` ones, and train on all others.

    Raises TooManyFoldsError.
    """
    count = parts if validated is None else validated
    if count > MOST_FOLDS:
        raise TooManyFoldsError(count)
    return [
        {"train": [part for part in range(parts) if part != fold], "validation": [fold], "repeat": repeat}
        for fold in range(count)
    ]


def line_of(
    starts: Sequence[int], rows: int, splitting: Splitting
) -> tuple[list[Stretch], list[FoldParts], list[int]] | None:
    """The parts of rows in order of time, the folds, and the parts of the final model; None as `timeline`."""
    line = timeline(
        starts,
        rows,
        n_splits=splitting.n_splits,
        gap=splitting.gap,
        window=splitting.window,
        holdout=splitting.holdout,
    )
    if line is None:
        return None
    folds: list[FoldParts] = [
        {"train": line.made_of(train), "validation": line.made_of(validation), "repeat": 0}
        for train, validation in zip(line.train, line.validation, strict=True)
    ]
    return line.parts, folds, line.made_of(line.final)


class _Units:
    """Rows that stay together, in order of their keys, which are hashes."""

    def __init__(self, keys: Sequence[int], labels: Sequence[int]) -> None:
        self.order = sorted(range(len(keys)), key=keys.__getitem__)
        self.keys: list[int] = []
        self.starts: list[int] = []
        self.kinds: list[int] = []
        self.compositions: list[Composition] = []
        for place, row in enumerate(self.order):
            if not self.keys or self.keys[-1] != keys[row]:
                self.keys.append(keys[row])
                self.starts.append(place)
        numbers: dict[Composition, int] = {}
        for begin, end in zip(self.starts, [*self.starts[1:], len(keys)], strict=True):
            made = Counter(labels[row] for row in self.order[begin:end]) if labels else {0: end - begin}
            composition = tuple(sorted(made.items()))
            self.kinds.append(numbers.setdefault(composition, len(numbers)))
        self.compositions = list(numbers)

    def sides(self, holdout: float, needs: Needs) -> tuple[list[bool], list[int], list[int]]:
        """By unit whether it is held out; and how many rows each has that had to change sides, as `Dealt` has it."""
        border = bisect_left(self.keys, limit_of(holdout))
        changed = moved(
            self.kinds, border, Counter(self.kinds[:border]), Counter(self.kinds[border:]), self.compositions, needs
        )
        held = [unit < border for unit in range(len(self.keys))]
        for unit in changed:
            held[unit] = not held[unit]
        sizes = {unit: sum(rows for _, rows in self.compositions[self.kinds[unit]]) for unit in changed}
        return (
            held,
            [size for unit, size in sizes.items() if held[unit]],
            [size for unit, size in sizes.items() if not held[unit]],
        )

    def by_row(self, placements: Sequence[int]) -> list[int]:
        """The placements of rows, from those of units."""
        placed = [0] * len(self.order)
        for unit, begin in enumerate(self.starts):
            end = self.starts[unit + 1] if unit + 1 < len(self.starts) else len(self.order)
            for row in self.order[begin:end]:
                placed[row] = placements[unit]
        return placed


def _deal_units(rows: Rows, splitter: UnitSplitter, splitting: Splitting) -> Dealt[list[int]]:
    keys, divided = rows.groups, list[int]()
    if splitter.needs is None:
        keys, divided = _divided(rows.contents, rows.labels if splitter.stratifies else [], splitting.n_splits + 1)
    units = _Units(keys, rows.labels)
    held, to_holdout, to_development = units.sides(splitting.holdout, needs_of(splitter, splitting))
    developed = [unit for unit, is_held in enumerate(held) if not is_held]
    numbers, kinds = kinds_of(units.compositions, Counter(units.kinds[unit] for unit in developed), splitter)
    shares = splitter.shares(kinds, splitting.n_splits)
    parts = len(shares[0]) if shares else splitting.n_splits
    repeats = []
    for repeat in range(splitting.repeats):
        left = [[part for part, units_ in enumerate(share) for _ in range(units_)] for share in shares]
        placements = [HOLDOUT] * len(held)
        for unit in sorted(developed, key=lambda unit: again(units.keys[unit], repeat), reverse=True):
            placements[unit] = left[numbers[units.kinds[unit]]].pop()
        repeats.append(units.by_row(placements))
    return Dealt(
        placements=repeats[0],
        parts=parts,
        folds=[fold for repeat in range(splitting.repeats) for fold in each_left_out(parts, repeat)],
        final_parts=list(range(parts)),
        further=repeats[1:],
        divided=divided,
        to_holdout=to_holdout,
        to_development=to_development,
    )


def _divided(contents: list[int], labels: list[int], needed: int) -> tuple[list[int], list[int]]:
    """The contents, with copies told apart in classes that have fewer different rows than needed; and those classes."""
    different: dict[int, set[int]] = {}
    rows: Counter[int] = Counter(labels) if labels else Counter({0: len(contents)})
    if labels:
        for content, label in zip(contents, labels, strict=True):
            different.setdefault(label, set()).add(content)
    else:
        different[0] = set(contents)
    few = {label for label, held in different.items() if len(held) < needed and rows[label] > len(held)}
    if not few:
        return contents, []
    copies: Counter[int] = Counter()
    keys = []
    for row, content in enumerate(contents):
        if labels and labels[row] not in few:
            keys.append(content)
            continue
        keys.append(again(content, copies[content] % needed))
        copies[content] += 1
    return keys, sorted(few)


def _deal_folds(rows: Rows, splitter: Splitter, splitting: Splitting) -> Dealt[list[int]]:
    parts, validated = folds_of(rows.folds)
    placements = [HOLDOUT if value == HELD else parts[value] for value in rows.folds]
    dealt = Dealt(
        placements=placements,
        parts=len(parts),
        folds=each_left_out(len(parts), validated=validated),
        final_parts=list(range(len(parts))),
        values=list(parts),
    )
    if HELD not in rows.folds:
        units = _Units(rows.contents, rows.labels)
        held, dealt.to_holdout, dealt.to_development = units.sides(splitting.holdout, needs_of(splitter, splitting))
        is_held = units.by_row(held)
        dealt.placements = [HOLDOUT if out else place for out, place in zip(is_held, placements, strict=True)]
    return dealt


def _deal_times(times: Sequence[float], splitting: Splitting) -> Dealt[list[int]] | None:
    order = sorted(range(len(times)), key=times.__getitem__)
    starts = [place for place, row in enumerate(order) if not place or times[row] != times[order[place - 1]]]
    line = line_of(starts, len(times), splitting)
    if line is None:
        return None
    parts, folds, final_parts = line
    placements = [HOLDOUT] * len(times)
    for part, (begin, end) in enumerate(parts):
        for row in order[begin:end]:
            placements[row] = part
    return Dealt(placements=placements, parts=len(parts), folds=folds, final_parts=final_parts)
