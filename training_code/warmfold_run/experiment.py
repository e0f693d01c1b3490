"""The resolved experiment, as the plan holds it: every key of experiment.yaml, with nothing left to infer."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypedDict

Problem = Literal["classification", "regression"]
IGNORE: Final = "ignore"
ID: Final = "id"
COLUMN_KINDS = (IGNORE, "numeric", "text", "boolean", "date", ID)
"""What an experiment can call a column, beside the format of its dates; the first and the last are left out."""
CLASSIFICATION: Final = "classification"
REGRESSION: Final = "regression"


PlaceName = Literal["in-process", "warm-pool"]
"""Where a fold is trained: in its candidate, or as a job in a warm pool."""
FoldPlacement = Literal["auto", "warm-pool", "in-process"]
"""Where an experiment wants its folds; auto: by what candidates measure."""


class Range(TypedDict, total=False):
    """One hyperparameter: a fixed `value`, a list of `values`, or a range from `min` to `max`."""

    value: Annotated[Any, "fixed: every candidate has it"]
    values: Annotated[list[Any], "each candidate has one of them"]
    min: Annotated[float, "the range's lower end, included"]
    max: Annotated[float, "the range's upper end, included"]
    type: Annotated[Literal["integer", "continuous"], "what numbers of the range may be"]
    scaling: Annotated[str, "SageMaker's word for how the range is searched"]


class AskedDialect(TypedDict):
    """What the experiment says of the data's bytes; null: what the file itself shows."""

    delimiter: Annotated[str | None, "the character between cells"]
    decimal: Annotated[Literal[".", ","] | None, "what stands before a number's decimals"]
    encoding: Annotated[str | None, "Python's name of the encoding"]
    header: Annotated[bool | None, "whether the first line names the columns"]


AS_IT_SHOWS = AskedDialect(delimiter=None, decimal=None, encoding=None, header=None)
"""What an experiment that says nothing asks for."""


class CrossValidation(TypedDict):
    """How rows are divided."""

    n_splits: Annotated[int, "the number of folds, K, of each repeat; where the data has its own, as many as that"]
    strategy: Annotated[str, "the splitter's name in the catalogue"]
    group_column: Annotated[str | None, "the column whose equal values stay on one side, in parts as in the holdout"]
    time_column: Annotated[str | None, "the column by which rows are in order: the latest are the holdout"]
    fold_column: Annotated[str | None, "the column that says which fold validates a row"]
    repeats: Annotated[int, "how often the rows are dealt anew, for as many folds each time; at most 20 folds in all"]
    gap: Annotated[int, "how many rows before those that are validated are not trained on, in order of time"]
    window: Annotated[int | None, "how many rows a fold trains on at most, the latest ones; null: all earlier ones"]
    holdout: Annotated[float, "the share of the rows that no candidate sees"]
    seed: Annotated[int, "what every random choice starts from"]


class Search(TypedDict):
    """How candidates are found."""

    strategy: Annotated[str, "SageMaker's name of the tuning strategy"]
    max_candidates: Annotated[int, "how many candidates there are at most"]
    max_parallel_candidates: Annotated[int, "how many candidates run at a time"]
    abandon: Annotated[
        Literal["forgiving", "off"], "whether candidates that can't win are given up, or all train all their folds"
    ]
    hyperparameters: Annotated[dict[str, Range], "the search space by hyperparameter"]


LONGEST_JOB_SECONDS = 432000
"""How long SageMaker lets a job run where nobody has raised that quota."""
MOST_SPLIT_INSTANCES = 20
"""How many instances may split the data."""


class Compute(TypedDict):
    """Which instances, where folds are trained, how long warm pools wait, and how many split the data."""

    instance_type: Annotated[str, "what folds and the final job run on"]
    candidate_instance_type: Annotated[str, "what candidates run on"]
    fold_placement: Annotated[
        FoldPlacement,
        "where folds are trained: as jobs in warm pools, in their candidates, or (`auto`) as each candidate decides",
    ]
    keep_alive_seconds: Annotated[
        int | Literal["auto"], "how long a pool waits for the next fold; `auto` goes by how long folds take"
    ]
    max_fold_seconds: Annotated[
        int | Literal["auto"],
        "how long a fold may take before it is stopped; `auto` is an hour and ten seconds for each MB. The "
        "final job has twice as long",
    ]
    split_instances: Annotated[
        int | Literal["auto"],
        "how many instances split a dataset of many files, no more than it has; `auto` is one for each 2 GB of text, "
        "at most 4. The plan has the number",
    ]


class QualityGate(TypedDict):
    """What the final model must reach, and who approves it."""

    min_score: Annotated[float | None, "the least score on the holdout"]
    beat_champion: Annotated[bool, "whether the model must be better than the one approved before it"]
    approval: Annotated[
        Literal["automatic", "manual"],
        "who approves a model that passes the gate: the pipeline, or a person with one command",
    ]
    suspicious: Annotated[
        Literal["hold", "ignore"],
        "whether a suspected leak or a perfect score waits for a person's approval too",
    ]


class Budget(TypedDict):
    """What a run may cost."""

    max_usd: Annotated[None, "the most that a run may cost, in US dollars"]


class Experiment(TypedDict):
    """The resolved experiment.yaml: every key has a value, with nothing left to infer."""

    target: Annotated[str, "the column to predict"]
    problem: Annotated[Problem, "what kind of column that is"]
    columns: Annotated[dict[str, str], "what columns are, where the experiment says so: a kind, ignore, id or a format"]
    missing_values: Annotated[list[str], "cells that hold no value, beside those known"]
    positive_class: Annotated[str | None, "of two classes, what f1 and the like are about; null for the last"]
    metric: Annotated[str, "the metric's name in the catalogue; greater is better"]
    dialect: Annotated[AskedDialect, "what data.csv and predict.csv are written in"]
    estimator: Annotated[str, "the estimator's name in the catalogue"]
    cross_validation: Annotated[CrossValidation, "how rows are divided"]
    search: Annotated[Search, "how candidates are found"]
    compute: Annotated[Compute, "what it runs on"]
    quality_gate: Annotated[QualityGate, "what the model must reach"]
    budget: Annotated[Budget, "what it may cost"]
