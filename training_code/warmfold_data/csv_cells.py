"""The one way in which CSV is cut into cells, whoever looks. Standard library only, as `rules.py`."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader

MAX_CELL_CHARACTERS = 500_000
"""The longest cell."""


def csv_reader(lines: Iterable[str], delimiter: str, *, strict: bool = True) -> Reader:
    """The records of these lines, of cells of MAX_CELL_CHARACTERS at most: a limit that is the whole process's."""
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    return csv.reader(lines, delimiter=delimiter, strict=strict)
