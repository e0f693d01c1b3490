"""The column to predict: which it is and why, whether it holds classes or numbers and why, and what its classes are.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from warmfold_data.asked import Asked
from warmfold_data.cells import BOOLEAN, NUMERIC, SAID_BOOLEANS, CellError, Value, trim, values
from warmfold_data.columns import DATES, NUMBERS, TEXTS, TRUTHS, WRITTEN, Tally
from warmfold_data.errors import DatasetRuleError, did_you_mean, listed, no_column
from warmfold_data.remarks import MOST_NAMED, quoted, remark, words_named
from warmfold_run.experiment import CLASSIFICATION, REGRESSION, Problem
from warmfold_run.records import Reading, Remark

MAX_CLASSES = 1_000
"""More different target values than this are no classes."""
INFERRED_CLASSES = 20
"""A numeric target with more different values than this is taken for regression."""
MOST_CODES = 100
"""Whole numbers from 0 or 1 without a gap, no more of them than this and each in many rows, may be codes of classes."""
ROWS_PER_CODE = 10


def resolve_target(columns: list[str], asked: Asked, file: str) -> tuple[str, str]:
    """The column to predict, and why; raises DatasetRuleError when there is none or nothing to predict it from."""
    if not columns:
        raise DatasetRuleError(f"{file}: it has no columns; give one to predict and at least one to learn from.")
    target, why = asked.target, "experiment.yaml names it"
    if target is None and "target" in columns:
        target, why = "target", "it is called target"
    elif target is None:
        target, why = columns[-1], "it is the last column"
    if target not in columns:
        raise DatasetRuleError(no_column(file, target, "the `target` of experiment.yaml", columns))
    if len(columns) == 1:
        other = next((name for mark, name in ((";", "semicolons"), ("\t", "tabs")) if mark in target), None)
        remedy = f"separate the cells by commas, not {other}" if other else "add at least one column to learn from"
        raise DatasetRuleError(f"{file}: the only column is {target!r}, so there is no feature column; {remedy}.")
    return target, why


def resolve_problem(asked: Asked, tally: Tally, reading: Reading) -> tuple[Problem, str]:
    """What kind of problem the target's cells make, and why."""
    if asked.problem is not None:
        return asked.problem, "experiment.yaml says so"
    if reading["kind"] != NUMERIC:
        return CLASSIFICATION, f"its cells are {'true or false' if reading['kind'] == BOOLEAN else 'texts'}"
    different = different_values(tally, reading)
    if different is None or len(different) > INFERRED_CLASSES:
        return REGRESSION, f"it has more than {INFERRED_CLASSES} different numbers"
    if not all(value.is_integer() for value in different):
        return REGRESSION, "its numbers are not all whole"
    return CLASSIFICATION, f"it has {len(different)} different whole numbers"


def different_values(tally: Tally, reading: Reading) -> Counter[float] | None:
    """How often each number stands in a numeric target; None if there are too many to count."""
    if tally.counts is None:
        return None
    read, found = values(reading), Counter[float]()
    for cell, times in tally.counts.items():
        value = read(cell)
        if isinstance(value, float):
            found[value] += times
    return found


def doubts(target: str, problem: Problem, asked: Asked, tally: Tally, reading: Reading) -> list[Remark]:
    """Whether the guess of the problem may be wrong."""
    if problem != REGRESSION or asked.problem is not None or not tally.integers:
        return []
    different = different_values(tally, reading)
    if not different or not INFERRED_CLASSES < len(different) <= MOST_CODES:
        return []
    low, high = int(min(different)), int(max(different))
    if low not in (0, 1) or high - low + 1 != len(different) or different.total() < ROWS_PER_CODE * len(different):
        return []
    text = (
        f"taken for a number, and its values are the whole numbers from {low} to {high} without a gap, each in "
        f"{different.total() // len(different):,} rows on average: they may be codes of {len(different)} classes"
    )
    return [remark("numbers_or_classes", target, text, "problem: classification")]


Forms = dict[Value, Counter[str]]
"""How each value of the target is written, and how often."""


