"""What a Parquet file is, as far as its footer tells: for Plan Run and the command, which read no values.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from warmfold_data.asked import Asked
from warmfold_data.cells import BOOLEAN, DATE, NUMERIC, TEXT
from warmfold_data.errors import DatasetRuleError
from warmfold_data.headers import usable_names
from warmfold_data.parquet_footer import Column, Footer, check_columns
from warmfold_data.placing import Placing
from warmfold_data.reader import check_named
from warmfold_data.remarks import remark
from warmfold_data.target import INFERRED_CLASSES, resolve_target
from warmfold_run.experiment import CLASSIFICATION, REGRESSION, Problem
from warmfold_run.records import Remark


class Suggested(NamedTuple):
    """What the footer suggests; Split Dataset, which reads the values, holds them against it."""

    target: str
    problem: Problem
    problem_why: str
    classes: int | None
    remarks: list[Remark]


def suggest(footer: Footer, *, file: str, asked: Asked) -> Suggested:
    """What will be predicted, and what kind of problem that is.

    Raises DatasetRuleError for columns that will not do.
    """
    check_columns(footer, file=file)
    if asked.dialect["decimal"] == ",":
        raise DatasetRuleError(
            f"{file}: `dialect.decimal` is for numbers that are written as text, and those of a Parquet file are not; "
            "take it out of experiment.yaml, and write predict.csv with decimal points."
        )
    names, remarks = usable_names([column.name for column in footer.columns], [], file=file, line=1, sure=True)
    check_named(names, asked, file)
    target, _ = resolve_target(names, asked, file)
    Placing(names, file=file, target=target, asked=asked)
    column = footer.columns[names.index(target)]
    if column.nulls is not None and column.nulls == footer.rows:
        raise DatasetRuleError(
            f"{file}: column {target!r}, the target, is missing in all {footer.rows} rows; fill it in, or name another "
            "column as `target` in experiment.yaml."
        )
    if column.kind == DATE:
        raise DatasetRuleError(
            f"{file}: column {target!r}, the target, holds dates, which are neither classes nor numbers to predict; "
            "name another column as `target` in experiment.yaml."
        )
    problem, why, said = _problem(target, column, asked)
    return Suggested(target, problem, why, 2 if column.kind == BOOLEAN else None, [*remarks, *said])


def _problem(target: str, column: Column, asked: Asked) -> tuple[Problem, str, list[Remark]]:
    if asked.problem is not None:
        return asked.problem, "experiment.yaml says so", []
    if column.kind in (BOOLEAN, TEXT):
        return CLASSIFICATION, f"its values are {'true or false' if column.kind == BOOLEAN else 'texts'}", []
    if column.kind == NUMERIC and not column.whole:
        return REGRESSION, "its values are no whole numbers by their type", []
    if column.minimum is not None and column.maximum is not None:
        low, high = int(column.minimum), int(column.maximum)
        if high - low < INFERRED_CLASSES:
            return CLASSIFICATION, f"its values are the whole numbers from {low} to {high}", []
        why = f"its values are whole numbers from {low} to {high}"
    else:
        why = "its values are whole numbers, and the file does not say from where to where"
    return (
        REGRESSION,
        why,
        [remark("numbers_or_classes", target, f"taken for a number: {why}", "problem: classification")],
    )
