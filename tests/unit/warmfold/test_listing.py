"""Lists: what a page holds, and where the next one begins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.listing import page_of


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True)
class Thing:
    name: str
    created_at: datetime
    status: str = "InProgress"
    modified_at: datetime | None = None


THINGS = [Thing(f"thing-{n}", at(100 + n // 2)) for n in range(7)]


def page(
    things: list[Thing], summarized: list[str] | None = None, result: str = "Things", **request: Any
) -> tuple[list[str], str | None]:
    def summarize(thing: Thing) -> dict[str, Any]:
        if summarized is not None:
            summarized.append(thing.name)
        return {"Name": thing.name}

    answer = page_of(things, request, result=result, summarize=summarize)
    return [item["Name"] for item in answer[result]], answer.get("NextToken")


def pages(things: list[Thing], **request: Any) -> list[list[str]]:
    found, token = page(things, **request)
    everything = [found]
    while token:
        found, token = page(things, NextToken=token, **request)
        everything.append(found)
    return everything


def test_the_newest_come_first_and_those_of_one_moment_by_name() -> None:
    assert pages(THINGS, MaxResults=3) == [
        ["thing-6", "thing-5", "thing-4"],
        ["thing-3", "thing-2", "thing-1"],
        ["thing-0"],
    ]
    assert pages(THINGS, SortOrder="Ascending", SortBy="Name", MaxResults=4)[1] == ["thing-4", "thing-5", "thing-6"]


def test_a_page_that_is_just_full_is_the_last() -> None:
    assert pages(THINGS, MaxResults=7) == [[f"thing-{n}" for n in reversed(range(7))]]


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
def test_what_leaves_the_list_while_it_is_paged_hides_nothing(order: str) -> None:
    left, seen, request = list(THINGS), list[str](), {"MaxResults": 2, "SortOrder": order}
    token: str | None = ""
    while token is not None:
        found, token = page(left, **request, **({"NextToken": token} if token else {}))
        seen += found
        left = [thing for thing in left if thing.name not in found]
    assert sorted(seen) == [thing.name for thing in THINGS]


def test_only_what_is_shown_is_summarized() -> None:
    summarized: list[str] = []
    page(THINGS, summarized, NameContains="THING", MaxResults=2)
    assert summarized == ["thing-6", "thing-5"]


def test_every_filter_counts() -> None:
    things = [*THINGS[:2], replace(THINGS[2], status="Failed", modified_at=at(500)), THINGS[3]]
    assert page(things, StatusEquals="Failed")[0] == ["thing-2"]
    assert page(things, NameContains="g-3")[0] == ["thing-3"]
    assert page(things, CreationTimeBefore=at(101))[0] == ["thing-1", "thing-0"]
    assert page(things, LastModifiedTimeAfter=at(200))[0] == ["thing-2"]
    assert page(things, SortBy="LastModifiedTime", MaxResults=1)[0] == ["thing-2"]
    assert page(things, SortBy="Status", SortOrder="Ascending", MaxResults=1)[0] == ["thing-2"]


@pytest.mark.parametrize("member", ["CreationTime", "LastModifiedTime"])
def test_what_is_just_as_old_as_a_bound_is_neither_before_nor_after_it(member: str) -> None:
    things = [Thing("only", at(100))]
    found = {
        (bound, seconds): page(things, **{f"{member}{bound}": at(seconds)})[0] == ["only"]
        for bound in ("Before", "After")
        for seconds in (99, 100, 101)
    }
    assert [key for key, there in found.items() if there] == [("Before", 101), ("After", 99)]


@pytest.mark.parametrize(
    "other",
    [
        {"result": "Others"},
        {"NameContains": "thing-1"},
        {"StatusEquals": "Failed"},
        {"CreationTimeAfter": at(1)},
        {"SortBy": "Name"},
        {"SortOrder": "Ascending"},
    ],
)
def test_a_token_is_for_the_list_that_gave_it_only(other: dict[str, Any]) -> None:
    _, token = page(THINGS, MaxResults=2)
    assert page(THINGS, NextToken=token, MaxResults=3)[0] == ["thing-4", "thing-3", "thing-2"]
    with pytest.raises(ServiceError, match="ValidationException: Invalid NextToken: it is of another list"):
        page(THINGS, NextToken=token, MaxResults=2, **other)


@pytest.mark.parametrize("token", ["x", "bm8=", "WzFd", "WzEsICJhIl0="])
def test_a_token_of_no_page_is_refused(token: str) -> None:
    with pytest.raises(ServiceError, match="Invalid NextToken"):
        page(THINGS, NextToken=token)
