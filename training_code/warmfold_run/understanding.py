"""What will be done with a dataset and why: known before anything is paid for, said everywhere in the same words."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, TypedDict

from warmfold_run.experiment import CLASSIFICATION, Problem
from warmfold_run.records import Profile, Remark

MOST_CLASSES = 6
"""Classes that are named in a sentence."""
MOST_COLUMNS = 8
"""Columns left out that are named in a sentence."""
HOLDS = ". A model is held for a person's approval because of this, unless quality_gate.suspicious is ignore"
LONGEST_NAME = 40
"""Characters of a column's or a class's name in a sentence."""
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


class RowCounts(TypedDict):
    """Where the rows go."""

    all: Annotated[int, "that the file has"]
    tuning: Annotated[int, "that candidates are trained and scored on"]
    holdout: Annotated[int, "that no candidate sees"]
    left_out: Annotated[dict[str, int], "that nothing uses, by reason"]


class Understanding(TypedDict):
    """What will be done with a dataset, and why."""

    target: Annotated[str, "the column to predict"]
    target_why: Annotated[str, "why that one"]
    problem: Annotated[Problem, "what kind of column it is"]
    problem_why: Annotated[str, "why that kind"]
    classes: Annotated[dict[str, int] | None, "rows by class; null for regression, or where rows were not counted"]
    positive_class: Annotated[str | None, "of two classes, what f1 and the like are about; null as `classes` is"]
    metric: Annotated[str, "the metric; greater is better"]
    metric_why: Annotated[str, "why that one"]
    split: Annotated[str, "how rows are divided, in words"]
    rows: Annotated[RowCounts | None, "where rows go; null where Split Dataset counts them: over 64 MiB, and Parquet"]
    rows_by_footer: Annotated[int | None, "how many rows the footer of a Parquet file counts; null for other files"]
    features: Annotated[dict[str, int] | None, "feature columns by kind; null where rows were not counted"]
    columns_left_out: Annotated[dict[str, str], "columns that are neither target nor feature, and why"]
    rows_to_score: Annotated[int | None, "rows of the file to score; null without one, or where they were not counted"]
    split_instances: Annotated[int, "how many instances split the data"]
    remarks: Annotated[list[Remark], "what a person should know of the data"]


def counted(understanding: Understanding, profile: Profile) -> Understanding:
    """Return the same with what is known once all rows were read."""
    features = Counter(
        reading["kind"] for column, reading in profile["readings"].items() if column != profile["target"]
    )
    without = profile["rows_without_target"]
    known = [remark for remark in understanding["remarks"] if remark not in profile["remarks"]]
    return {
        **understanding,
        "classes": profile["classes"],
        "positive_class": profile["positive_class"],
        "rows": {
            "all": profile["rows"],
            "tuning": profile["development_rows"],
            "holdout": profile["holdout_rows"],
            "left_out": {"no target": without} if without else {},
        },
        "features": dict(sorted(features.items(), key=lambda item: -item[1])),
        "columns_left_out": profile["left_out"],
        "rows_to_score": profile.get("rows_to_score", understanding["rows_to_score"]),
        "remarks": [*profile["remarks"], *known],
    }


def sentences(understanding: Understanding) -> list[tuple[str, str]]:
    """Return what is said first of a run, as (word, sentence) pairs; remarks are apart. Names in it are printable."""
    said = [
        (
            "predicts",
            f"{shown(understanding['target'])} ({printable(understanding['target_why'])}), {_kind(understanding)}",
        ),
        ("metric", f"{understanding['metric']}, {printable(understanding['metric_why'])}"),
        ("rows", _rows(understanding)),
        ("features", _features(understanding["features"])),
    ]
    if understanding["columns_left_out"]:
        said.append(("left out", _left_out(understanding["columns_left_out"])))
    if understanding["rows_to_score"] is not None:
        said.append(("to score", f"{understanding['rows_to_score']:,} rows"))
    if understanding["split_instances"] > 1:
        said.append(("split by", f"{understanding['split_instances']} instances, each a share of the files"))
    return said


def told(remark: Remark) -> str:
    """Return a remark as a sentence, with the column that it is about."""
    return f"{about(remark)}{HOLDS if remark['holds'] else ''}."


def about(remark: Remark) -> str:
    """Return what a remark says of which column, as a clause."""
    column = f"{shown(remark['column'])}: " if remark["column"] is not None else ""
    return f"{column}{printable(remark['text']).rstrip('.')}"


def printable(text: str) -> str:
    """Return a text from the data in which nothing controls a terminal or turns the direction of writing."""
    return "".join(_escaped(character) for character in text)


def lines_of(text: str) -> str:
    """Return a text of several lines in which nothing else controls what shows it."""
    return "\n".join(map(printable, text.split("\n")))


def shown(name: str) -> str:
    """Return a column's or class's name as a sentence shows it: cut short, and quoted where its ends are not plain."""
    text = printable(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…")
    return text if text and text == text.strip() and not set(text) & set(",()\"'") else f'"{text}"'


def in_words(count: int) -> str:
    """Return a count as a word where it is a small one."""
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"


def _escaped(character: str) -> str:
    if unicodedata.category(character)[0] == "C" or character in "\u2028\u2029":
        return character.encode("unicode_escape").decode("ascii")
    return character


def _kind(understanding: Understanding) -> str:
    why, classes = printable(understanding["problem_why"]), understanding["classes"]
    if understanding["problem"] != CLASSIFICATION:
        return f"a number, {why}"
    named = f": {_alternatives(classes, understanding['positive_class'])}" if classes else ""
    return f"a class, {why}{named}"


def _alternatives(classes: dict[str, int], positive: str | None) -> str:
    """Return the classes, the largest first where not all are named."""
    if len(classes) <= MOST_CLASSES:
        *first, last = (f"{shown(name)} (positive)" if name == positive else shown(name) for name in classes)
        return f"{', '.join(first)} or {last}" if first else last
    largest = sorted(classes, key=lambda name: -classes[name])[: MOST_CLASSES - 1]
    return f"one of {len(classes)}, {', '.join(map(shown, largest))} and others"


def _rows(understanding: Understanding) -> str:
    rows = understanding["rows"]
    if rows is None and (stated := understanding["rows_by_footer"]) is not None:
        return f"{stated:,} by the file's footer; a Parquet file's rows are read in the run ({understanding['split']})"
    if rows is None:
        return f"too many to count before the run ({understanding['split']})"
    left_out = [f"{count:,} left out: {printable(why)}" for why, count in rows["left_out"].items()]
    return (
        f"{rows['all']:,}: {rows['tuning']:,} to tune on ({understanding['split']}), {rows['holdout']:,} held out; "
        + (", ".join(left_out) or "none left out")
    )


def _features(features: dict[str, int] | None) -> str:
    if features is None:
        return "known once all rows are read"
    return ", ".join(f"{count:,} {kind}" for kind, count in features.items())


def _left_out(columns: dict[str, str]) -> str:
    named = [f"{shown(column)} ({printable(why)})" for column, why in columns.items()]
    return listed(named, MOST_COLUMNS)


def listed(texts: Sequence[str], most: int) -> str:
    """Return texts with commas between them, and how many more there are than `most`."""
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more:,} more" if more > 0 else "")
