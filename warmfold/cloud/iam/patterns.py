"""IAM's wildcards and policy variables."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

Context = Mapping[str, str | Sequence[str] | None]
"""Condition keys in lower case to their values in a call: None can't be told, a key that is not there is absent."""
Match = bool | None
"""None: it can't be told here, which permits nothing."""

_PART = re.compile(r"\$\{([^}]*)\}|([*?])")
_LITERAL = ("*", "?", "$")


def matches(pattern: str, value: str, context: Context) -> Match:
    """Whether a value is of a pattern with `*`, `?` and `${variables}`; a variable without a value is None."""
    if "${" not in pattern:
        return _compiled(pattern).fullmatch(value) is not None
    expression = _expression(pattern, context)
    return None if expression is None else re.fullmatch(expression, value, re.DOTALL) is not None


@functools.lru_cache(maxsize=2048)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_expression(pattern, {}) or "", re.DOTALL)


def _expression(pattern: str, context: Context) -> str | None:
    found, end = "", 0
    for part in _PART.finditer(pattern):
        found += re.escape(pattern[end : part.start()])
        end = part.end()
        if part[2]:
            found += ".*" if part[2] == "*" else "."
            continue
        value = part[1] if part[1] in _LITERAL else context.get(part[1].lower())
        if not isinstance(value, str):
            return None
        found += re.escape(value)
    return found + re.escape(pattern[end:])
