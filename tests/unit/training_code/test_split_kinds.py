"""Datasets with copies, groups, times and folds, from the table to what folds train on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.training_code.split import Split, split
from warmfold_data.csv_records import DatasetRuleError
from warmfold_jobs.data.parts import final_files
from warmfold_jobs.training.fit import train_fold


def tables(ready: Split) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Train and validation rows of each fold, as they are stored."""
    return [
        tuple(pd.concat(map(pd.read_parquet, rows.files)) for rows in ready.fold(fold))  # type: ignore[misc]
        for fold in range(len(ready.profile["folds"]))
    ]


def codes(ready: Split) -> set[str]:
    return {remark["code"] for remark in ready.profile["remarks"]}


def mean_score(ready: Split) -> float:
    folds = range(len(ready.profile["folds"]))
    scores = [train_fold(ready.plan, ready.schema, {}, *ready.fold(fold)) for fold in folds]  # type: ignore[arg-type]
    return float(np.mean([score["validation_score"] for score in scores]))


def noise(rows: int = 150, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(rows, 3)).round(4)
    return pd.DataFrame(numbers, columns=list("abc")).assign(y=rng.choice(["no", "yes"], rows))


def titanic() -> pd.DataFrame:
    """1,316 passengers as a table of counts: 12 different ones without what became of them."""
    rng = np.random.default_rng(1)
    classes, sexes, ages = (
        rng.choice(values, 1316) for values in (["1st", "2nd", "3rd"], ["m", "f"], ["old", "young"])
    )
    likely = np.where(sexes == "f", 0.75, 0.2) - 0.15 * (classes == "3rd")
    survived = np.where(rng.random(1316) < likely, "yes", "no")
    return pd.DataFrame({"class": classes, "sex": sexes, "age": ages, "survived": survived})


@pytest.mark.parametrize("seed", range(6))
def test_a_table_of_few_different_rows_is_split_with_every_class_on_every_side(seed: int, tmp_path: Path) -> None:
    frame = titanic()
    assert len(frame.drop_duplicates()) == 24
    assert len(frame.drop(columns="survived").drop_duplicates()) == 12
    ready = split(tmp_path, frame, n_splits=5, holdout=0.2, seed=seed)
    assert set(ready.profile["holdout_classes"]) == {"no", "yes"}
    held = pd.concat(map(pd.read_parquet, ready.holdout)).drop_duplicates()
    for train, validation in tables(ready):
        assert set(train["survived"]) == set(validation["survived"]) == {0, 1}
        apart = pd.concat([train.drop_duplicates(), validation.drop_duplicates(), held])
        assert not apart.duplicated().any()
    assert "copies" in codes(ready)


def test_copies_of_noise_do_not_make_it_predictable(tmp_path: Path) -> None:
    ready = split(tmp_path, pd.concat([noise()] * 6), n_splits=5, holdout=0.2)
    assert ready.profile["copies"] == 750
    assert mean_score(ready) < 0.65


