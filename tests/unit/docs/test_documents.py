"""What holds documents against the contract of a run sees what it has to see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import complaints
from warmfold_run.records import Missed, Profile
from warmfold_run.summary import Pools

MISSED: dict[str, Any] = {"candidate": "c", "folds": [1, 2], "cause": "quota"}
POOLS: dict[str, Any] = {
    "cold_starts": 1,
    "expected_cold_starts": None,
    "missed": [MISSED],
    "note": None,
    "cold_cost": {"starts": 1, "seconds_each": 2, "seconds": 2.5, "warm_assumed": False},
}


def test_what_fits_has_no_complaints() -> None:
    assert complaints(Pools, POOLS) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cold_starts": "1"}, ".cold_starts is '1', not <class 'int'>"),
        ({"cold_starts": True}, ".cold_starts is True, not <class 'int'>"),
        ({"more": 1}, ".more is not in Pools"),
        ({"missed": [MISSED | {"fold": 1}]}, ".missed[0].fold is not in MissedPool"),
        ({"missed": [MISSED | {"folds": [1, "2"]}]}, ".missed[0].folds[1] is '2', not <class 'int'>"),
        ({"missed": MISSED}, ".missed is {'candidate': 'c'"),
        ({"cold_cost": {"starts": 1}}, ".cold_cost.seconds is missing; ColdCost has it"),
    ],
)
def test_what_does_not_fit_is_named(changed: dict[str, Any], said: str) -> None:
    assert any(line.startswith(said) for line in complaints(Pools, POOLS | changed))


def test_a_key_may_be_missing_only_where_the_contract_says_so() -> None:
    lacks_all = complaints(Profile, {})
    assert ".rows is missing; Profile has it" in lacks_all
    assert not any("rows_to_score" in line for line in lacks_all)
    assert complaints(Missed, "text") == ["the document is 'text', not Missed"]
