"""What a cell holds, and how a column's cells are read: nothing, a number, a truth value, a moment or text.

Standard library only, as `rules.py`. Everything that reads a dataset's cells reads them by `values`.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from typing import Final

from warmfold_data.dates import seconds_reader
from warmfold_data.notation import number as number
from warmfold_data.notation import number_reader
from warmfold_run.records import Kind, Reading

PANDAS_MISSING = frozenset(
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
"""Cells that pandas takes as missing by default, the empty one among them."""
MISSING = PANDAS_MISSING | frozenset(
    [
        *("?", "??", "\\N", "NAN", "Nan", "Null", "(null)", "<null>", "<nil>", "#null", "NaT", "N.A.", "n.a."),
        *("#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"),
    ]
)
"""Cells that hold no value in any column but a text target: pandas' words, and those of databases and spreadsheets."""
_DASHES = ("-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", "\N{MINUS SIGN}", ".", "..", "...", "*", "**", "/")
_WORDS = (
    *("na", "none", "missing", "unknown", "undefined", "not available", "not applicable", "not known", "n.d.", "n/d"),
    *("nd", "n/k", "nil", "blank", "empty", "(blank)", "(empty)", "no data", "nodata", "unspecified", "tbd"),
)
NO_NUMBER = MISSING | frozenset(_DASHES) | {form for word in _WORDS for form in (word, word.upper(), word.title())}
"""Cells that hold no value among numbers, truth values or dates: among texts such a word may well be a category."""

BOOLEANS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
"""Cells of a boolean column, and what they say."""
SAID_BOOLEANS = {
    form: word in ("true", "t", "yes", "y", "1", "1.0", "on")
    for word in ("true", "t", "yes", "y", "1", "1.0", "on", "false", "f", "no", "n", "0", "0.0", "off")
    for form in (word, word.upper(), word.title())
}
"""Cells of a column that the experiment calls boolean."""

NUMERIC: Final = "numeric"
BOOLEAN: Final = "boolean"
DATE: Final = "date"
TEXT: Final = "text"
"""Kinds of columns."""
MEANING = {NUMERIC: "a number", BOOLEAN: "true or false", DATE: "a date"}
"""What a cell of a kind is called in errors."""
_INVISIBLE = "\ufeff\u200b\u200e\u200f\x1a"

Value = float | str | None
"""What a cell holds: a number, 0 or 1 for a truth value, seconds since 1970-01-01 UTC for a date, text, or nothing."""


class CellError(ValueError):
    """A cell that its column's reading can't take; the text says what the column holds."""


def plain_reading(kind: Kind) -> Reading:
    """How cells of a kind are read where nothing is special about them."""
    missing = MISSING if kind == TEXT else NO_NUMBER
    return Reading(
        kind=kind,
        missing=sorted(missing - {""}),
        decimal=".",
        thousands="",
        affixes=[],
        date_format=None,
        booleans=dict(BOOLEANS) if kind == BOOLEAN else {},
        categories=None,
    )


def values(reading: Reading) -> Callable[[str], Value]:
    """What reads a column's cells, one by one; it raises CellError for a cell that the reading can't take.

    An infinite number is a missing value. A text that differs from one known category in nothing but blanks, case or
    Unicode form is that category.
    """
    missing = frozenset(["", *reading["missing"]])
    if reading["kind"] == TEXT:
        return _texts(missing, reading["categories"])
    take = _takers(reading)

    def value(cell: str) -> Value:
        if cell in missing:
            return None
        trimmed = trim(cell)
        if trimmed in missing:
            return None
        taken = take(trimmed)
        if taken is None:
            raise CellError(f"is not {MEANING[reading['kind']]}, which the column holds in the training data")
        return None if math.isinf(taken) else taken

    return value


def trim(cell: str) -> str:
    """The cell without blanks, no-break blanks and invisible marks (of direction, of a file's end) at its ends."""
    return cell.strip().strip(_INVISIBLE).strip()


def spelled(cell: str) -> str:
    """A text in the one spelling that stands for all that differ from it in blanks at the ends or in Unicode form."""
    trimmed = trim(cell)
    return trimmed if trimmed.isascii() else unicodedata.normalize("NFC", trimmed)


def folded(text: str) -> str:
    """What texts share that differ in blanks, case or Unicode form only."""
    return " ".join(unicodedata.normalize("NFKC", spelled(text)).casefold().split())


def _takers(reading: Reading) -> Callable[[str], float | None]:
    if reading["kind"] == BOOLEAN:
        booleans = {cell: float(said) for cell, said in (reading["booleans"] or BOOLEANS).items()}
        return booleans.get
    if reading["kind"] == DATE:
        return seconds_reader(reading["date_format"])
    if reading["decimal"] == "." and not reading["thousands"] and not reading["affixes"]:
        plain = number_reader(".", "", [])

        def take(cell: str) -> float | None:
            value = number(cell)
            return plain(cell) if value is None else value

        return take
    return number_reader(reading["decimal"], reading["thousands"], reading["affixes"])


def _texts(missing: frozenset[str], categories: list[str] | None) -> Callable[[str], Value]:
    known = frozenset(categories or ())
    forms: dict[str, str | None] = {}
    for category in categories or ():
        form = folded(category)
        forms[form] = None if form in forms else category

    def text(cell: str) -> Value:
        if cell in known:
            return cell
        if cell in missing:
            return None
        spelling = spelled(cell)
        if spelling in missing:
            return None
        if spelling in known or not known:
            return spelling
        return forms.get(folded(spelling)) or spelling

    return text
