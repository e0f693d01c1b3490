"""Splits against scikit-learn's splitters, and what every split promises: who is never on two sides, who is where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from warmfold_catalogue.splitters import load_splitter
from warmfold_data.asked import Splitting
from warmfold_data.dealing import HOLDOUT, Dealt, Rows, content_hash, deal
from warmfold_data.units import limit_of

SEEDS = st.integers(0, 999)
SPLITS = st.integers(2, 11)


def hashes(values: Sequence[object], seed: int = 1) -> list[int]:
    return [content_hash([str(value)], seed) for value in values]


def dealt(strategy: str, rows: Rows, **asked: Any) -> Dealt[list[int]]:
    found = deal(rows, load_splitter(strategy), Splitting(strategy=strategy, **asked))
    assert found is not None
    return found


def developed(found: Dealt[list[int]]) -> np.ndarray[Any, Any]:
    return np.flatnonzero(np.array(found.placements) != HOLDOUT)


def folds(found: Dealt[list[int]]) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Train and validation rows of each fold."""
    repeats = np.array([found.placements, *found.further])
    return [
        tuple(np.flatnonzero(np.isin(repeats[fold["repeat"]], fold[side])) for side in ("train", "validation"))  # type: ignore[literal-required, misc]
        for fold in found.folds
    ]


def sizes(splits: Any) -> list[int]:
    return sorted(len(validation) for _, validation in splits)


def class_counts(labels: np.ndarray[Any, Any], splits: Any, classes: Any = None) -> list[list[int]]:
    """By class, the numbers of its rows in the validation parts, sorted; of all classes where none are named."""
    classes = np.unique(labels) if classes is None else classes
    return [sorted(int(np.sum(labels[validation] == label)) for _, validation in splits) for label in classes]


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(40, 300), n_splits=SPLITS, seed=SEEDS)
def test_kfold_has_parts_of_the_sizes_of_scikit_learn(rows: int, n_splits: int, seed: int) -> None:
    found = dealt("kfold", Rows(hashes(range(rows), seed)), n_splits=n_splits, seed=seed)
    inside = developed(found)
    assert sizes(folds(found)) == sizes(KFold(n_splits, shuffle=True, random_state=0).split(inside))
    for train, validation in folds(found):
        assert sorted([*train, *validation]) == inside.tolist()


@settings(max_examples=60, deadline=None)
@given(
    drawn=st.lists(st.sampled_from([0] * 12 + [1] * 5 + [2]), min_size=60, max_size=300), n_splits=SPLITS, seed=SEEDS
)
def test_stratified_has_the_class_counts_of_scikit_learn(drawn: list[int], n_splits: int, seed: int) -> None:
    counts = Counter(drawn)
    assume(len(counts) > 1 and min(counts.values()) > n_splits)
    found = dealt("stratified", Rows(hashes(range(len(drawn)), seed), drawn), n_splits=n_splits, seed=seed)
    inside = developed(found)
    labels = np.array(drawn)
    theirs = StratifiedKFold(n_splits, shuffle=True, random_state=0).split(inside, labels[inside])
    ours = folds(found)
    assert class_counts(labels, ours) == class_counts(labels[inside], list(theirs))
    assert max(sizes(ours)) - min(sizes(ours)) <= 1
    assert {labels[row] for row in np.flatnonzero(np.array(found.placements) == HOLDOUT)} == set(drawn)


GROUPED = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1)), min_size=60, max_size=250)


@settings(max_examples=80, deadline=None)
@given(
    rows=GROUPED,
    n_splits=st.integers(2, 6),
    strategy=st.sampled_from(["group", "stratified_group"]),
    repeats=st.integers(1, 3),
)
def test_no_group_is_on_both_sides_and_every_row_is_validated_once_a_repeat(
    rows: list[tuple[int, int]], n_splits: int, strategy: str, repeats: int
) -> None:
    groups, labels = (np.array(column) for column in zip(*rows, strict=True))
    assume(len(set(groups)) > n_splits)
    given_rows = Rows(hashes(range(len(rows))), labels.tolist(), hashes(groups))
    found = dealt(strategy, given_rows, n_splits=n_splits, repeats=repeats)
    placements = np.array(found.placements)
    assert set(groups[placements == HOLDOUT]).isdisjoint(groups[placements != HOLDOUT])
    assert (placements == HOLDOUT).sum() >= 2
    validated: Counter[int] = Counter()
    for train, validation in folds(found):
        assert len(train)
        assert len(validation)
        assert set(groups[train]).isdisjoint(groups[validation])
        validated.update(validation.tolist())
    assert validated == dict.fromkeys(developed(found).tolist(), repeats)


