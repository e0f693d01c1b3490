"""What is said first of a run on a terminal: what it predicts, by what, from which rows, what is odd about the data."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.console import Console

from warmfold.terminal import put
from warmfold_run.records import Remark
from warmfold_run.understanding import Understanding, printable, sentences, told

MOST_REMARKS = 12
"""Remarks that are shown; the report and `--json` have them all."""
WIDEST = 100
_WORD = 10


def say(console: Console, understanding: Understanding) -> None:
    """Print what will be done, and the remarks."""
    for line in first_lines(understanding, min(console.width, WIDEST)):
        put(console, line)


def first_lines(understanding: Understanding, width: int) -> Iterator[str]:
    """The lines, wrapped to `width` columns; a remedy stays on one line, to be copied."""
    for word, sentence in sentences(understanding):
        yield from _wrapped(f"{word:{_WORD}}", sentence, width)
    remarks = understanding["remarks"]
    if not remarks:
        return
    yield f"{'remarks':{_WORD}}{len(remarks)}"
    for remark in remarks[:MOST_REMARKS]:
        yield from _remark(remark, width)
    if len(remarks) > MOST_REMARKS:
        yield f"  and {len(remarks) - MOST_REMARKS} more, in the report and in `warmfold check --json`"


def _remark(remark: Remark, width: int) -> Iterator[str]:
    yield from _wrapped("  ! ", told(remark), width)
    if remark["remedy"]:
        yield f"    otherwise: {printable(remark['remedy'])}"


def _wrapped(first: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width=max(width, 40),
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