def class_names(cells: Iterable[tuple[str, int]], reading: Reading) -> tuple[dict[Value, str], Forms]:
    """What each class is called, by its value: the shortest of its spellings, of these the most frequent; and those."""
    read, forms = values(reading), Forms()
    for cell, times in cells:
        value = read(cell)
        if value is not None:
            forms.setdefault(value, Counter())[value if isinstance(value, str) else trim(cell)] += times
    names = {value: min(counts, key=lambda form: (len(form), -counts[form], form)) for value, counts in forms.items()}
    return names, forms


def forms_said(target: str, names: Mapping[Value, str], forms: Forms) -> list[Remark]:
    """A remark on classes that are written in several ways."""
    several = [(names[value], counts) for value, counts in forms.items() if len(counts) > 1][:MOST_NAMED]
    if not several:
        return []
    said = "; ".join(f"{words_named(counts.most_common())} are read as {quoted(name)}" for name, counts in several)
    return [remark("spellings", target, f"spellings of the same value: {said}")]


def class_reader(classes: Iterable[str], reading: Reading) -> Callable[[str], str | None]:
    """What says of which of some classes a target's cell is; None for a cell that holds nothing.

    It raises CellError for a cell that the reading can't take or that is of none of the classes.
    """
    read = values(reading)
    names = {read(name): name for name in classes}

    def of_class(cell: str) -> str | None:
        value = read(cell)
        if value is None:
            return None
        if value not in names:
            raise CellError(f"is none of the classes {listed(list(names.values()))}")
        return names[value]

    return of_class


def ordered_classes(classes: Iterable[str], reading: Reading | None, positive_class: str | None) -> list[str]:
    """The classes in the order of their labels: numbers and truth values by value, then texts; the positive last."""
    read = None if reading is None else values(reading)

    def place(name: str) -> tuple[bool, bool, float, str]:
        value = name if read is None else read(name)
        return (
            name == positive_class,
            isinstance(value, str),
            0.0 if value is None or isinstance(value, str) else value,
            name,
        )

    return sorted(classes, key=place)


def resolve_positive_class(asked: Asked, classes: Mapping[str, int], reading: Reading) -> tuple[str | None, str | None]:
    """The class that f1 and the like are about, the last of two, and what is wrong with the one asked for."""
    order = ordered_classes(classes, reading, None)
    wanted = asked.positive_class
    if wanted is None:
        return (order[1] if len(order) == 2 else None), None
    found = _class_called(wanted, classes, reading)
    if found is None:
        hint = did_you_mean(wanted, order)
        return None, f"`positive_class` is {wanted!r}, and the classes are {listed(order)}.{hint}"
    if len(order) != 2:
        return None, f"`positive_class` is for two classes, and there are {len(order)}; take it out of experiment.yaml."
    return found, None


def _class_called(wanted: str, classes: Mapping[str, int], reading: Reading) -> str | None:
    """The class that an experiment calls so: YAML reads `yes` and `true` alike, so either stands for either."""
    try:
        found = class_reader(classes, reading)(wanted)
    except CellError:
        found = None
    if found is None and wanted.casefold() in SAID_BOOLEANS:
        alike = [name for name in classes if SAID_BOOLEANS.get(name) == SAID_BOOLEANS[wanted.casefold()]]
        return alike[0] if len(alike) == 1 else None
    return found


def unfit_classes(tally: Tally, labelled: int) -> list[str]:
    """Why the target's values can't be classes, if they can't."""
    different = MAX_CLASSES + 1 if tally.counts is None else len(tally.counts)
    if different > MAX_CLASSES:
        return [
            f"has more than {MAX_CLASSES} different values, too many for classes; name another column as `target` in "
            "experiment.yaml, or, when it holds measurements, set `problem: regression`."
        ]
    if different > 100 and different * 2 > labelled:
        return [
            f"has {different} classes in {labelled} rows, so most have a single row; it looks like an id or a "
            "measurement. Name another column as `target` in experiment.yaml, or set `problem: regression`."
        ]
    return []


def unfit_values(tally: Tally, reading: Reading) -> list[str]:
    """Why the target's values can't be numbers to predict, if they can't."""
    different = different_values(tally, reading)
    if different is None or len(different) > 1:
        return []
    return [
        "has the same value in every row; there is nothing to learn. "
        "Name another column as `target` in experiment.yaml."
    ]


def looks_numeric(tally: Tally) -> bool:
    """Whether all that stands in the target are numbers."""
    return tally.of(NUMBERS, WRITTEN) > 0 and tally.of(TEXTS, TRUTHS, DATES) == 0
