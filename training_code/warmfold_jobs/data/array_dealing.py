"""Rows dealt by arrays: the same decisions as `warmfold_data.dealing`, for millions of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from warmfold_catalogue.splitters import Splitter, UnitSplitter
from warmfold_catalogue.splitters.predefined import HELD, folds_of
from warmfold_data.asked import Splitting
from warmfold_data.dealing import HOLDOUT, Dealt, each_left_out, line_of
from warmfold_data.units import Composition, Needs, kinds_of, limit_of, moved, needs_of

Ints = np.ndarray[Any, np.dtype[np.integer[Any]]]
Hashes = np.ndarray[Any, np.dtype[np.uint64]]
_DENSE = 1 << 22
"""Codes below are counted in a table of them all, larger ones are sorted."""
_FIRST = 1 << 16
"""Rows that are looked at first for whether a class has enough different ones."""


@dataclass
class RowArrays:
    """What dealing wants to know of the rows that have a target, in their order; as `warmfold_data.dealing.Rows`."""

    contents: Hashes
    labels: Ints | None = None
    """Each row's class, its position among the dataset's classes in order; None for regression."""
    groups: Hashes | None = None
    times: np.ndarray[Any, np.dtype[np.float64]] | None = None
    folds: Ints | None = None
    """Each row's value in the fold column, as its position in `fold_values`."""
    fold_values: Sequence[str] = ()
    """Those that rows have."""


def deal_arrays(rows: RowArrays, splitter: Splitter, splitting: Splitting) -> Dealt[Ints] | None:
    """Return where each row goes; None where rows have too few different times for the folds.

    Raises TooManyFoldsError. Takes some 30 bytes a row beside what it is given.
    """
    if splitter.needs == "time_column":
        assert rows.times is not None
        return _deal_times(rows.times, splitting)
    if splitter.needs == "fold_column":
        return _deal_folds(rows, splitter, splitting)
    assert isinstance(splitter, UnitSplitter)
    return _deal_units(rows, splitter, splitting)


def again_each(keys: Hashes, times: int | Hashes) -> Hashes:
    """`warmfold_data.units.again` of each key; itself where `times` is 0."""
    with np.errstate(over="ignore"):
        count = np.asarray(times, dtype=np.uint64)
        mixed = keys + count * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.where(count == 0, keys, mixed ^ (mixed >> np.uint64(31)))


