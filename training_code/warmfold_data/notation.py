"""Numbers as people write them: `$1,234.50`, `6 700 €`, `12,5`, `−3`, and which notation of a column is beyond doubt.

Standard library only, as `rules.py`. A number has digits, one mark before its decimals, and one between its thousands.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

Decimal = Literal[".", ","]

CURRENCIES = frozenset(
    [
        *(
            "EUR",
            "USD",
            "GBP",
            "CHF",
            "JPY",
            "CNY",
            "INR",
            "SEK",
            "NOK",
            "DKK",
            "PLN",
            "CZK",
            "HUF",
            "RON",
            "TRY",
            "AUD",
        ),
        *(
            "CAD",
            "NZD",
            "BRL",
            "MXN",
            "ZAR",
            "KRW",
            "RUB",
            "SGD",
            "HKD",
            "US$",
            "R$",
            "A$",
            "C$",
            "kr",
            "kr.",
            "zł",
            "Kč",
        ),
    ]
)
"""Currencies that are not one of Unicode's currency signs, as they are written beside amounts."""
PERCENT = "%"
_MINUS = str.maketrans(dict.fromkeys("−–﹣－", "-"))
_BLANKS = str.maketrans(dict.fromkeys("\xa0\u202f\u2009\u2007", " ") | {"\N{RIGHT SINGLE QUOTATION MARK}": "'"})
_WRITTEN = re.compile(
    r"([-+]?)\s*([^\d\s.,'+-][^\d\s'+-]{0,3})?\s*([-+]?)(\.?\d[\d.,' ]*)\s*([^\d\s.,'+-][^\d\s']{0,3})?"
)


class Notation(NamedTuple):
    """Which mark stands before the decimals, and which between the thousands (empty: none)."""

    decimal: Decimal
    thousands: str


NOTATIONS = [
    *(Notation(".", ""), Notation(",", ""), Notation(".", ","), Notation(",", ".")),
    *(Notation(".", " "), Notation(",", " "), Notation(".", "'"), Notation(",", "'")),
]
"""All that are known, the plainest first."""


class Written(NamedTuple):
    """A number as it stands in a cell."""

    negative: bool
    digits: str
    """Digits and marks: without sign, currency and percent sign."""
    affix: str
    """The currency or the percent sign beside it; empty where there is none."""


@lru_cache(maxsize=4096)
def written(cell: str) -> Written | None:
    """The parts of a cell that holds a number in some notation; None for any other cell."""
    match = _WRITTEN.fullmatch(cell.translate(_MINUS).translate(_BLANKS))
    if match is None or not cell.translate(_BLANKS).isprintable():
        return None
    sign, before, inner_sign, digits, after = match.groups()
    affix = before or after or ""
    if (before and after) or (sign and inner_sign) or (affix and not _is_affix(affix)) or not digits.isascii():
        return None
    return Written("-" in (sign, inner_sign), digits.strip(), affix)


def fitting(digits: str) -> frozenset[Notation]:
    """The notations in which these digits and marks are a number."""
    return frozenset(notation for notation in NOTATIONS if _pattern(notation).fullmatch(digits))


def marks(digits: str) -> frozenset[str]:
    """The marks among the digits."""
    return frozenset(digits) - frozenset("0123456789")


def number(cell: str) -> float | None:
    """The number that pandas would read, which knows neither `1_000` nor other scripts' digits; None for no number."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return None if math.isnan(value) or "_" in cell or not cell.isascii() else value


def number_reader(decimal: Decimal, thousands: str, affixes: Sequence[str]) -> Callable[[str], float | None]:
    """What reads a column's cells in one notation, these affixes taken off: numbers, or None for any other cell."""
    pattern, known = _pattern(Notation(decimal, thousands)), {"", *affixes}

    def read(cell: str) -> float | None:
        parts = written(cell)
        if parts is None:
            return number(cell.translate(_MINUS)) if decimal == "." else None
        if parts.affix not in known or not pattern.fullmatch(parts.digits):
            return None
        digits = parts.digits.replace(thousands, "") if thousands else parts.digits
        value = float(digits.replace(",", ".") if decimal == "," else digits)
        return -value if parts.negative else value

    return read


def is_currency(affix: str) -> bool:
    """Whether it is a currency's sign or word."""
    return affix in CURRENCIES or all(unicodedata.category(character) == "Sc" for character in affix)


def _is_affix(affix: str) -> bool:
    return affix == PERCENT or is_currency(affix)


@lru_cache(maxsize=16)
def _pattern(notation: Notation) -> re.Pattern[str]:
    decimals = rf"(?:{re.escape(notation.decimal)}\d*)?"
    whole = r"\d+"
    if notation.thousands:
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{re.escape(notation.thousands)}\d{{3}})+)"
    return re.compile(rf"{whole}{decimals}|{re.escape(notation.decimal)}\d+", re.ASCII)
