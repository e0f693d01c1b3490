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
_Run = tuple[re.Pattern[str], int]
"""What stands between two stars: a pattern without any, and how many characters it takes."""


def matches(pattern: str, value: str, context: Context) -> Match:
    """Whether a value is of a pattern with `*`, `?` and `${variables}`; a variable without a value is None."""
    runs = _literal_runs(pattern) if "${" not in pattern else _runs(pattern, context)
    return None if runs is None else _are_found(runs, value)


def without_wildcards(text: str) -> str:
    """The pattern of a text in which nothing is special but policy variables."""
    return re.sub(r"\$\{[^}]*\}|[*?]", lambda part: part[0] if len(part[0]) > 1 else f"${{{part[0]}}}", text)


def _are_found(runs: Sequence[_Run], value: str) -> bool:
    """Whether the first run begins the value, the last ends it, and the others come between, each at its first place.

    A later place could only leave less room for the rest, so that none needs to be tried twice.
    """
    (first, taken), (last, ending) = runs[0], runs[-1]
    if len(runs) == 1:
        return first.fullmatch(value) is not None
    end = len(value) - ending
    if end < taken or first.match(value) is None or last.match(value, end) is None:
        return False
    for run, length in runs[1:-1]:
        found = run.search(value, taken, end)
        if found is None:
            return False
        taken = found.start() + length
    return True


@functools.lru_cache(maxsize=2048)
def _literal_runs(pattern: str) -> Sequence[_Run]:
    return _runs(pattern, {}) or ()


def _runs(pattern: str, context: Context) -> Sequence[_Run] | None:
    runs: list[tuple[str, int]] = [("", 0)]
    end = 0

    def add(expression: str, length: int) -> None:
        runs[-1] = (runs[-1][0] + expression, runs[-1][1] + length)

    for part in _PART.finditer(pattern):
        literal = pattern[end : part.start()]
        add(re.escape(literal), len(literal))
        end = part.end()
        if part[2] == "*":
            runs.append(("", 0))
        elif part[2]:
            add(".", 1)
        else:
            value = part[1] if part[1] in _LITERAL else context.get(part[1].lower())
            if not isinstance(value, str):
                return None
            add(re.escape(value), len(value))
    add(re.escape(pattern[end:]), len(pattern) - end)
    return [(re.compile(expression, re.DOTALL), length) for expression, length in runs]
