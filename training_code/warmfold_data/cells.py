"""What a cell holds, and how a column's cells are read: nothing, a number, a truth value or text.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import math
from typing import Final

from warmfold_run.records import Kind, Reading

MISSING = frozenset(
    [
        "",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
        "NULL",
        "NaN",
        "None",
        "n/a",
        "nan",
        "null",
    ]
)
"""Cells that hold no value, the empty cell among them: the texts pandas takes as missing by default."""

BOOLEANS = frozenset({"True", "TRUE", "true", "False", "FALSE", "false"})
"""Cells of a boolean column."""

NUMERIC: Final = "numeric"
BOOLEAN: Final = "boolean"
DATE: Final = "date"
TEXT: Final = "text"
"""Kinds of columns."""
MEANING = {NUMERIC: "a number", BOOLEAN: "true or false"}
"""What a cell of a kind is called in errors."""


class CellError(ValueError):
    """A cell that its column's reading can't take; the text says what the column holds."""


def plain_reading(kind: Kind) -> Reading:
    """How cells of a kind are read where nothing is special about them."""
    missing = sorted(MISSING - {""})
    return Reading(kind=kind, missing=missing, decimal=".", thousands="", affixes=[], date_format=None)


def kind_of(cell: str) -> Kind:
    """The kind of a cell that is not missing."""
    if number(cell) is not None:
        return NUMERIC
    return BOOLEAN if cell in BOOLEANS else TEXT


def value_of(cell: str, reading: Reading) -> float | str | None:
    """What a cell holds: a number, 0 or 1 for a truth value, or text; None when it is missing. Raises CellError."""
    if not cell or cell in reading["missing"]:
        return None
    kind = reading["kind"]
    if kind == TEXT:
        return cell
    if kind == BOOLEAN and cell in BOOLEANS:
        return float(cell.lower() == "true")
    value = number(cell) if kind == NUMERIC else None
    if value is None:
        raise CellError(f"is not {MEANING[kind]}, which the column holds in the training data")
    return value


def number(cell: str) -> float | None:
    """The number that pandas would read, which knows neither `1_000` nor other scripts' digits."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return None if math.isnan(value) or "_" in cell or not cell.isascii() else value
