"""Texts whose order is beyond doubt: the words of well-known scales, ordinal numbers, and ranges of numbers."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Collection

LEVELS = 3
"""Fewer levels than this have no order that matters."""
SCALES: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("very low",), ("low",), ("medium", "med", "moderate", "mid"), ("high",), ("very high",), ("extreme",)),
    (("tiny",), ("small",), ("medium", "med"), ("large",), ("extra large", "huge")),
    (("xxs",), ("xs",), ("s",), ("m",), ("l",), ("xl",), ("xxl", "2xl"), ("xxxl", "3xl")),
    (("never",), ("rarely", "seldom"), ("sometimes",), ("often", "frequently"), ("always",)),
    (("very poor",), ("poor",), ("fair",), ("good",), ("very good",), ("excellent",)),
    (("very bad",), ("bad",), ("average",), ("good",), ("very good",)),
    (("strongly disagree",), ("disagree",), ("neutral", "undecided"), ("agree",), ("strongly agree",)),
    (("none",), ("mild",), ("moderate",), ("severe",), ("very severe", "critical")),
    (("beginner",), ("intermediate",), ("advanced",), ("expert",)),
    tuple((name, name[:3]) for name in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")),
    tuple(
        (name, name[:3])
        for name in (
            "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
            "november", "december",
        )
    ),
)  # fmt: skip
"""From the lowest level to the highest, each with its spellings in small letters."""

_NUMBER = r"\d+(?:\.\d+)?"
_RANGE = re.compile(rf"[\[(]?({_NUMBER})\s*(?:-|–|to|,)\s*({_NUMBER})[\])]?", re.IGNORECASE)
_BELOW = re.compile(rf"(?:<=?|≤|under|below|less than|up to)\s*({_NUMBER})", re.IGNORECASE)
_ABOVE = re.compile(rf"(?:>=?|≥|over|above|more than)\s*({_NUMBER})|({_NUMBER})\s*(?:\+|and (?:over|more|above))", re.I)
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)", re.IGNORECASE)


def ordered(values: Collection[str]) -> list[str] | None:
    """Return the values from the lowest to the highest, or None unless all are levels of one scale.

    Spellings of one level stand side by side. Ranges must not overlap: then they are ranges, and not codes with a dash.
    """
    meant = {value: " ".join(value.casefold().replace("_", " ").split()) for value in values}
    levels = set(meant.values())
    places = _on_known_scale(levels) or _ordinals(levels) or _ranges(levels)
    if places is None or len(set(places.values())) < LEVELS:
        return None
    return sorted(meant, key=lambda value: (places[meant[value]], value))


def _on_known_scale(levels: set[str]) -> dict[str, float] | None:
    for scale in SCALES:
        places = {word: float(place) for place, words in enumerate(scale) for word in words}
        if levels <= places.keys():
            return {level: places[level] for level in levels}
    return None


def _ordinals(levels: set[str]) -> dict[str, float] | None:
    found = {level: _ORDINAL.fullmatch(level) for level in levels}
    return {level: float(match[1]) for level, match in found.items() if match} if all(found.values()) else None


def _ranges(levels: set[str]) -> dict[str, float] | None:
    bounds = {level: _bounds(level) for level in levels}
    known = sorted(bound for bound in bounds.values() if bound is not None)
    if len(known) < len(levels) or any(low >= high for low, high in known):
        return None
    if any(before[1] > after[0] for before, after in itertools.pairwise(known)):
        return None
    return {level: bound[0] for level, bound in bounds.items() if bound is not None}


def _bounds(level: str) -> tuple[float, float] | None:
    if match := _RANGE.fullmatch(level):
        return float(match[1]), float(match[2])
    if match := _BELOW.fullmatch(level):
        return -math.inf, float(match[1])
    if match := _ABOVE.fullmatch(level):
        return float(match[1] or match[2]), math.inf
    return None
