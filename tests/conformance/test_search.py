"""Search: training jobs, tuning jobs, model packages and groups by their properties, in order and in pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.requests import BUCKET, channel, pooled, scripted, training, tuning

CHANNELS = [channel("train", f"s3://{BUCKET}/parts/1/"), channel("other", f"s3://{BUCKET}/parts/10/")]


def where(name: str, operator: str | None = None, value: str | None = None) -> dict[str, str]:
    """A filter."""
    given = {"Name": name, "Operator": operator, "Value": value}
    return {key: text for key, text in given.items() if text is not None}


OURS = where("TrainingJobName", "Contains", "sought-")


def found(endpoint: Endpoint, *filters: dict[str, str], **more: Any) -> list[str]:
    """The names of the training jobs of this module that satisfy the filters, in their order."""
    expression = {"Filters": [OURS, *filters]}
    pages = endpoint.sagemaker.get_paginator("search").paginate(
        Resource="TrainingJob", SearchExpression=expression, **more
    )
    return [record["TrainingJob"]["TrainingJobName"] for page in pages for record in page["Results"]]


@pytest.fixture(scope="module")
def sought(endpoint: Endpoint) -> Endpoint:
    """Three jobs: one with a score, a depth of 3 and two channels; one that failed, with a depth of 10; one that
    says nothing, with another tag."""
    endpoint.run(scripted("sought-score", "fit.py", **fit(), InputDataConfig=CHANNELS))
    endpoint.run(training("sought-fails", "exit 1", HyperParameters={"depth": "10"}))
    endpoint.run(training("sought-plain", Tags=[{"Key": "team", "Value": "us"}], **pooled(1)))
    return endpoint


def fit() -> dict[str, Any]:
    code = {"sagemaker_program": "fit.py", "sagemaker_submit_directory": f"s3://{BUCKET}/code/sourcedir.tar.gz"}
    return {"HyperParameters": code | {"depth": "3"}}


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (where("TrainingJobName", "Equals", "sought-plain"), {"plain"}),
        (where("TrainingJobName", None, "sought-plain"), {"plain"}),
        (where("TrainingJobStatus", "NotEquals", "Completed"), {"fails"}),
        (where("TrainingJobName", "In", "sought-plain, sought-fails"), {"plain", "fails"}),
        (where("FailureReason", "Exists"), {"fails"}),
        (where("FailureReason", "NotExists"), {"score", "plain"}),
        (where("FailureReason", "Contains", "exit code: 1"), {"fails"}),
        (where("Tags.team", "Equals", "us"), {"plain"}),
        (where("Tags.own", "Exists"), {"score", "fails"}),
        (where("HyperParameters.depth", "GreaterThan", "3"), {"fails"}),
        (where("HyperParameters.depth", "LessThanOrEqualTo", "10"), {"score", "fails"}),
        (where("Metrics.validation:score", "GreaterThanOrEqualTo", "1"), {"score"}),
        (where("InputDataConfig.ChannelName", "Equals", "other"), {"score"}),
        (where("InputDataConfig.DataSource.S3DataSource.S3Uri", "Contains", "parts/10"), {"score"}),
        (where("ResourceConfig.InstanceCount", "Equals", "1"), {"score", "fails", "plain"}),
        (where("EnableNetworkIsolation", "Equals", "false"), {"score", "fails", "plain"}),
        (where("CreationTime", "GreaterThan", "2020-01-01T00:00:00"), {"score", "fails", "plain"}),
        (where("CreationTime", "LessThan", "2020-01-01T00:00:00Z"), set()),
    ],
)
def test_resources_are_found_by_their_properties(sought: Endpoint, asked: dict[str, str], names: set[str]) -> None:
    assert {name.removeprefix("sought-") for name in found(sought, asked)} == names


def test_expressions_are_joined_by_and_or_or(sought: Endpoint) -> None:
    either = {"Filters": [where("Tags.team", "Exists"), where("FailureReason", "Exists")], "Operator": "Or"}
    both = {"Filters": [OURS, where("TrainingJobStatus", "Equals", "Failed")], "SubExpressions": [either]}
    answer = sought.sagemaker.search(Resource="TrainingJob", SearchExpression=both)
    assert [record["TrainingJob"]["TrainingJobName"] for record in answer["Results"]] == ["sought-fails"]
    assert answer["TotalHits"] == {"Value": 1, "Relation": "EqualTo"}


def test_the_filters_of_a_nested_one_are_about_the_same_object(sought: Endpoint) -> None:
    uri = "InputDataConfig.DataSource.S3DataSource.S3Uri"
    for channel_name, hits in (("other", 1), ("train", 0)):
        filters = [where("InputDataConfig.ChannelName", "Equals", channel_name), where(uri, "Contains", "parts/10")]
        nested = {"NestedPropertyName": "InputDataConfig", "Filters": filters}
        expression = {"Filters": [OURS], "NestedFilters": [nested]}
        answer = sought.sagemaker.search(Resource="TrainingJob", SearchExpression=expression)
        assert len(answer["Results"]) == hits, channel_name


def test_results_are_sorted_and_come_in_pages(sought: Endpoint) -> None:
    newest = ["sought-plain", "sought-fails", "sought-score"]
    one_a_page = {"PaginationConfig": {"PageSize": 1}}
    assert found(sought, **one_a_page) == newest, "by their modification, unless asked otherwise"
    assert found(sought, SortBy="CreationTime", SortOrder="Ascending", **one_a_page) == newest[::-1]
    assert found(sought, SortBy="TrainingJobName", SortOrder="Ascending") == sorted(newest)
    assert found(sought, SortBy="FailureReason", **one_a_page)[0] == "sought-fails", "what has none comes last"
    first = sought.sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": [OURS]}, MaxResults=1)
    assert first["TotalHits"]["Value"] == 3


def test_a_result_says_what_describe_says_and_the_tags(sought: Endpoint) -> None:
    expression = {"Filters": [where("TrainingJobName", "Equals", "sought-plain")]}
    (record,) = sought.sagemaker.search(Resource="TrainingJob", SearchExpression=expression)["Results"]
    job, described = record["TrainingJob"], sought.describe("training", "sought-plain")
    assert job["Tags"] == [{"Key": "team", "Value": "us"}]
    members = {"TrainingJobArn", "TrainingJobStatus", "CreationTime", "ResourceConfig", "OutputDataConfig"}
    assert {name: job[name] for name in members} == {name: described[name] for name in members}


def test_tuning_jobs_and_the_registry_are_searched_too(endpoint: Endpoint) -> None:
    endpoint.run(tuning("sought-tuning", total=1))
    endpoint.sagemaker.create_model_package_group(ModelPackageGroupName="sought-group")
    endpoint.sagemaker.create_model_package(ModelPackageGroupName="sought-group", ModelApprovalStatus="Approved")
    for kind, item in (
        ("HyperParameterTuningJob", where("HyperParameterTuningJobName", "Equals", "sought-tuning")),
        ("ModelPackageGroup", where("ModelPackageGroupName", "Equals", "sought-group")),
        ("ModelPackage", where("ModelApprovalStatus", "Equals", "Approved")),
    ):
        filters = [
            item,
            *([where("ModelPackageGroupName", "Equals", "sought-group")] if kind == "ModelPackage" else []),
        ]
        answer = endpoint.sagemaker.search(Resource=kind, SearchExpression={"Filters": filters})
        assert [list(record) for record in answer["Results"]] == [[kind]]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"Resource": "Pipeline"}, "Resource must be one of TrainingJob, HyperParameterTuningJob"),
        ({"SearchExpression": {"Operator": "And"}}, "must have at least one filter"),
        ({"SearchExpression": {"Filters": [where("Name", "Exists")]}}, "Unknown property name: Name is no property"),
        ({"SearchExpression": {"Filters": [where("TrainingJobName", "Equals")]}}, "has no Value, which Equals needs"),
        (
            {"SearchExpression": {"Filters": [OURS, where("TrainingJobName", "LessThan", "a")]}},
            "not supported for text",
        ),
        ({"SearchExpression": {"Filters": [OURS, where("CreationTime", "Equals", "now")]}}, "must have the form YYYY-"),
        (
            {"SearchExpression": {"Filters": [OURS, where("ResourceConfig.InstanceCount", "Equals", "one")]}},
            "'one' must be a number",
        ),
        ({"SortBy": "ResourceConfig"}, "SortBy must be a property with one value, and ResourceConfig is a structure."),
        ({"CrossAccountFilterOption": "CrossAccount"}, "CrossAccountFilterOption must be SameAccount"),
    ],
)
def test_what_cannot_be_searched_is_refused(sought: Endpoint, request_: dict[str, Any], message: str) -> None:
    code, said = refusal(sought.sagemaker.search, **{"Resource": "TrainingJob", **request_})
    assert code == "ValidationException"
    assert message in said
