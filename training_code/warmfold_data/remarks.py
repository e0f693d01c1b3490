"""Remarks: what a person should know of the data, with its evidence and its remedy, a line of experiment.yaml.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from warmfold_run.records import Remark
from warmfold_run.understanding import listed, printable

MOST_NAMED = 5
"""Cells, lines or classes that a remark names."""
_PLAIN_KEY = re.compile(r"[A-Za-z_][\w ]*\w|[A-Za-z_]")


def remark(code: str, column: str | None, text: str, remedy: str | None = None, *, holds: bool = False) -> Remark:
    """A remark about a column; `holds`: the model waits for a person's approval because of it."""
    return Remark(code=code, column=column, text=text, remedy=remedy, holds=holds)


def calls(column: str, kind: str) -> str:
    """The line of experiment.yaml that says what a column is."""
    return f"columns: {{{in_yaml(column)}: {in_yaml(kind)}}}"


def calls_missing(words: Iterable[str]) -> str:
    """The line of experiment.yaml that takes cells for missing."""
    return f"missing_values: {json.dumps(list(words)[:MOST_NAMED], ensure_ascii=False)}"


def in_yaml(name: str) -> str:
    """A name as YAML's flow style takes it."""
    plain = _PLAIN_KEY.fullmatch(name) and name.lower() not in (
        "null",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
    )
    return name if plain else json.dumps(name, ensure_ascii=False)


def counted(number: int, noun: str) -> str:
    """A count and its noun: `1 row`, `1,234 rows`."""
    plural = noun + "s" if noun[-1] != "s" else noun + "es"
    return f"{number:,} {noun if number == 1 else plural}"


def quoted(cell: str) -> str:
    """A cell as remarks and errors show it: cut short, in quotes, what can't be printed written out."""
    shown = printable(cell[:80])
    return f"'{shown}'" if len(cell) <= 80 else f"'{shown}…'"


def cells_named(first: Sequence[tuple[int, str]], more: int) -> str:
    """The first cells of some with their lines: `'?' in line 9, '-' in line 12 and 3 more`."""
    named = ", ".join(f"{quoted(cell)} in line {line}" for line, cell in first[:3])
    rest = more - len(first[:3])
    return f"{named} and {rest:,} more" if rest > 0 else named


def words_named(words: Sequence[tuple[str, int]]) -> str:
    """Words and how often each stands there: `'?' in 11 rows, '-' in 3 rows`."""
    return listed([f"{quoted(word)} in {counted(times, 'row')}" for word, times in words], MOST_NAMED)