@settings(max_examples=60, deadline=None)
@given(rows=GROUPED, n_splits=st.integers(2, 6))
def test_groups_are_dealt_as_evenly_as_scikit_learn_does_it_to_one_group(
    rows: list[tuple[int, int]], n_splits: int
) -> None:
    groups, labels = (np.array(column) for column in zip(*rows, strict=True))
    assume(len(set(groups)) > n_splits)
    given_rows = Rows(hashes(range(len(rows))), labels.tolist(), hashes(groups))
    plain = dealt("group", given_rows, n_splits=n_splits)
    inside = developed(plain)
    largest = max(Counter(groups[inside].tolist()).values())
    theirs = sizes(GroupKFold(n_splits).split(inside, groups=groups[inside]))
    assert max(sizes(folds(plain))) - min(sizes(folds(plain))) <= max(theirs[-1] - theirs[0], largest)

    stratified = folds(dealt("stratified_group", given_rows, n_splits=n_splits))
    splitter = StratifiedGroupKFold(n_splits)
    reference = list(splitter.split(inside, labels[inside], groups[inside]))
    classes = np.unique(labels[inside])
    counts = class_counts(labels, stratified, classes), class_counts(labels[inside], reference, classes)
    for ours, other in zip(*counts, strict=True):
        assert ours[-1] - ours[0] <= other[-1] - other[0] + largest


@settings(max_examples=80, deadline=None)
@given(
    rows=st.integers(30, 200),
    n_splits=st.integers(2, 8),
    gap=st.integers(0, 5),
    window=st.none() | st.integers(1, 60),
    seed=SEEDS,
)
def test_time_series_is_scikit_learns_where_times_differ(
    rows: int, n_splits: int, gap: int, window: int | None, seed: int
) -> None:
    times = np.random.default_rng(seed).permutation(rows).astype(float)
    found = dealt("time_series", Rows(times=times.tolist()), n_splits=n_splits, gap=gap, window=window)
    inside = developed(found)
    order = inside[np.argsort(times[inside])]
    held = np.flatnonzero(np.array(found.placements) == HOLDOUT)
    assert times[held].min() > times[inside].max()
    assert len(held) == round(rows * 0.2)
    assume(len(order) - gap - n_splits * (len(order) // (n_splits + 1)) > 0)
    theirs = TimeSeriesSplit(n_splits, gap=gap, max_train_size=window).split(order)
    for (train, validation), (other_train, other_validation) in zip(folds(found), theirs, strict=True):
        assert set(train) == set(order[other_train])
        assert set(validation) == set(order[other_validation])
    final = np.flatnonzero(np.isin(found.placements, found.final_parts))
    last = order[: len(order) - gap] if window is None else order[: len(order) - gap][-window:]
    assert set(final) == set(last)


@settings(max_examples=80, deadline=None)
@given(
    times=st.lists(st.integers(0, 25), min_size=40, max_size=200),
    n_splits=st.integers(2, 6),
    gap=st.integers(0, 5),
)
def test_no_row_of_the_future_is_trained_on_and_equal_times_stay_on_one_side(
    times: list[int], n_splits: int, gap: int
) -> None:
    given_rows = Rows(times=[float(time) for time in times])
    found = deal(given_rows, load_splitter("time_series"), Splitting(n_splits=n_splits, gap=gap))
    if found is None:
        assert len(set(times)) < n_splits + 2
        return
    at = np.array(times)
    inside = developed(found)
    held = np.flatnonzero(np.array(found.placements) == HOLDOUT)
    assert at[inside].max() < at[held].min()
    validated: list[int] = []
    for train, validation in folds(found):
        assert len(validation)
        if len(train):
            assert at[train].max() < at[validation].min()
            assert (at < at[validation].min()).sum() - len(train) >= gap
        validated += validation.tolist()
    assert len(validated) == len(set(validated))


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.sampled_from(["0", "1", "2", "10", "-1", "b"]), min_size=30, max_size=90))
def test_predefined_folds_are_scikit_learns(values: list[str]) -> None:
    values = ["holdout"] * 5 + values
    assume(len({*values} - {"holdout", "-1"}) > 1)
    found = dealt("predefined", Rows(hashes(range(len(values))), folds=values))
    numbers = {"0": 0, "1": 1, "2": 2, "10": 3, "b": 4, "-1": -1}
    assert np.flatnonzero(np.array(found.placements) == HOLDOUT).tolist() == list(range(5))
    theirs = PredefinedSplit([numbers[value] for value in values[5:]]).split()
    for (train, validation), (other_train, other_validation) in zip(folds(found), theirs, strict=True):
        assert train.tolist() == (other_train + 5).tolist()
        assert validation.tolist() == (other_validation + 5).tolist()


