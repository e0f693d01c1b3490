"""What jobs write of themselves into the run's folder: profile, fold scores, a candidate's notes, metrics and model."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from warmfold_run.experiment import PlaceName, Problem

Kind = Literal["numeric", "boolean", "date", "text"]
"""What a column holds."""


class Reading(TypedDict):
    """How the cells of a column become values, in the training data as in every row to score."""

    kind: Annotated[Kind, "what it holds: `numeric`, `boolean`, `date` or `text`"]
    missing: Annotated[list[str], "cells that hold no value in this column, beside the empty one"]
    decimal: Annotated[Literal[".", ","], "what stands before the decimals of a number"]
    thousands: Annotated[str, "what groups the digits of a number; empty where nothing does"]
    affixes: Annotated[list[str], "what is taken off a number before it is read, such as `€` and `%`"]
    date_format: Annotated[str | None, "of a date, as strptime has it; null for ISO 8601"]
    booleans: Annotated[dict[str, bool], "of a boolean column: what its cells say; empty for other kinds"]
    categories: Annotated[
        list[str] | None,
        "of a text column: its texts, with which cells that differ in blanks, case or Unicode form are compared; null "
        "where there are too many",
    ]


class ColumnFacts(TypedDict):
    """What a feature holds in the training data, for rows to score to be compared with."""

    values: Annotated[int, "cells that hold a value"]
    different: Annotated[int | None, "how many different cells; null for more than are counted"]
    minimum: Annotated[float | None, "the least number; null where the column holds no plain numbers"]
    maximum: Annotated[float | None, "the greatest number"]


class Remark(TypedDict):
    """Something about the data that a person should know."""

    code: Annotated[str, "what kind of remark it is: a word that scripts can rely on"]
    column: Annotated[str | None, "the column that it is about"]
    text: Annotated[str, "what was found and what was done about it, with the evidence: lines, cells, counts"]
    remedy: Annotated[str | None, "a line of experiment.yaml that has it otherwise"]
    holds: Annotated[bool, "whether the model is held for a person's approval because of it"]


class SkippedRecord(TypedDict):
    """A record below the header that is no row."""

    line: Annotated[int, "where it starts in the file, from 1"]
    row: Annotated[int, "its place among the records below the header, from 0; blank lines are no records"]
    why: Annotated[Literal["units", "repeated header", "totals"], "what it is"]


class Dialect(TypedDict):
    """How a file's bytes become records of text cells: all that a second reader needs to see the same rows.

    It unpacks, decodes without the byte order mark, begins at `first_line`, ignores blank lines (unless there is one
    column only: there a blank line is a row with an empty cell), calls the columns as the profile does, and leaves out
    `skipped`. Quotes are `"`, doubled inside quotes; quoted cells may hold line breaks.
    """

    compression: Annotated[Literal["gzip"] | None, "what the bytes are packed with"]
    encoding: Annotated[str, "Python's name of the encoding: `utf-8`, `utf-16-le`, `utf-16-be`, `cp1252`, …"]
    delimiter: Annotated[str, "the character between cells"]
    decimal: Annotated[Literal[".", ","] | None, "what the experiment says stands before decimals; null: nothing"]
    header: Annotated[bool, "whether the file names its columns; else they are `column_1` and so on"]
    first_line: Annotated[int, "the line below the header, from 1: a title, `sep=` and the header are above it"]
    skipped: Annotated[list[SkippedRecord], "records from there on that are no rows"]


class FoldParts(TypedDict):
    """Which parts a fold is made of: files in the first repeat, in others rows by their column `part_of_repeat_<n>`."""

    train: Annotated[list[int], "the parts that it trains on"]
    validation: Annotated[list[int], "the parts that it is scored on"]
    repeat: Annotated[int, "whose parts these are, from 0: each repeat deals the rows anew"]


class Profile(TypedDict):
    """profile.json: what the data is, once every row was seen; counts are rows."""

    file: Annotated[str, "how errors call the data"]
    dialect: Annotated[Dialect, "how the file's bytes become rows"]
    rows: Annotated[int, "all of them: development, holdout and those without a target"]
    columns: Annotated[list[str], "in the file's order"]
    readings: Annotated[dict[str, Reading], "how cells are read, by column, those left out excepted"]
    left_out: Annotated[dict[str, str], "columns that are neither target nor feature, and why"]
    remarks: Annotated[list[Remark], "what a person should know of the data"]
    missing: Annotated[
        dict[str, int], "cells without a value by column, in rows with a target; in all rows for the target"
    ]
    target: Annotated[str, "the column to predict"]
    target_why: Annotated[str, "why that one"]
    problem: Annotated[Problem, "what kind of column that is"]
    problem_why: Annotated[str, "why that kind"]
    positive_class: Annotated[str | None, "of two classes, what f1 and the like are about"]
    facts: Annotated[dict[str, ColumnFacts], "what features hold, by column"]
    classes: Annotated[dict[str, int] | None, "rows by class, in the order of their labels; null for regression"]
    development_classes: Annotated[dict[str, int] | None, "the same of the rows that candidates see"]
    holdout_classes: Annotated[dict[str, int] | None, "the same of the holdout"]
    rows_without_target: Annotated[int, "left out"]
    development_rows: Annotated[int, "in parts"]
    holdout_rows: Annotated[int, "in the holdout"]
    part_rows: Annotated[list[int], "by part"]
    copies: Annotated[int, "rows with a target that repeat another one, cell by cell"]
    folds: Annotated[list[FoldParts], "of what each fold is made"]
    final_parts: Annotated[list[int], "the parts that the final model is trained on"]
    rows_to_score: NotRequired[Annotated[int, "written by Split Dataset only"]]


class FoldRows(TypedDict):
    """How many rows a fold was trained and scored on."""

    train: Annotated[int, "trained on"]
    validation: Annotated[int, "scored on"]


class FoldResult(TypedDict):
    """What training a fold gives; scores are greater when better."""

    train_score: Annotated[float, "on the rows that it was trained on"]
    validation_score: Annotated[float, "on the rows that it was not"]
    fit_seconds: Annotated[float, "of the fit"]
    seconds: Annotated[float, "of reading, fit and scoring"]
    cpu_seconds: Annotated[float, "the same in CPU time"]
    rows: Annotated[FoldRows, "how many there were"]


class FoldScore(FoldResult):
    """candidates/<candidate>/fold-<i>.json: a fold's score, written the moment it is known."""

    candidate: Annotated[str, "whose fold it is"]
    fold: Annotated[int, "its number, from 0"]
    job: Annotated[str, "the training job that trained it: a fold job, or the candidate itself"]


