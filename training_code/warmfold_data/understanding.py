"""What a dataset is, concluded from what its columns hold: what is predicted from what, and what a person should know.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from warmfold_data import ids
from warmfold_data.cells import BOOLEAN, NUMERIC, Value, values
from warmfold_data.columns import NOTHING, WORDS, WRITTEN, Tally
from warmfold_data.errors import DatasetRuleError
from warmfold_data.reader import Reader
from warmfold_data.readings import Decision, Refused, decide
from warmfold_data.remarks import calls, calls_missing, remark
from warmfold_data.target import (
    class_names,
    doubts,
    forms_said,
    looks_numeric,
    ordered_classes,
    resolve_positive_class,
    resolve_problem,
    unfit_classes,
    unfit_values,
)
from warmfold_run.experiment import ID, IGNORE, REGRESSION, Problem
from warmfold_run.records import ColumnFacts, Reading, Remark

MOST_REFUSALS = 20
"""How many broken rules are told at once."""


@dataclass
class Understood:
    """What a dataset is, and why."""

    target: str
    target_why: str
    problem: Problem
    problem_why: str
    readings: dict[str, Reading]
    left_out: dict[str, str]
    remarks: list[Remark]
    missing: dict[str, int]
    facts: dict[str, ColumnFacts]
    classes: dict[str, int] | None = None
    """Rows by class, in the order of their labels."""
    names: dict[Value, str] = field(default_factory=dict)
    """What each value of the target is called as a class."""
    positive_class: str | None = None
    counts_something: bool = False
    """Whether the classes are whole numbers, and nobody said that they are classes."""
    words_as_classes: frozenset[str] = frozenset()
    """Classes that are called by a word that often means that there is no value."""

    def target_reader(self) -> Callable[[str], str | None]:
        """What says of a cell of the target which class it is (empty for a number), or None where it holds nothing."""
        read, names, known = values(self.readings[self.target]), self.names, dict[str, str | None]()

        def of_class(cell: str) -> str | None:
            if cell in known:
                return known[cell]
            value = read(cell)
            label = None if value is None else names[value] if names else ""
            if names:
                known[cell] = label
            return label

        return of_class

    def as_numbers(self) -> Understood:
        """The same as a regression, for classes of which some have too few rows."""
        classes = self.classes or {}
        rarest = min(classes, key=classes.__getitem__)
        why = f"its values are whole numbers, and as a class {rarest} would have {classes[rarest]} rows only"
        said = remark("numbers_or_classes", self.target, f"taken for a number: {why}", "problem: classification")
        return replace(
            self,
            problem=REGRESSION,
            problem_why=why,
            classes=None,
            positive_class=None,
            names={},
            counts_something=False,
            remarks=[said, *self.remarks],
        )

    def remedy_for_class(self, label: str) -> str:
        """What else can be done about a class of too few rows, to stand between other remedies."""
        if self.counts_something:
            return "set `problem: regression` if these are numbers, "
        if label in self.words_as_classes:
            return f"set `{calls_missing([label])}` if it means that there is no value, "
        return ""


@dataclass
class _Features:
    """What the columns beside the target are."""

    readings: dict[str, Reading] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def understand(reader: Reader) -> Understood:
    """What all the rows that a reader took are; raises DatasetRuleError with a line for each rule that they break."""
    reader.settle()
    file, asked, target = reader.file, reader.asked, reader.target
    if not reader.rows:
        raise DatasetRuleError(f"{file} has a header and no rows; add the rows to train on.")
    tally = reader.tallies[target]
    if asked.columns.get(target) in (IGNORE, ID):
        raise DatasetRuleError(
            f"{file}: column {target!r} is the target, and experiment.yaml says to leave it out; name another `target`."
        )
    decided = decide(target, tally, asked.with_types(), is_target=True)
    features = _features(reader)
    reading = decided.reading
    if decided.refused is not None or reading is None:
        raise _refusal(file, [one for one in (decided.refused, *features.refused) if one is not None])
    labelled = tally.cells - tally.of(NOTHING) - missing_words(tally, reading)
    if not labelled:
        raise DatasetRuleError(
            f"{file}: column {target!r}, the target, is missing in all {reader.rows} rows; "
            "fill it in, or name another column as `target` in experiment.yaml."
        )
    problem, problem_why = resolve_problem(asked, tally, reading)
    missing = {column: _missing(reader, column, features) for column in reader.columns}
    understood = Understood(
        target=target,
        target_why=reader.target_why,
        problem=problem,
        problem_why=problem_why,
        readings={
            column: reading if column == target else features.readings[column]
            for column in reader.columns
            if column == target or column in features.readings
        },
        left_out=features.left_out,
        remarks=[*_no_target(reader, labelled), *decided.remarks, *doubts(target, problem, asked, tally, reading)],
        missing=missing | {target: reader.rows - labelled},
        facts={column: _facts(reader.tallies[column], read) for column, read in features.readings.items()},
        words_as_classes=frozenset(decided.words_as_classes),
    )
    refused = [*map(Refused, _settle_target(understood, reader, labelled)), *features.refused]
    if refused:
        raise _refusal(file, refused)
    understood.remarks += features.remarks
    return understood


def say_leaks(understood: Understood, reader: Reader, different_rows: int) -> None:
    """Put remarks on features that alone tell the target before the others; `different_rows` leaves out copies.

    Where a column names groups of rows, that is said once.
    """
    found = []
    tally_of = reader.tallies[understood.target]
    labelled = sum((understood.classes or {}).values())
    share = different_rows / labelled if labelled else 1.0
    of_class = understood.target_reader()
    cells = () if understood.classes is None else tally_of.counts or ()
    class_of = {cell: name for cell in cells if (name := of_class(cell)) is not None}
    for column, reading in understood.readings.items():
        told, groups, tally = None, False, reader.tallies[column]
        if column in reader.copies and understood.problem == REGRESSION:
            told = "it is the target itself in every row"
        elif column in reader.lines and understood.problem == REGRESSION:
            told = reader.lines[column].told()
        elif column in reader.recodings and understood.classes is not None and tally.counts is not None:
            # of a sample, no more rows tell anything than were looked at
            rows = min(labelled, tally.cells)
            recoded = reader.recodings[column].told(tally.counts, rows, understood.classes, class_of, share)
            if recoded is not None:
                told = recoded.text
                groups = not recoded.one_to_one and len(tally.counts) > ids.FEWEST_ROWS and reading["kind"] != BOOLEAN
        if told is not None:
            found.append(_leak(column, told, groups=groups))
    named = {one["column"] for one in found}
    others = [one for one in understood.remarks if one["code"] != "groups" or one["column"] not in named]
    understood.remarks = [*found, *others]


def missing_words(tally: Tally, reading: Reading) -> int:
    """How many cells hold a word that means that there is no value."""
    missing = frozenset(reading["missing"])
    return sum(times for word, times in tally.words.items() if word in missing)


def _settle_target(understood: Understood, reader: Reader, labelled: int) -> list[str]:
    """Settle what the classes are; returns what is wrong with the target."""
    tally, reading, asked = reader.tallies[understood.target], understood.readings[understood.target], reader.asked
    place = f"column {understood.target!r}, the target,"
    if understood.problem == REGRESSION:
        wrong = [f"{place} {line}" for line in unfit_values(tally, reading)]
        if asked.positive_class is not None:
            wrong.append("`positive_class` is for two classes, and the problem is regression; take it out.")
        return wrong
    too_many = unfit_classes(tally, labelled)
    if too_many or tally.counts is None:
        return [f"{place} {line}" for line in too_many]
    understood.names, forms = class_names(tally.counts.items(), reading)
    understood.remarks += forms_said(understood.target, understood.names, forms)
    of_class, classes = understood.target_reader(), Counter[str]()
    for cell, times in tally.counts.items():
        label = of_class(cell)
        if label is not None:
            classes[label] += times
    if len(classes) == 1:
        (only,) = classes
        return [
            f"{place} has one class only, {only[:80]!r}; there is nothing to tell apart. "
            "Add rows of another class, or name another column as `target` in experiment.yaml."
        ]
    understood.positive_class, wrong_class = resolve_positive_class(asked, classes, reading)
    order = ordered_classes(classes, reading, understood.positive_class)
    understood.classes = {name: classes[name] for name in order}
    understood.counts_something = (
        asked.problem is None and reading["kind"] == NUMERIC and tally.integers and looks_numeric(tally)
    )
    return [] if wrong_class is None else [wrong_class]


def _features(reader: Reader) -> _Features:
    features, names_of_rows = _Features(), dict[str, tuple[Decision, str]]()
    asked = reader.asked.with_types()
    for column, tally in reader.tallies.items():
        if column == reader.target:
            continue
        said = column in reader.asked.columns
        useless = None if said else ids.useless(tally)
        decided = Decision(left_out=useless) if useless else decide(column, tally, asked)
        if decided.refused is not None:
            features.refused.append(decided.refused)
        elif decided.reading is None:
            features.left_out[column] = decided.left_out or ""
        elif not said and (why := ids.row_name(column, tally)):
            names_of_rows[column] = decided, why
        else:
            _add(features, column, decided, tally)
    for column, (decided, why) in names_of_rows.items():
        if not features.readings or decided.reading is None:
            # nothing else is there to learn from
            _add(features, column, decided, reader.tallies[column])
            continue
        features.left_out[column] = why
        text = f"left out: {why}, so that a model would learn the order of the file or nothing"
        features.remarks.append(remark("row_names", column, text, calls(column, decided.reading["kind"])))
    if not features.readings and not features.refused:
        why = "; ".join(f"{column!r}: {reason}" for column, reason in list(features.left_out.items())[:MOST_REFUSALS])
        features.refused.append(Refused(f"no feature column is left to learn from ({why}); add one."))
    return features


def _add(features: _Features, column: str, decided: Decision, tally: Tally) -> None:
    if decided.reading is not None:
        features.readings[column] = decided.reading
        features.remarks += [*decided.remarks, *ids.remarks_on(column, tally, decided.reading)]


def _leak(column: str, told: str, *, groups: bool) -> Remark:
    if groups:
        text = f"{told}: rows with the same value belong together, or the column tells the target"
        return remark("groups", column, text, ids.in_one_part(column), holds=True)
    return remark("leak", column, f"it alone tells the target: {told}", calls(column, "ignore"), holds=True)


def _no_target(reader: Reader, labelled: int) -> list[Remark]:
    without = reader.rows - labelled
    if not without:
        return []
    return [remark("no_target", reader.target, f"{without:,} of {reader.rows:,} rows have no target and are left out")]


def _missing(reader: Reader, column: str, features: _Features) -> int:
    tally = reader.tallies[column]
    reading = features.readings.get(column)
    return tally.of(NOTHING) + (missing_words(tally, reading) if reading is not None else tally.of(WORDS))


def _facts(tally: Tally, reading: Reading) -> ColumnFacts:
    low, high = tally.minimum, tally.maximum
    if reading["kind"] == NUMERIC and tally.of(WRITTEN) and tally.counts is not None:
        read = values(reading)
        numbers = [value for cell in tally.counts if isinstance(value := read(cell), float)]
        low, high = min(numbers), max(numbers)
    ranged = reading["kind"] == NUMERIC and low <= high and not (tally.of(WRITTEN) and tally.counts is None)
    return ColumnFacts(
        values=tally.cells - tally.of(NOTHING) - missing_words(tally, reading),
        different=None if tally.counts is None else len(tally.counts),
        minimum=low if ranged else None,
        maximum=high if ranged else None,
    )


def _refusal(file: str, refused: list[Refused]) -> DatasetRuleError:
    """One error with a line for each broken rule."""
    lines = [
        f"{file}: {one.text}" if one.line is None else f"{file}, line {one.line}: {one.text}"
        for one in refused[:MOST_REFUSALS]
    ]
    more = len(refused) - MOST_REFUSALS
    if more > 0:
        lines.append(f"{file}: {more} more columns break a rule.")
    return DatasetRuleError("\n".join(lines))