class _Units:
    """Rows that stay together, in order of their keys."""

    def __init__(self, keys: Hashes, labels: Ints | None) -> None:
        self.order = _short(np.argsort(keys), len(keys))
        ordered = keys[self.order]
        self.starts = _beginnings(ordered)
        self.keys: Hashes = ordered[self.starts]
        del ordered
        self.sizes = _short(np.diff(self.starts, append=self.starts.dtype.type(len(keys))), len(keys))
        self.kinds, self.compositions = self._made_of(labels)

    def sides(self, holdout: float, needs: Needs) -> tuple[np.ndarray[Any, np.dtype[np.bool_]], list[int], list[int]]:
        """By unit whether it is held out; and how many rows each has that had to change sides, as `Dealt` has it."""
        border = int(np.searchsorted(self.keys, np.uint64(limit_of(holdout))))
        known = len(self.compositions)
        counts = [np.bincount(side, minlength=known) for side in (self.kinds[:border], self.kinds[border:])]
        held_kinds, developed_kinds = ({kind: int(n) for kind, n in enumerate(side) if n} for side in counts)
        # an array of numbers is a sequence of them, though not by its type
        kinds: Any = self.kinds
        changed = moved(kinds, border, held_kinds, developed_kinds, self.compositions, needs)
        held = np.arange(len(self.keys)) < border
        held[changed] = ~held[changed]
        return (
            held,
            [int(self.sizes[unit]) for unit in changed if held[unit]],
            [int(self.sizes[unit]) for unit in changed if not held[unit]],
        )

    def by_row(self, placements: np.ndarray[Any, Any]) -> Ints:
        """The placements of rows, from those of units."""
        placed = np.empty(len(self.order), dtype=placements.dtype)
        placed[self.order] = np.repeat(placements, self.sizes)
        return placed

    def _made_of(self, labels: Ints | None) -> tuple[Ints, list[Composition]]:
        """By unit the number of its composition, and the compositions."""
        if labels is None:
            kinds, found = _numbered(self.sizes)
            return kinds, [((0, int(size)),) for size in found]
        ordered = labels[self.order]
        mixed = ordered[1:] != ordered[:-1]
        mixed[self.starts[1:] - self.starts.dtype.type(1)] = False
        several = bool(mixed.any())
        del mixed
        if not several:
            scale = int(self.sizes.max()) + 1
            kinds, found = _numbered(ordered[self.starts].astype(np.int64) * scale + self.sizes)
            return kinds, [((int(code) // scale, int(code) % scale),) for code in found]
        classes = int(ordered.max()) + 1
        unit = np.repeat(np.arange(len(self.starts)), self.sizes)
        pairs, counts = np.unique(unit * classes + ordered, return_counts=True)
        first = _beginnings(pairs // classes)
        signs = again_each(again_each((pairs % classes).astype(np.uint64), 1) + counts.astype(np.uint64), 2)
        signatures = np.add.reduceat(signs, first)
        _, examples, kinds = np.unique(signatures, return_index=True, return_inverse=True)
        ends = np.append(first[1:], len(pairs))
        return kinds, [
            tuple((int(pairs[at] % classes), int(counts[at])) for at in range(first[unit], ends[unit]))
            for unit in examples
        ]


def _deal_units(rows: RowArrays, splitter: UnitSplitter, splitting: Splitting) -> Dealt[Ints]:
    divided: list[int] = []
    if splitter.needs is None:
        keys, divided = _divided(rows.contents, rows.labels if splitter.stratifies else None, splitting.n_splits + 1)
    else:
        assert rows.groups is not None
        keys = rows.groups
    units = _Units(keys, rows.labels)
    held, to_holdout, to_development = units.sides(splitting.holdout, needs_of(splitter, splitting))
    developed = _short(np.flatnonzero(~held), len(held))
    counts = Counter(dict(enumerate(np.bincount(units.kinds[developed], minlength=len(units.compositions)).tolist())))
    numbers, kinds = kinds_of(units.compositions, counts, splitter)
    shares = np.array(splitter.shares(kinds, splitting.n_splits), dtype=np.int64).reshape(len(kinds), -1)
    parts = shares.shape[1] if len(kinds) else splitting.n_splits
    small = np.int16 if parts < np.iinfo(np.int16).max else np.int32
    by_kind = np.repeat(np.tile(np.arange(parts, dtype=small), len(kinds)), shares.ravel())
    kind = np.array(numbers, dtype=np.int32)[units.kinds[developed]]
    repeats = []
    for repeat in range(splitting.repeats):
        turned, of_kind = developed, kind
        if repeat:
            turn = np.argsort(again_each(units.keys[developed], repeat))
            turned, of_kind = developed[turn], kind[turn]
        if len(kinds) > 1:
            turned = turned[_short(np.argsort(of_kind, kind="stable"), len(held))]
        placements: Ints = np.full(len(held), HOLDOUT, dtype=small)
        placements[turned] = by_kind
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


def _divided(contents: Hashes, labels: Ints | None, needed: int) -> tuple[Hashes, list[int]]:
    """The contents, with copies told apart in classes that have fewer different rows than needed; and those classes."""
    first = slice(0, _FIRST)
    seen = _different(contents[first], None if labels is None else labels[first])
    classes = [0] if labels is None else np.flatnonzero(np.bincount(labels)).tolist()
    doubtful = [label for label in classes if seen.get(label, 0) < needed]
    few = []
    keys = contents
    for label in doubtful:
        rows = np.arange(len(contents)) if labels is None else np.flatnonzero(labels == label)
        different = count_different(contents[rows])
        if different >= needed or different == len(rows):
            continue
        few.append(label)
        order = rows[np.argsort(contents[rows], kind="stable")]
        starts = _beginnings(contents[order])
        rank = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=starts.dtype.type(len(order))))
        if keys is contents:
            keys = contents.copy()
        keys[order] = again_each(contents[order], (rank % needed).astype(np.uint64))
    return keys, few


def _different(contents: Hashes, labels: Ints | None) -> dict[int, int]:
    """How many different contents each class has."""
    if labels is None:
        return {0: count_different(contents)}
    order = np.lexsort((contents, labels))
    labels, contents = labels[order], contents[order]
    new = np.concatenate(([True], (labels[1:] != labels[:-1]) | (contents[1:] != contents[:-1])))
    return dict(Counter(labels[new].tolist()))


def count_different(values: np.ndarray[Any, Any]) -> int:
    """How many different values there are, which NumPy's `unique` takes many times as long to find by hashing."""
    return len(_beginnings(np.sort(values)))


def _deal_folds(rows: RowArrays, splitter: Splitter, splitting: Splitting) -> Dealt[Ints]:
    assert rows.folds is not None
    parts, validated = folds_of(rows.fold_values)
    by_value = [HOLDOUT if value == HELD else parts[value] for value in rows.fold_values]
    placements: Ints = np.array(by_value, dtype=np.int32)[rows.folds]
    dealt = Dealt(
        placements=placements,
        parts=len(parts),
        folds=each_left_out(len(parts), validated=validated),
        final_parts=list(range(len(parts))),
        values=list(parts),
    )
    if HELD not in rows.fold_values:
        units = _Units(rows.contents, rows.labels)
        held, dealt.to_holdout, dealt.to_development = units.sides(splitting.holdout, needs_of(splitter, splitting))
        dealt.placements = np.where(units.by_row(held.view(np.int8)) == 1, HOLDOUT, placements)
    return dealt


def _deal_times(times: np.ndarray[Any, np.dtype[np.float64]], splitting: Splitting) -> Dealt[Ints] | None:
    order = np.argsort(times)
    # an array of numbers is a sequence of them, though not by its type
    starts: Any = _beginnings(times[order])
    line = line_of(starts, len(times), splitting)
    if line is None:
        return None
    parts, folds, final_parts = line
    placements: Ints = np.full(len(times), HOLDOUT, dtype=np.int16)
    for part, (begin, end) in enumerate(parts):
        placements[order[begin:end]] = part
    return Dealt(placements=placements, parts=len(parts), folds=folds, final_parts=final_parts)


def _short(numbers: Ints, below: int) -> Ints:
    """The same in half the memory where numbers are that small."""
    return numbers.astype(np.uint32) if below < 1 << 32 else numbers


def _beginnings(ordered: np.ndarray[Any, Any]) -> Ints:
    """Where a new value begins."""
    if not len(ordered):
        return np.zeros(0, dtype=np.intp)
    new = np.empty(len(ordered), dtype=np.bool_)
    new[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return _short(np.flatnonzero(new), len(ordered))


def _numbered(codes: Ints) -> tuple[Ints, Ints]:
    """Each code's number among the different ones, in order, and these."""
    if len(codes) and int(codes.max()) < _DENSE:
        found = np.flatnonzero(np.bincount(codes))
        lookup = np.zeros(int(found[-1]) + 1, dtype=np.int32)
        lookup[found] = np.arange(len(found))
        return lookup[codes], found
    found, numbers = np.unique(codes, return_inverse=True)
    return numbers, found