@settings(max_examples=60, deadline=None)
@given(groups=st.lists(st.integers(0, 12), min_size=40, max_size=90))
def test_leave_one_group_out_is_scikit_learns(groups: list[int]) -> None:
    assume(len(set(groups)) > 3)
    found = dealt("leave_one_group_out", Rows(hashes(range(len(groups))), groups=hashes(groups)))
    inside = developed(found)
    of = np.array(groups)
    theirs = {frozenset(inside[v].tolist()) for _, v in LeaveOneGroupOut().split(inside, groups=of[inside])}
    assert {frozenset(validation.tolist()) for _, validation in folds(found)} == theirs
    assert set(of[inside]).isdisjoint(of[np.array(found.placements) == HOLDOUT])


COPIED = st.lists(st.tuples(st.integers(0, 40), st.sampled_from("aab")), min_size=40, max_size=250)


@settings(max_examples=100, deadline=None)
@given(
    rows=COPIED,
    n_splits=st.integers(2, 8),
    strategy=st.sampled_from(["kfold", "stratified"]),
    repeats=st.integers(1, 3),
    shuffled=st.randoms(use_true_random=False),
)
def test_copies_stay_together_classes_are_everywhere_and_the_order_does_not_matter(
    rows: list[tuple[int, str]], n_splits: int, strategy: str, repeats: int, shuffled: Any
) -> None:
    different = Counter(label for _, label in set(rows))
    assume(len(different) == 2 and min(different.values()) > n_splits)

    def deal_(rows: list[tuple[int, str]]) -> Dealt[list[int]]:
        labels = [int(label == "b") for _, label in rows]
        return dealt(strategy, Rows(hashes(rows), labels), n_splits=n_splits, repeats=repeats)

    found = deal_(rows)
    assert not found.divided
    for placements in (found.placements, *found.further):
        where: dict[tuple[int, str], set[int]] = {}
        for row, place in zip(rows, placements, strict=True):
            where.setdefault(row, set()).add(place)
        assert all(len(places) == 1 for places in where.values())
        assert {part for part in placements if part != HOLDOUT} == set(range(n_splits))
        sides = [-1, *range(n_splits)] if strategy == "stratified" else [-1]
        assert all({label for (_, label), at in where.items() if part in at} == {"a", "b"} for part in sides)
    largest = max(Counter(rows).values())
    counts = class_counts(np.array([label for _, label in rows]), folds(found)[:n_splits])
    if strategy == "stratified":
        assert all(count[-1] - count[0] <= largest for count in counts)

    mixed = list(rows)
    shuffled.shuffle(mixed)
    again = deal_(mixed)
    assert Counter(zip(mixed, again.placements, strict=True)) == Counter(zip(rows, found.placements, strict=True))
    assert [Counter(zip(mixed, one, strict=True)) for one in again.further] == [
        Counter(zip(rows, one, strict=True)) for one in found.further
    ]


@settings(max_examples=20, deadline=None)
@given(strategy=st.sampled_from(["kfold", "stratified", "group"]), seed=SEEDS)
def test_repeats_deal_anew(strategy: str, seed: int) -> None:
    rows = Rows(hashes(range(500), seed), groups=hashes(range(500), seed))
    if strategy == "stratified":
        rows.labels = [n % 2 for n in range(500)]
    found = dealt(strategy, rows, n_splits=5, repeats=3, seed=seed)
    first, second, third = (np.array(one) for one in (found.placements, *found.further))
    for one, other in ((first, second), (first, third), (second, third)):
        inside = one != HOLDOUT
        assert ((other != HOLDOUT) == inside).all()
        assert 0.1 < (one[inside] == other[inside]).mean() < 0.3


@pytest.mark.parametrize("strategy", ["kfold", "stratified"])
@pytest.mark.parametrize("copies", [1, 40])
def test_few_different_rows_are_on_every_side(strategy: str, copies: int) -> None:
    for seed in range(20):
        rows = [("x", "a"), ("y", "a"), ("x", "b")] * 4 * copies
        labels = [int(label == "b") for _, label in rows]
        found = dealt(strategy, Rows(hashes(rows, seed), labels), n_splits=3, seed=seed)
        assert found.divided == ([0, 1] if strategy == "stratified" else [0])
        sides = Counter(found.placements)
        assert set(sides) == {-1, 0, 1, 2}
        if strategy == "stratified":
            assert set(zip(found.placements, labels, strict=True)) == {(s, c) for s in (-1, 0, 1, 2) for c in (0, 1)}


def test_a_row_changes_its_side_only_where_a_class_would_be_missing() -> None:
    for seed in range(30):
        labels = [0] * 300 + [1] * 8
        contents = hashes(range(308), seed)
        found = dealt("stratified", Rows(contents, labels), n_splits=5, seed=seed)
        by_hash = [content < limit_of(0.2) for content in contents]
        held = [place == HOLDOUT for place in found.placements]
        assert held[:300] == by_hash[:300]
        rare = sum(by_hash[300:])
        assert sum(held[300:]) == min(max(rare, 1), 3)
        assert len(found.to_holdout) == int(rare == 0)
        assert len(found.to_development) == max(0, rare - 3)
