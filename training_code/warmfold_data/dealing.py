"""Where rows go: into the holdout by their content, or into parts.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from warmfold_catalogue.splitters import Splitter

HOLDOUT = -1
"""Placement of a row that no candidate ever sees; a placement from 0 up is the number of a part."""
LEFT_OUT = -2
"""Placement of a row whose target is missing: it is in no part and not in the holdout."""


@dataclass
class Rows:
    """What dealing wants to know of the rows that have a target, in their order."""

    contents: list[int] = field(default_factory=list)
    """The hash of each row's content, from `content_hash`."""
    labels: list[str] = field(default_factory=list)
    """Each row's class; empty for regression."""


def deal(rows: Rows, splitter: Splitter, *, n_splits: int, holdout: float, seed: int) -> list[int]:
    """Return where each row goes: HOLDOUT, or the number of a part."""
    dealer, limit = splitter.dealer(n_splits, seed), holdout * 2**64
    labels = rows.labels or [""] * len(rows.contents)
    return [
        HOLDOUT if content < limit else dealer.assign(label)
        for content, label in zip(rows.contents, labels, strict=True)
    ]


def content_hash(row: Sequence[str], seed: int) -> int:
    """Return 64 bits that the cells of a row and the seed decide: copies of a row have the same."""
    content = "\x1f".join(row).encode()
    return int.from_bytes(hashlib.blake2b(content, digest_size=8, key=str(seed).encode()).digest(), "big")


def in_holdout(row: Sequence[str], seed: int, holdout: float) -> bool:
    """Whether a row is of the holdout, a share of `holdout` (0 to 1) of all; its content and the seed alone decide."""
    return content_hash(row, seed) < holdout * 2**64
