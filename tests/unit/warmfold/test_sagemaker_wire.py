"""Requests on the wire: refused in AWS's words, answered so that boto3 understands."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID

from warmfold.cloud.sagemaker.admission import StopSignal
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.logs import JobLog
from warmfold.cloud.sagemaker.metrics import MetricScraper
from warmfold.cloud.sagemaker.service import Service, build_service
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.sagemaker.validation import compiled_pattern, service_model, validated
from warmfold.cloud.sagemaker.wire import application, is_addressed


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> Iterator[Service]:
    service = build_service(
        Settings(base_dir=tmp_path, account_id=DEFAULT_ACCOUNT_ID, api_rates={"ListTrainingJobs": 2}),
        credentials=lambda _: {},
        log_sink=lambda *_: None,
        event_sink=lambda *_: None,
        clock=clock,
    )
    yield service
    service.shutdown()


def post(service: Service, operation: str, body: Any) -> tuple[str, dict[str, str], dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    environ = {
        "REQUEST_METHOD": "POST",
        "HTTP_X_AMZ_TARGET": f"SageMaker.{operation}",
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": io.BytesIO(data),
    }
    answer: list[Any] = []
    app = application(service, lambda _: None)
    chunks = app(environ, lambda status, headers, *_: answer.extend([status, dict(headers)]) or io.BytesIO().write)
    return answer[0], answer[1], json.loads(b"".join(chunks))


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        (
            "DescribeTrainingJob",
            {"TrainingJobName": "no_underscore"},
            "1 validation error detected: Value 'no_underscore' at 'trainingJobName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        (
            "DescribeTrainingJob",
            {},
            "1 validation error detected: Value null at 'trainingJobName' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "ListTrainingJobs",
            {"MaxResults": 101},
            "at 'maxResults' failed to satisfy constraint: Member must have value",
        ),
        ("ListTrainingJobs", {"SortOrder": "Up"}, "Member must satisfy enum value set: [Ascending, Descending]"),
        ("ListTrainingJobs", {"Sort": "Up"}, "Value 'Up' at 'sort' failed to satisfy constraint: Unknown member"),
        (
            "UpdateTrainingJob",
            {"TrainingJobName": "a", "ResourceConfig": {"KeepAlivePeriodInSeconds": -1}},
            "Value '-1' at 'resourceConfig.keepAlivePeriodInSeconds' failed to satisfy constraint: "
            "Member must have value greater than or equal to 0",
        ),
        ("AddTags", {"ResourceArn": "arn:x", "Tags": [{"Key": "a"}]}, "Value null at 'tags.1.member.value'"),
    ],
)
def test_what_the_model_forbids_is_refused_by_name(operation: str, request_: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError) as caught:
        validated(operation, request_)
    assert caught.value.code == "ValidationException"
    assert message in caught.value.message


def test_a_value_of_the_wrong_type_is_a_serialization_error() -> None:
    with pytest.raises(ServiceError, match="SerializationException: maxResults is '3'; it must be a integer"):
        validated("ListTrainingJobs", {"MaxResults": "3"})


def test_times_on_the_wire_become_datetimes() -> None:
    assert validated("ListTrainingJobs", {"CreationTimeAfter": 0.5}) == {
        "CreationTimeAfter": datetime.fromtimestamp(0.5, UTC)
    }


def test_tags_may_hold_letters_of_any_script() -> None:
    arn = f"arn:aws:sagemaker:us-east-1:{DEFAULT_ACCOUNT_ID}:training-job/a"
    request = {"ResourceArn": arn, "Tags": [{"Key": "warmfold:run", "Value": "Größe 1"}]}
    assert validated("AddTags", request) == request


def test_errors_carry_code_and_message(service: Service) -> None:
    status, headers, body = post(service, "DescribeTrainingJob", {"TrainingJobName": "missing"})
    assert status.startswith("400")
    assert headers["x-amzn-ErrorType"] == "ValidationException"
    assert body == {"__type": "ValidationException", "message": "Requested resource not found."}


def test_an_operation_that_is_not_built_is_named(service: Service) -> None:
    _, _, body = post(service, "CreateNotebookInstance", {})
    assert body["__type"] == "UnsupportedOperation"
    assert "CreateNotebookInstance" in body["message"]


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_a_body_that_is_no_json_object_is_refused(service: Service, body: bytes) -> None:
    assert post(service, "ListTrainingJobs", body)[2]["__type"] == "SerializationException"


def test_a_rate_is_kept_and_refills(service: Service, clock: Clock) -> None:
    codes = [post(service, "ListTrainingJobs", {})[2].get("__type") for _ in range(3)]
    assert codes == [None, None, "ThrottlingException"]
    clock.now += 0.5
    assert post(service, "ListTrainingJobs", {})[2] == {"TrainingJobSummaries": []}


def test_the_last_value_of_a_metric_wins(clock: Clock) -> None:
    scraper = MetricScraper([{"Name": "score", "Regex": "score:([-0-9.e_]+);"}], clock)
    for line in (
        "score:0.1;",
        "nothing",
        "score:0.30000000000000004; score:0.2;",
        "score:--;",
        "score:1_0;",
        "score:9e999;",
    ):
        scraper.feed(line)
    assert scraper.final() == [
        {"MetricName": "score", "Value": 0.2, "Timestamp": datetime.fromtimestamp(clock.now, UTC)}
    ]


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "Infinity", "1e400"])
def test_a_value_that_is_not_finite_is_no_value(clock: Clock, text: str) -> None:
    scraper = MetricScraper([{"Name": "score", "Regex": "score:(.*);"}], clock)
    scraper.feed(f"score:{text};")
    assert scraper.final() == []


SCOPE = "20260101/us-east-1/{}/aws4_request"


@pytest.mark.parametrize(
    ("environ", "there"),
    [
        ({"HTTP_X_AMZ_TARGET": "SageMaker.ListTrainingJobs"}, True),
        ({"HTTP_X_AMZ_TARGET": "DynamoDB_20120810.ListTables"}, False),
        ({"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=key/{SCOPE.format('sagemaker')}, SignedHeaders=a"}, True),
        ({"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=key/{SCOPE.format('s3')}, SignedHeaders=a"}, False),
        ({"QUERY_STRING": f"X-Amz-Credential=key/{SCOPE.format('sagemaker')}".replace("/", "%2F")}, True),
        ({"QUERY_STRING": f"X-Amz-Credential=key/{SCOPE.format('s3')}".replace("/", "%2F")}, False),
        ({"PATH_INFO": "/endpoints/e/invocations"}, True),
        ({"PATH_INFO": "/endpoints/e/invocations-response-stream"}, True),
        ({"PATH_INFO": "/endpoints/e/invocations", "REQUEST_METHOD": "GET"}, False),
        ({"PATH_INFO": "/endpoints/e/else"}, False),
        (
            {
                "PATH_INFO": "/endpoints/e/invocations",  # a key of the bucket `endpoints`
                "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=key/{SCOPE.format('s3')}, SignedHeaders=a",
            },
            False,
        ),
    ],
)
def test_whatever_is_signed_for_sagemaker_is_for_it_and_unsigned_calls_of_its_runtime(
    environ: dict[str, Any], there: bool
) -> None:
    assert is_addressed({"REQUEST_METHOD": "POST", **environ}) is there


def test_output_is_cut_into_lines_and_the_rest_comes_at_the_end(clock: Clock) -> None:
    batches: list[list[str]] = []
    log = JobLog(lambda _group, _stream, lines: batches.append([text for _, text in lines]), "g", "s", clock)
    log.write(b"one\ntw")
    log.write(b"o\nthree")
    log.close()
    assert batches == [["one", "two", "three"]]


def test_a_stop_that_came_first_is_still_heard() -> None:
    heard: list[int] = []
    stop = StopSignal()
    stop.set()
    with stop.calling(lambda: heard.append(1)):
        assert heard == [1]


@pytest.mark.parametrize("shape", ["EntityDescription", "CustomerMetadataValue", "TagValue", "TrainingJobName"])
def test_java_patterns_are_understood(shape: str) -> None:
    pattern = service_model().shape_for(shape).metadata["pattern"]
    assert compiled_pattern(pattern).fullmatch("Wine7")
    assert not compiled_pattern(pattern).fullmatch("\x00")