class Placement(TypedDict):
    """candidates/<candidate>/placement.json: where a candidate's folds were trained."""

    candidate: Annotated[str, "whose folds"]
    choice: Annotated[PlaceName | Literal["both"], "in the candidate, as jobs, or some each"]
    here: Annotated[list[int], "folds that the candidate trained itself"]
    jobs: Annotated[list[int], "folds that were jobs"]
    reason: Annotated[str, "why"]


class Abandoned(TypedDict):
    """candidates/<candidate>/abandoned.json: that a candidate was given up, written before its folds are stopped."""

    candidate: Annotated[str, "who was given up"]
    incumbent: Annotated[str, "who is better"]
    scores: Annotated[dict[str, float], "validation scores of its finished folds, by fold"]
    estimate: Annotated[float, "what it reports as its objective"]
    stopped: Annotated[list[int], "folds without a score"]
    reason: Annotated[str, "why"]


class Missed(TypedDict):
    """candidates/<candidate>/missed.json: that folds found no pool although one should have been free."""

    candidate: Annotated[str, "whose folds"]
    folds: Annotated[list[int], "which"]
    cause: Annotated[str, "why, as far as the candidate can tell"]


class LeaderboardEntry(TypedDict):
    """leaderboard/<key>-<candidate>.json: a candidate with all its folds; the first of a listing is the best."""

    candidate: Annotated[str, "its name"]
    mean: Annotated[float, "of its fold scores"]
    scores: Annotated[list[float], "validation scores by fold"]
    fold_seconds: Annotated[list[float], "by fold: reading, fit and scoring"]
    cpu_seconds: Annotated[list[float], "by fold, in CPU time"]
    start_seconds: Annotated[list[float], "starts of the jobs that could find a pool"]
    cold_seconds: Annotated[list[float], "starts of the jobs that could not"]
    jobs: Annotated[int, "how many of its folds were jobs"]
    job: Annotated[str | None, "one of them"]


