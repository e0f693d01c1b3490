"""How what an experiment holds is shown in errors: cut short before it is written, and nothing in it controls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from warmfold_run.understanding import printable

LONGEST = 80
"""Characters of a value or a key."""
MOST_LINES = 50
"""Things that are wrong which are said; the others are counted."""
_DEEPEST = 4


def as_name(key: Any) -> str:
    """Return a key as it is written, which YAML may take for a number, a date and the like."""
    if isinstance(key, str):
        return key
    return json.dumps(key) if key is None or isinstance(key, bool | int | float) else str(key)


def shown(value: Any) -> str:
    """Return a value as errors show it, cut short: JSON, which reads as YAML does."""
    text = printable(json.dumps(_first_of(value, _DEEPEST), ensure_ascii=False))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def shown_key(key: Any) -> str:
    """Return a key as errors show it, cut short."""
    text = printable(as_name(key)[: LONGEST + 1])
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def first_lines(lines: Sequence[str]) -> list[str]:
    """Return the first MOST_LINES, and how many more there are."""
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([f"and {more} things more"] if more > 0 else [])]


def _first_of(value: Any, levels: int) -> Any:
    """Return as much of a value as can matter, of what JSON has."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if not isinstance(value, dict | list | tuple | set):
        return str(value)[: LONGEST + 1]
    if levels == 0:
        return "…"
    if isinstance(value, dict):
        pairs = islice(value.items(), LONGEST // 4)
        return {as_name(key)[:LONGEST]: _first_of(inner, levels - 1) for key, inner in pairs}
    some: Iterable[Any] = islice(value, LONGEST // 2)
    return [_first_of(inner, levels - 1) for inner in some]
