"""Lists: pages, filters, order, of every kind of thing that can be listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.requests import model, processing, specification, training, transform, tuning

HOUR = timedelta(hours=1)


class Listed(NamedTuple):
    """One List operation: its name, what its answer is called, and the names of its members."""

    operation: str
    result: str
    name: str
    status: str | None = None


KINDS = {
    "training": Listed("list_training_jobs", "TrainingJobSummaries", "TrainingJobName", "TrainingJobStatus"),
    "processing": Listed("list_processing_jobs", "ProcessingJobSummaries", "ProcessingJobName", "ProcessingJobStatus"),
    "transform": Listed("list_transform_jobs", "TransformJobSummaries", "TransformJobName", "TransformJobStatus"),
    "tuning": Listed(
        "list_hyper_parameter_tuning_jobs",
        "HyperParameterTuningJobSummaries",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobStatus",
    ),
    "model": Listed("list_models", "Models", "ModelName"),
    "group": Listed("list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName"),
    "package": Listed("list_model_packages", "ModelPackageSummaryList", "ModelPackageName"),
}
JOBS = [kind for kind, listed in KINDS.items() if listed.status]
EVERY = pytest.mark.parametrize("kind", KINDS)
ORDER = ("b", "c", "a")
"""In which order the three of each kind are made; the second fails, where it can."""


@pytest.fixture(scope="module")
def listed(endpoint: Endpoint) -> Endpoint:
    """The endpoint with three of each kind, list-<kind>-a, -b and -c."""
    client = endpoint.sagemaker
    for letter in ORDER:
        name, fails = "list-{}-" + letter, letter == "c"
        script = "exit 1" if fails else "true"
        endpoint.run(training(name.format("training"), script))
        endpoint.run(processing(name.format("processing"), script))
        endpoint.run(tuning(name.format("tuning"), "fail.py" if fails else "score.py", total=1, parallel=1))
        client.create_model(**model(name.format("model"), "inference.py"))
        client.create_model_package_group(ModelPackageGroupName=name.format("group"))
        client.create_model_package(ModelPackageName=name.format("package"), InferenceSpecification=specification())
        endpoint.put(f"in/{name.format('transform')}/a.csv", b"x\nno number\n" if fails else b"x\n1\n")
        endpoint.run(transform(name.format("transform"), name.format("model")))
    return endpoint


def answer(endpoint: Endpoint, kind: str, **request: Any) -> dict[str, Any]:
    given = {"NameContains": f"list-{kind}-"} | request
    return dict(getattr(endpoint.sagemaker, KINDS[kind].operation)(**given))


def letters(endpoint: Endpoint, kind: str, **request: Any) -> str:
    """The last letters of what a List operation answers, in its order."""
    items = answer(endpoint, kind, **request)[KINDS[kind].result]
    return "".join(item[KINDS[kind].name][-1] for item in items)


@EVERY
def test_pages_follow_one_another_without_a_gap_or_a_double(listed: Endpoint, kind: str) -> None:
    paginator = listed.sagemaker.get_paginator(KINDS[kind].operation)
    pages = paginator.paginate(
        NameContains=f"list-{kind}-", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    found = [[item[KINDS[kind].name][-1] for item in page[KINDS[kind].result]] for page in pages]
    assert found == [["a", "b"], ["c"]]


@EVERY
def test_a_page_that_holds_the_rest_has_no_token(listed: Endpoint, kind: str) -> None:
    assert "NextToken" not in answer(listed, kind, MaxResults=3)
    assert answer(listed, kind, MaxResults=2)["NextToken"]


@EVERY
def test_a_token_that_nobody_gave_is_refused(listed: Endpoint, kind: str) -> None:
    call = getattr(listed.sagemaker, KINDS[kind].operation)
    assert refusal(call, NextToken="bm9uc2Vuc2U=") == ("ValidationException", "Invalid NextToken")


@EVERY
def test_things_are_sorted_by_name_and_by_creation_both_ways(listed: Endpoint, kind: str) -> None:
    made = "".join(ORDER)
    assert letters(listed, kind, SortBy="Name", SortOrder="Ascending") == "abc"
    assert letters(listed, kind, SortBy="Name", SortOrder="Descending") == "cba"
    assert letters(listed, kind, SortBy="CreationTime", SortOrder="Ascending") == made
    assert letters(listed, kind, SortBy="CreationTime", SortOrder="Descending") == made[::-1]


@EVERY
def test_the_newest_come_first_unless_asked_otherwise(listed: Endpoint, kind: str) -> None:
    assert letters(listed, kind) == "".join(ORDER)[::-1]


@EVERY
def test_names_are_searched_without_regard_to_case(listed: Endpoint, kind: str) -> None:
    assert letters(listed, kind, NameContains=f"LIST-{kind.upper()}-B") == "b"
    assert letters(listed, kind, NameContains=f"list-{kind}-z") == ""


@EVERY
def test_creation_times_bound_a_list(listed: Endpoint, kind: str) -> None:
    now = datetime.now(UTC)
    assert len(letters(listed, kind, CreationTimeAfter=now - HOUR, CreationTimeBefore=now + HOUR)) == 3
    assert letters(listed, kind, CreationTimeAfter=now + HOUR) == ""
    assert letters(listed, kind, CreationTimeBefore=now - HOUR) == ""


@pytest.mark.parametrize("kind", JOBS)
def test_modification_times_bound_a_list_of_jobs(listed: Endpoint, kind: str) -> None:
    now = datetime.now(UTC)
    assert len(letters(listed, kind, LastModifiedTimeAfter=now - HOUR, LastModifiedTimeBefore=now + HOUR)) == 3
    assert letters(listed, kind, LastModifiedTimeAfter=now + HOUR) == ""
    assert letters(listed, kind, LastModifiedTimeBefore=now - HOUR) == ""


@pytest.mark.parametrize("kind", JOBS)
def test_jobs_are_found_and_sorted_by_their_status(listed: Endpoint, kind: str) -> None:
    assert sorted(letters(listed, kind, StatusEquals="Completed")) == ["a", "b"]
    assert letters(listed, kind, StatusEquals="Failed") == "c"
    assert letters(listed, kind, StatusEquals="Stopped") == ""
    assert letters(listed, kind, SortBy="Status", SortOrder="Descending")[0] == "c"
    assert letters(listed, kind, SortBy="Status", SortOrder="Ascending")[-1] == "c"


@pytest.mark.parametrize("kind", JOBS)
def test_a_summary_tells_name_arn_status_and_times(listed: Endpoint, kind: str) -> None:
    (item,) = answer(listed, kind, StatusEquals="Failed")[KINDS[kind].result]
    described = listed.describe(kind, item[KINDS[kind].name])
    for member in (KINDS[kind].name, KINDS[kind].name.replace("Name", "Arn"), KINDS[kind].status, "CreationTime"):
        assert item[str(member)] == described[str(member)]
    assert item["CreationTime"] <= item["LastModifiedTime"]
    if kind in ("processing", "transform"):
        assert item["FailureReason"] == described["FailureReason"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"MaxResults": 101}, "Member must have value less than or equal to 100"),
        ({"SortBy": "Size"}, "Member must satisfy enum value set: [Name, CreationTime, Status]"),
        ({"SortOrder": "Up"}, "Member must satisfy enum value set: [Ascending, Descending]"),
        ({"StatusEquals": "Done"}, "Member must satisfy enum value set: [InProgress, Completed, Failed"),
        ({"NameContains": "under_score"}, "Member must satisfy regular expression pattern"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(endpoint: Endpoint, request_: dict[str, Any], message: str) -> None:
    code, said = refusal(endpoint.unchecked.list_training_jobs, **request_)
    assert code == "ValidationException"
    assert message in said


OF_ANOTHER = ("ValidationException", "Invalid NextToken: it is of another list, or of other filters or another order")


@pytest.mark.parametrize(
    "other",
    [
        {"SortBy": "Name"},
        {"SortOrder": "Ascending"},
        {"StatusEquals": "Failed"},
        {"NameContains": "list-"},
        {"WarmPoolStatusEquals": "Available"},
    ],
)
def test_a_token_of_a_list_with_other_filters_or_another_order_is_refused(
    listed: Endpoint, other: dict[str, Any]
) -> None:
    asked = {"NameContains": "list-training-", "SortBy": "CreationTime"}
    token = listed.sagemaker.list_training_jobs(**asked, MaxResults=1)["NextToken"]
    assert refusal(listed.sagemaker.list_training_jobs, **asked | other, NextToken=token) == OF_ANOTHER
    rest = listed.sagemaker.list_training_jobs(**asked, NextToken=token)
    assert len(rest["TrainingJobSummaries"]) == 2, "the page may have another size"


def test_a_token_of_another_operation_is_refused(listed: Endpoint) -> None:
    token = listed.sagemaker.list_training_jobs(NameContains="list-", MaxResults=1)["NextToken"]
    for kind in KINDS.keys() - {"training"}:
        call = getattr(listed.sagemaker, KINDS[kind].operation)
        assert refusal(call, NameContains="list-", NextToken=token) == OF_ANOTHER, kind
    candidates = listed.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job
    assert refusal(candidates, HyperParameterTuningJobName="list-tuning-a", NextToken=token) == OF_ANOTHER


def test_a_list_has_ten_things_where_nobody_says_how_many(endpoint: Endpoint) -> None:
    for number in range(11):
        endpoint.sagemaker.create_model_package_group(ModelPackageGroupName=f"eleven-{number}")
    page = endpoint.sagemaker.list_model_package_groups(NameContains="eleven-")
    assert len(page["ModelPackageGroupSummaryList"]) == 10
    assert page["NextToken"]


def test_what_began_while_pages_were_read_disturbs_no_page(endpoint: Endpoint) -> None:
    client = endpoint.sagemaker
    for number in range(3):
        client.create_model_package_group(ModelPackageGroupName=f"growing-{number}")
    first = client.list_model_package_groups(NameContains="growing-", MaxResults=2)
    client.create_model_package_group(ModelPackageGroupName="growing-new")
    rest = client.list_model_package_groups(NameContains="growing-", MaxResults=2, NextToken=first["NextToken"])
    names = [item["ModelPackageGroupName"] for page in (first, rest) for item in page["ModelPackageGroupSummaryList"]]
    assert names == ["growing-2", "growing-1", "growing-0"]