class FinalRows(TypedDict):
    """How many rows the final model was trained and scored on."""

    train: Annotated[int, "trained on"]
    holdout: Annotated[int, "scored on"]


class Baseline(TypedDict):
    """A model to hold the final one against: fitted on the same rows, scored on the same holdout."""

    model: Annotated[str, "what it is, in words"]
    score: Annotated[float | None, "on the holdout; null where it can't be told"]
    interval: Annotated[list[float] | None, "the 95% interval of that score: low, high"]
    gain: Annotated[float | None, "the final model's score less this one's"]
    gain_interval: Annotated[list[float] | None, "the 95% interval of the gain, from resamples scored by both"]
    said: Annotated[str, "the gain in a sentence, or why there is none"]


class Baselines(TypedDict):
    """What the final model is held against."""

    dummy: Annotated[Baseline, "a model that does not look at the features"]
    defaults: Annotated[Baseline, "the same estimator with its default hyperparameters and the static ones"]


class HoldoutMetrics(TypedDict):
    """What the holdout tells of the final model."""

    holdout_score: Annotated[float | None, "on the holdout; null where it can't be told"]
    holdout_standard_error: Annotated[float | None, "of that score, by bootstrap"]
    holdout_interval: Annotated[list[float] | None, "the 95% interval of that score: low, high"]
    holdout_interval_method: Annotated[str | None, "how the interval was found, or why there is none"]
    holdout_note: Annotated[str | None, "why there is no score"]
    baselines: Annotated[Baselines, "what the model is held against"]


class Champion(TypedDict):
    """The approved model of the dataset's model package group, scored on the same holdout as the final one."""

    model_package_arn: Annotated[str | None, "which one; null where none was approved"]
    run: Annotated[str | None, "the run that made it"]
    verdict: Annotated[
        Literal["better", "not better", "not comparable", "no champion"],
        "`better` where the 95% interval of the gain is above 0",
    ]
    score: Annotated[float | None, "the champion's on the holdout; null where it can't be compared"]
    gain: Annotated[float | None, "the final model's score less the champion's"]
    gain_interval: Annotated[list[float] | None, "the 95% interval of the gain, from resamples scored by both"]
    said: Annotated[str, "the same in a sentence, or why they can't be compared"]


class FinalMetrics(HoldoutMetrics):
    """model/metrics.json: how the final model does; the gate reads it."""

    champion: Annotated[Champion | None, "the model that it must beat; null without `quality_gate.beat_champion`"]
    positive_class: Annotated[str | None, "of two classes, what f1 and the like are about"]
    train_score: Annotated[float, "on the rows that it was trained on"]
    fit_seconds: Annotated[float, "of the fit"]
    rows: Annotated[FinalRows, "how many there were"]


class ModelDescription(TypedDict):
    """model.json of the model archive: what the model expects and predicts."""

    schema: Annotated[int, "the version of this shape"]
    run: Annotated[str, "the run that made it"]
    dataset: Annotated[str, "what it was trained on"]
    features: Annotated[list[str], "the columns that it wants"]
    readings: Annotated[dict[str, Reading], "how the cells of each are read"]
    target: Annotated[str, "the column that it predicts"]
    problem: Annotated[Problem, "what kind of column that is"]
    classes: Annotated[list[str] | None, "by label, as written in the data; null for regression"]
    positive_class: Annotated[str | None, "of two classes, what f1 and the like are about"]
    prediction_columns: Annotated[
        list[str],
        "its prediction, then the probability of each class, as rows get them; names that the data has give way",
    ]
    metric: Annotated[str, "what it was tuned for"]
    estimator: Annotated[str, "the estimator's name in the catalogue"]
    hyperparameters: Annotated[dict[str, str | float | bool | None], "tuned and static ones"]
    versions: Annotated[dict[str, str], "of the libraries that fitted it"]
