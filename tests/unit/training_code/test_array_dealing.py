"""Rows dealt by arrays go where the row-wise reference puts them, whatever the splitter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmfold_catalogue.splitters import SPLITTERS, load_splitter
from warmfold_data.asked import Splitting
from warmfold_data.dealing import Rows, content_hash, deal
from warmfold_data.units import again
from warmfold_jobs.data.array_dealing import RowArrays, again_each, deal_arrays


@pytest.mark.parametrize("strategy", SPLITTERS)
@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from([0, 0, 0, 1, 2]), st.integers(0, 14)), min_size=1, max_size=200
    ),
    asked=st.fixed_dictionaries(
        {
            "n_splits": st.integers(2, 11),
            "holdout": st.sampled_from([0.05, 0.2, 0.5]),
            "seed": st.integers(0, 99),
            "repeats": st.integers(1, 3),
            "gap": st.integers(0, 9),
            "window": st.none() | st.integers(1, 99),
        }
    ),
    classifies=st.booleans(),
    held=st.booleans(),
)
def test_both_decide_the_same(
    strategy: str, rows: list[tuple[int, int, int]], asked: dict[str, Any], classifies: bool, held: bool
) -> None:
    splitter, splitting = load_splitter(strategy), Splitting(strategy=strategy, **asked)
    contents = [content_hash([str(value), str(label)], splitting.seed) for value, label, _ in rows]
    labels = [label for _, label, _ in rows] if classifies else []
    groups = [content_hash([str(group)], splitting.seed) for *_, group in rows]
    values = ["-1", "holdout" if held else "x", *map(str, range(13))]
    times = [group for *_, group in rows]
    occurring = list(dict.fromkeys(times))
    reference = deal(
        Rows(contents, labels, groups, [float(g) for g in times], [values[g] for g in times]), splitter, splitting
    )
    found = deal_arrays(
        RowArrays(
            contents=np.array(contents, dtype=np.uint64),
            labels=np.array(labels, dtype=np.int32) if classifies else None,
            groups=np.array(groups, dtype=np.uint64),
            times=np.array(times, dtype=float),
            folds=np.array([occurring.index(g) for g in times]),
            fold_values=[values[g] for g in occurring],
        ),
        splitter,
        splitting,
    )
    if reference is None or found is None:
        assert reference is found is None
        return
    assert found.placements.tolist() == reference.placements
    assert [one.tolist() for one in found.further] == reference.further
    assert (found.parts, found.folds, found.final_parts) == (reference.parts, reference.folds, reference.final_parts)
    assert found.divided == reference.divided
    assert (found.to_holdout, found.to_development) == (reference.to_holdout, reference.to_development)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=9), st.integers(0, 30))
def test_hashes_are_hashed_again_in_the_same_way(keys: list[int], time: int) -> None:
    assert again_each(np.array(keys, dtype=np.uint64), time).tolist() == [again(key, time) for key in keys]
