"""IAM's wildcards: what they match, and that no pattern takes longer than it is long."""

from __future__ import annotations

import functools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.patience import PATIENCE
from warmfold.cloud.iam.conditions import holds
from warmfold.cloud.iam.patterns import matches


def matches_by_definition(pattern: str, value: str) -> bool:
    @functools.cache
    def rest(i: int, j: int) -> bool:
        if i == len(pattern):
            return j == len(value)
        if pattern[i] == "*":
            return rest(i + 1, j) or (j < len(value) and rest(i, j + 1))
        return j < len(value) and pattern[i] in ("?", value[j]) and rest(i + 1, j + 1)

    return rest(0, 0)


@given(st.text("ab*?\n.{}", max_size=12), st.text("ab*?\n.{}", max_size=12))
def test_a_pattern_matches_what_its_definition_says(pattern: str, value: str) -> None:
    assert matches(pattern, value, {}) is matches_by_definition(pattern, value)


@pytest.mark.parametrize(
    "pattern", ["*a*a*a*a*ab", "*a" * 500 + "b", "*?a" * 300 + "b", "**" * 2000 + "b", "*a?" * 400 + "b"]
)
@pytest.mark.parametrize("length", [1_000, 20_000])
def test_a_pattern_of_many_stars_is_matched_without_trying_again(pattern: str, length: int) -> None:
    begun = time.monotonic()
    assert matches(pattern, "a" * length + "c", {}) is False
    assert time.monotonic() - begun < PATIENCE


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    [
        ("StringEquals", "{*}", "{abc}", False),
        ("StringEquals", "{*}", "{*}", True),
        ("StringEquals", "a{b?}c*", "a{bx}c", False),
        ("StringEquals", "${*}{*}", "*{*}", True),
        ("StringEquals", "${s3:delimiter}{*}", "/{*}", True),
        ("StringEquals", "${s3:delimiter}{*}", "/{x}", False),
        ("StringEqualsIgnoreCase", "{A*}", "{abc}", False),
        ("StringNotEquals", "{*}", "{abc}", True),
        ("StringLike", "{*}", "{abc}", True),
    ],
)
def test_braces_hide_no_star(operator: str, wanted: str, value: str, expected: bool) -> None:
    assert holds(operator, "s3:prefix", [wanted], {"s3:prefix": value, "s3:delimiter": "/"}) is expected
