"""Columns that no model learns from: empty and constant ones, numbers that only count rows, and names of rows.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import re

from warmfold_data.cells import DATE, NUMERIC, TEXT
from warmfold_data.columns import NOTHING, NUMBERS, WORDS, Tally
from warmfold_data.remarks import calls, counted, in_yaml, quoted, remark
from warmfold_run.records import Reading, Remark

FEWEST_ROWS = 20
"""Rows from which on numbers in order are no chance: fewer may well be a measured ladder."""
NEARLY_ALL = 0.5
"""Texts of which more than this share differ are no categories: most occur once, and none can be counted on."""

_ID_NAME = re.compile(
    r"(?:.*[\W_])?(?:id|ids|uuid|guid|key|index|idx|rownames?|row_?(?:id|number|num|no)|serial|unnamed: ?\d+)"
    r"|(?:customer|patient|subject|user|person|client|account|order|invoice|ticket|record|household|participant)"
    r"(?:[\W_]*(?:no|nr|num|number|code))?",
    re.IGNORECASE,
)
_CAMEL_ID = re.compile(r".*[a-z](?:ID|Id|Key|Index|UUID)")
_TIME_NAME = re.compile(
    r"(?:.*[\W_])?(?:time|year|month|week|day|hour|minute|second|date|period|quarter|age|step|t)s?", re.I
)
_TOKEN = re.compile(r"[^\s]*\d[^\s]*")
_YEARS = (1500, 2200)


def useless(tally: Tally) -> str | None:
    """Why nothing can be learned from a column whatever it means: it is empty, or always the same; None otherwise."""
    if tally.cells == tally.of(NOTHING, WORDS) and len(tally.words) <= 1:
        return "it is empty"
    if tally.counts is not None and len(tally.counts) == 1:
        return f"it is {quoted(next(iter(tally.counts)))} in every row"
    return None


def row_name(column: str, tally: Tally) -> str | None:
    """Why a column only names or numbers its rows, with the evidence; None for a column that does not."""
    rows = tally.cells
    if rows < FEWEST_ROWS or not tally.all_differ:
        return None
    named = names_rows(column)
    if tally.run_from is not None:
        last = tally.run_from + rows - 1
        counts_rows = f"it numbers the rows, from {tally.run_from} to {last}"
        is_time = _TIME_NAME.fullmatch(column) or (_YEARS[0] <= tally.run_from and last <= _YEARS[1])
        return counts_rows if named or (tally.run_from in (0, 1) and not is_time) else None
    whole = tally.of(NUMBERS) == rows and tally.integers
    compared = "" if tally.counts is not None else f" of the first {tally.most_distinct:,}"
    if whole and tally.inexact:
        return f"it names the rows: {rows:,} whole numbers beyond 2^53, no two{compared} the same"
    if whole and named:
        return f"it names the rows: {rows:,} whole numbers, no two{compared} the same"
    if tally.counts is not None and named and all(map(_TOKEN.fullmatch, tally.counts)):
        return f"it names the rows: {rows:,} codes, no two the same"
    return None


def names_rows(column: str) -> bool:
    """Whether a column's name says that it names somebody or something."""
    return bool(_ID_NAME.fullmatch(column) or _CAMEL_ID.fullmatch(column))


def remarks_on(column: str, tally: Tally, reading: Reading) -> list[Remark]:
    """What a person should know of a feature that is nearly a name of its rows, or names groups of them."""
    rows = tally.cells - tally.of(NOTHING)
    if rows < FEWEST_ROWS:
        return []
    distinct = None if tally.counts is None else len(tally.counts)
    many = f"more than {tally.most_distinct:,}" if distinct is None else f"{distinct:,}"
    if tally.run_from is not None and reading["kind"] == NUMERIC:
        text = f"each value is one more than the one before, from {tally.run_from}: it tells the order of the rows"
        return [remark("running_number", column, text, calls(column, "ignore"))]
    if reading["kind"] == TEXT and (distinct is None or distinct > NEARLY_ALL * rows):
        text = f"{many} different texts in {counted(rows, 'row')}: no use as a category; the model sees their words"
        return [remark("unique_texts", column, text, calls(column, "ignore"))]
    if distinct is not None and names_rows(column) and reading["kind"] != DATE and FEWEST_ROWS <= distinct <= rows / 2:
        text = (
            f"{distinct:,} different values in {counted(rows, 'row')}, so each names about {rows // distinct:,} rows, "
            "which may stand on both sides of a split"
        )
        return [remark("groups", column, text, in_one_part(column))]
    return []


def in_one_part(column: str) -> str:
    """The line of experiment.yaml that keeps the rows with the same value in a column in one part."""
    return f"cross_validation: {{strategy: group, group_column: {in_yaml(column)}}}"