def test_rows_of_a_group_are_on_one_side_and_the_group_is_no_feature(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    customer = rng.permutation(np.repeat(np.arange(40), 12))
    churn = np.where(np.arange(40) % 2, "yes", "no")[customer]
    visits = pd.DataFrame({"customer": customer + 500, "visit": rng.integers(0, 9, 480), "minutes": customer * 7 % 60})
    ready = split(
        tmp_path, visits.assign(churn=churn), strategy="stratified_group", group_column="customer", n_splits=4
    )
    assert "customer" in ready.profile["left_out"]
    assert ready.schema.features == ["visit", "minutes"]
    of_minutes = {minutes: number for number, minutes in zip(customer, visits["minutes"], strict=True)}
    assert len(of_minutes) == 40
    held = set(pd.concat(map(pd.read_parquet, ready.holdout))["minutes"])
    for train, validation in tables(ready):
        assert set(train["minutes"]).isdisjoint(validation["minutes"])
        assert held.isdisjoint({*train["minutes"], *validation["minutes"]})


@pytest.mark.parametrize("dates", [True, False])
def test_in_order_of_time_folds_and_holdout_are_later_than_what_is_trained_on(dates: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    day = rng.permutation(200)
    when: Any = pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D") if dates else day * 10 + 3
    frame = pd.DataFrame(
        {"day": when, "size": day + 0.5, "other": rng.normal(size=200), "target": rng.normal(size=200)}
    )
    if dates:
        frame["day"] = frame["day"].dt.strftime("%Y-%m-%d")
    options: dict[str, Any] = {"problem": "regression", "metric": "r2", "strategy": "time_series", "n_splits": 3}
    ready = split(tmp_path, frame, time_column="day", gap=5, window=40, holdout=0.25, **options)
    held = pd.concat(map(pd.read_parquet, ready.holdout))["size"]
    assert sorted(held) == [n + 0.5 for n in range(150, 200)]
    for train, validation in tables(ready):
        assert len(train) <= 40
        assert train["size"].max() + 6 == validation["size"].min()
    final = pd.concat(map(pd.read_parquet, final_files(ready.folder / "parts", ready.folder / "profile.json")))
    assert sorted(final["size"]) == [n + 0.5 for n in range(105, 145)]
    assert ("day" in ready.schema.features) == dates
    assert np.isfinite(mean_score(ready))


def test_a_column_says_the_folds(tmp_path: Path) -> None:
    frame = noise(120)
    fold = np.array(["holdout", "-1", "a", "b", "c"])[np.arange(120) % 5]
    ready = split(
        tmp_path, frame.assign(fold=fold)[["a", "b", "c", "fold", "y"]], strategy="predefined", fold_column="fold"
    )
    assert ready.profile["part_rows"] == [24, 24, 24, 24]
    assert ready.profile["holdout_rows"] == 24
    for number, (train, validation) in enumerate(tables(ready)):
        assert set(validation["a"]) == set(frame["a"][fold == "abc"[number]])
        assert set(train["a"]) == set(frame["a"][(fold != "abc"[number]) & (fold != "holdout")])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"strategy": "group", "group_column": "d"}, "no column is called 'd', the `cross_validation.group_column`"),
        ({"strategy": "group", "group_column": "y"}, "column 'y' is the target, and `cross_validation.group_column`"),
        ({"strategy": "time_series", "time_column": "text"}, "the time column, holds neither numbers nor dates; say"),
        (
            {"strategy": "time_series", "time_column": "few"},
            "3 different times, and 4 folds and the holdout need 6",
        ),
        ({"strategy": "time_series", "time_column": "a", "gap": 500}, "fold 0 has 0 rows to train on"),
        ({"strategy": "group", "group_column": "few"}, "There are 3 groups; lower `cross_validation.n_splits`"),
        (
            {"strategy": "group", "group_column": "one", "n_splits": 3},
            r"rows that fold \d \(of whole groups of column 'one'\) validates have none of class '(no|yes)' of column "
            "'y'; roc_auc can't be told of them. Set `strategy: stratified_group`, or set another `metric`",
        ),
        (
            {"strategy": "kfold", "n_splits": 14, "holdout": 0.5},
            "roc_auc can't be told of them. Set `strategy: stratified`, or set another `metric` in experiment.yaml",
        ),
        ({"strategy": "predefined", "fold_column": "a"}, "folds with strategy predefined, which must be 2 to 20; join"),
        ({"strategy": "leave_one_group_out", "group_column": "a"}, "2 to 20; join some of its values, or set"),
        (
            {"strategy": "group", "group_column": "gaps"},
            "row 11: column 'gaps', the group column, is empty; fill it in",
        ),
    ],
)
def test_a_column_that_can_t_divide_the_rows_is_refused(asked: dict[str, Any], says: str, tmp_path: Path) -> None:
    number = np.arange(150)
    frame = noise().assign(
        text=[f"word {n % 40}" for n in number],
        few=number % 3,
        gaps=np.where(number == 10, "", (number % 9).astype(str)),
        one=noise()["y"] + (number // 30).astype(str),
    )
    with pytest.raises(DatasetRuleError, match=says):
        split(tmp_path, frame[["a", "b", "c", "text", "few", "gaps", "one", "y"]], **asked)
