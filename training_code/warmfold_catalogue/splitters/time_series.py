"""Time series: every fold is validated on rows that are later than those it is trained on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from warmfold_catalogue.splitters._base import Splitter


class TimeSeries(Splitter):
    name = "time_series"
    summary = (
        "Rows in the order of `time_column`; each fold trains on what is earlier than its block, on the last `window` "
        "rows of it or on all; the holdout is what is latest."
    )
    problems = ("classification", "regression")
    default_for = ("classification", "regression")
    needs = "time_column"


class Stretch(NamedTuple):
    """Rows in order of time: those from `begin`, before `end`."""

    begin: int
    end: int


class Timeline(NamedTuple):
    """Where rows in order of time are divided; positions count from 0, and every one is where a new time begins."""

    holdout: int
    """The first row of the holdout."""
    train: list[Stretch]
    """By fold."""
    validation: list[Stretch]
    final: Stretch
    """What the final model is trained on."""

    @property
    def parts(self) -> list[Stretch]:
        """The shortest list of stretches of which folds and the final model's rows are made."""
        stretches = [*self.train, *self.validation, self.final]
        cuts = sorted({0, self.holdout, *(place for stretch in stretches for place in stretch)})
        return [Stretch(*pair) for pair in pairwise(cuts)]

    def made_of(self, stretch: Stretch) -> list[int]:
        """The parts that a stretch is made of."""
        return [part for part, (begin, end) in enumerate(self.parts) if stretch.begin <= begin and end <= stretch.end]


def timeline(
    starts: Sequence[int], rows: int, *, n_splits: int, gap: int, window: int | None, holdout: float
) -> Timeline | None:
    """Divide rows in order of time as scikit-learn's TimeSeriesSplit does; None with too few different times for that.

    `starts` are the positions at which a new time begins, 0 the first. The holdout is the latest share of the rows; of
    the others `n_splits` blocks of equal size are validated, the latest ones. What divides them falls where a new time
    begins, at the latest before the row that would be the first of the block. The `gap` rows before a block, and before
    the holdout, are not trained on.
    """
    if len(starts) < n_splits + 2:
        return None

    def tie(row: int) -> int:
        return bisect_right(starts, row) - 1

    last = min(max(tie(rows - max(1, round(rows * holdout))), n_splits + 1), len(starts) - 1)
    held = int(starts[last])
    block, borders, earlier = held // (n_splits + 1), [], 0
    for fold in range(n_splits):
        left = n_splits - fold
        earlier = min(max(tie(held - left * block), earlier + 1), last - left)
        borders.append(int(starts[earlier]))
    borders.append(held)

    def trained_before(row: int) -> Stretch:
        end = int(starts[tie(row - gap)]) if row > gap else 0
        return Stretch(int(starts[tie(end - window)]) if window is not None and end > window else 0, end)

    return Timeline(
        holdout=held,
        train=[trained_before(row) for row in borders[:-1]],
        validation=[Stretch(*pair) for pair in pairwise(borders)],
        final=trained_before(held),
    )
