"""Parts of equal size, dealt row by row."""

from __future__ import annotations

import random


class PartAssigner:
    """Deals rows into `n_splits` parts, so that at any time no class has two rows more in one part than in another.

    Each class goes through all the parts before it comes to one again; among those still due it takes the part with
    the fewest rows, so that the parts are of equal size too. Not stratified, all rows are of one class.
    """

    def __init__(self, n_splits: int, seed: int, stratified: bool) -> None:
        """`seed` decides which of equally good parts is taken."""
        self.totals = [0] * n_splits
        self._stratified = stratified
        self._random = random.Random(f"{seed}:parts")
        self._due: dict[str, list[int]] = {}

    def assign(self, label: str) -> int:
        """The part, from 0, of the next row of this class."""
        due = self._due.setdefault(label if self._stratified else "", [])
        if not due:
            due.extend(range(len(self.totals)))
        fewest = min(self.totals[part] for part in due)
        tied = [part for part in due if self.totals[part] == fewest]
        part = tied[int(self._random.random() * len(tied))]
        due.remove(part)
        self.totals[part] += 1
        return part
