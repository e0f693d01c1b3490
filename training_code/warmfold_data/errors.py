"""What can be wrong with data, and how errors and remarks call things. Standard library only, as `rules.py`."""

from __future__ import annotations

from collections.abc import Sequence


class DatasetRuleError(ValueError):
    """The data breaks a rule; the text names the file, the place and the remedy."""


def named(noun: str, names: Sequence[str]) -> str:
    """The noun in its number, the names, and the verb: `columns 'a', 'b' are`."""
    return f"{noun} {listed(names)} is" if len(names) == 1 else f"{noun}s {listed(names)} are"


def listed(names: Sequence[str], most: int = 20) -> str:
    """The names for an error: quoted, cut short, no more than `most` of them."""
    shown = ", ".join(repr(name[:80]) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
