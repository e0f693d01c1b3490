"""In which notation a column's numbers are written: the one that fits all of them while no other does.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from warmfold_data.columns import NUMBERS, WRITTEN, Tally
from warmfold_data.notation import NOTATIONS, PERCENT, Decimal, Notation
from warmfold_data.remarks import counted, quoted


class NumbersAs(NamedTuple):
    """How a column's numbers are written."""

    notation: Notation | None
    """None where it is in doubt."""
    affixes: list[str]
    """Currencies and percent signs beside them."""
    doubt: str | None
    """Why it is."""


def numbers_as(tally: Tally, said: Decimal | None) -> NumbersAs:
    """How the numbers of a column are written; `said` is what the experiment says stands before decimals."""
    if not tally.of(WRITTEN):
        # plain numbers are read as they are, unless the experiment says that their points group thousands
        return NumbersAs(Notation(",", ".") if said == "," and not tally.points_decimal else NOTATIONS[0], [], None)
    affixes, doubt = _affixes(tally)
    possible, marks = _possible(tally, said)
    if doubt is None and not possible:
        doubt = "no one way of writing numbers fits all of them"
    if doubt is None and not marks <= {"."} and len(_roles(possible, marks)) > 1:
        if _groups_thousands(tally, affixes):
            possible = [one for one in possible if one.thousands == ","] or possible
        if len(_roles(possible, marks)) > 1:
            doubt = "it can't be told whether the comma stands before decimals or between thousands"
    return NumbersAs(None if doubt else possible[0], affixes, doubt)


def _possible(tally: Tally, said: Decimal | None) -> tuple[list[Notation], set[str]]:
    """The notations that fit all the numbers, the plainest first, and the marks that stand in them."""
    possible, marks = set(NOTATIONS), set[str]()
    for fits, used, _ in tally.notations:
        possible &= fits
        marks |= used
    if tally.points:
        marks.add(".")
        possible = {
            one for one in possible if one.decimal == "." or (one.thousands == "." and not tally.points_decimal)
        }
    return [one for one in NOTATIONS if one in possible and said in (None, one.decimal)], marks


def _roles(possible: Iterable[Notation], marks: set[str]) -> set[tuple[tuple[str, bool], ...]]:
    """What the marks can mean: which of them stands before decimals."""
    return {tuple(sorted((mark, mark == one.decimal) for mark in marks)) for one in possible}


def _groups_thousands(tally: Tally, affixes: list[str]) -> bool:
    """Whether a comma before three digits must group them: amounts of money, or small whole numbers beside."""
    small = tally.of(NUMBERS) > 0 and tally.integers and tally.maximum < 1000
    return small or any(affix != PERCENT for affix in affixes)


def _affixes(tally: Tally) -> tuple[list[str], str | None]:
    """The currencies and percent signs, and why amounts can't be compared, if they can't."""
    found = Counter[str]()
    for (_, _, affix), times in tally.notations.items():
        found[affix] += times
    bare = found.pop("", 0) + tally.of(NUMBERS)
    if len(found) > 1:
        return sorted(found), f"they are in {' and '.join(map(quoted, sorted(found)))}"
    if PERCENT in found and bare:
        return sorted(found), f"{counted(bare, 'cell')} without a percent sign"
    return sorted(found), None
