"""Pieces from the middle of a file too large to be read before the run: what its target holds further down.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator

from warmfold_data.cells import trim
from warmfold_data.columns import kept_under, sort_of
from warmfold_data.csv_cells import csv_reader
from warmfold_data.reader import Reader
from warmfold_run.records import Dialect

PIECES = 8
"""How many places of a file are looked at."""
PIECE_BYTES = 256 * 1024
"""How much is read at each."""


def pieces_of(size: int, piece: Callable[[int, int], bytes]) -> Iterator[bytes]:
    """Pieces at equal steps, the last at the end; `piece` gives the bytes of a file from a place on, so many."""
    step = max(1, (size - PIECE_BYTES) // PIECES)
    for place in range(1, PIECES + 1):
        yield piece(place * step, PIECE_BYTES)


def rows_in(piece: bytes, dialect: Dialect, width: int) -> Iterator[list[str]]:
    """The records that are whole in a piece, as far as they have this many cells.

    None where the file is packed. A piece may begin inside quotes; what follows then has other cells, and is left.
    """
    if dialect["compression"] or dialect["encoding"].startswith("utf-16"):
        return
    lines = piece.decode(dialect["encoding"], "replace").split("\n")[1:-1]
    try:
        for row in csv_reader((f"{line}\n" for line in lines), dialect["delimiter"]):
            if len(row) == width:
                yield row
    except csv.Error:
        return


def observe_target(reader: Reader, piece: bytes, dialect: Dialect) -> None:
    """Have a reader count the target's cells of a piece: those alike to cells of the first rows, whose lines are known.

    A cell of another sort has no line that could be told; Split Dataset, which reads all rows, finds it.
    """
    tally, place = reader.tallies[reader.target], reader.columns.index(reader.target)

    def kind(cell: str) -> tuple[str, frozenset[str]]:
        return kept_under(cell, sort_of(cell, tally.asked_missing))

    known = {kind(cell) for cell in tally.counts or () if trim(cell)}
    cells = [row[place] for row in rows_in(piece, dialect, len(reader.columns))]
    alike = [cell for cell in cells if kind(cell) in known]
    reader.observe_target(alike, [0] * len(alike))
