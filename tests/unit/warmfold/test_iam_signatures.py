"""Who has signed a request, and what is answered to one that is nobody's."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import pytest

from tests.unit.warmfold.iam_requests import Inner, enforcer, nobody, policy, request
from warmfold.cloud import middleware
from warmfold.cloud.app import serve_moto
from warmfold.cloud.iam import services
from warmfold.cloud.iam.denial import EXPIRED, UNKNOWN_KEY, UNSIGNED, WRONG_TOKEN, Refusal
from warmfold.cloud.iam.identity import Caller, Signature, form_of, signature
from warmfold.cloud.iam.steps import iam_steps


@pytest.mark.parametrize(
    ("environ", "signed"),
    [
        (
            {
                "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=K/20260101/eu-west-1/SNS/aws4_request, x",
                "HTTP_X_AMZ_SECURITY_TOKEN": "t",
            },
            Signature("K", "eu-west-1", "sns", "t"),
        ),
        (
            {"QUERY_STRING": "X-Amz-Credential=K%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Security-Token=t"},
            Signature("K", "us-east-1", "s3", "t"),
        ),
        (
            {"QUERY_STRING": "AWSAccessKeyId=K&Signature=s&Expires=1&x-amz-security-token=t"},
            Signature("K", None, None, "t"),
        ),
        ({"HTTP_AUTHORIZATION": "AWS K:signature"}, Signature("K")),
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Signed=x, Credential=K/20260101/us-east-1/sts/aws4_request"}, None),
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=K/20260101//sts/aws4_request"}, None),
        ({"HTTP_AUTHORIZATION": "Bearer K"}, None),
        ({}, None),
    ],
)
def test_every_form_of_signature_tells_its_caller(environ: dict[str, str], signed: Signature | None) -> None:
    assert signature(environ) == (signed or Signature(None))


def field(name: str, value: str) -> str:
    return f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


FORM = "".join(
    [
        field("key", "runs/a"),
        field("x-amz-credential", "K/20260101/us-east-1/s3/aws4_request"),
        field('file"; filename="f', "own"),
        "--B--",
    ]
).encode()


def test_a_browser_s_form_has_its_signer_s_rights() -> None:
    form = {"CONTENT_TYPE": "multipart/form-data; boundary=B", "HTTP_AUTHORIZATION": "", "body": FORM}
    environ = {**form, "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(FORM)), "wsgi.input": io.BytesIO(FORM)}
    assert signature(environ) == Signature("K", "us-east-1", "s3")
    inner = Inner()
    gate = enforcer(p=policy({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/runs/*"}))
    assert request(gate, "s3", "POST", "/b", inner=inner, **form)[0] == "200 OK"
    assert inner.bodies == [FORM]
    other = enforcer(p=policy({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/other"}))
    assert request(other, "s3", "POST", "/b", **form)[0] == "403 Forbidden"


def test_a_form_s_fields_after_its_file_are_none_and_leave_it_without_a_key() -> None:
    body = FORM.removesuffix(b"--B--") + (field("x-amz-security-token", "late") + "--B--").encode()
    form = {"CONTENT_TYPE": "multipart/form-data; boundary=B", "REQUEST_METHOD": "POST"}
    environ = {**form, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    assert signature(environ) == Signature("K", "us-east-1", "s3")
    found = form_of(environ)
    assert found is not None
    assert found.key == ""


JSON = {"HTTP_X_AMZ_TARGET": "AWSStepFunctions.ListStateMachines"}
QUERY = {"body": b"Action=ListTopics"}
FUNCTION = "/2015-03-31/functions/f/invocations"


@pytest.mark.parametrize(
    ("refusal", "service", "path", "more", "status", "code"),
    [
        (UNSIGNED, "", "/b/k", {}, "403 Forbidden", "AccessDenied"),
        (UNSIGNED, "", "/", QUERY, "403 Forbidden", "MissingAuthenticationToken"),
        (UNSIGNED, "", "/", JSON, "400 Bad Request", "MissingAuthenticationTokenException"),
        (UNSIGNED, "", FUNCTION, {}, "403 Forbidden", "MissingAuthenticationTokenException"),
        (UNKNOWN_KEY, "s3", "/b/k", {}, "403 Forbidden", "InvalidAccessKeyId"),
        (UNKNOWN_KEY, "sns", "/", QUERY, "403 Forbidden", "InvalidClientTokenId"),
        (UNKNOWN_KEY, "states", "/", JSON, "400 Bad Request", "UnrecognizedClientException"),
        (WRONG_TOKEN, "s3", "/b/k", {}, "400 Bad Request", "InvalidToken"),
        (EXPIRED, "s3", "/b/k", {}, "400 Bad Request", "ExpiredToken"),
        (EXPIRED, "sns", "/", QUERY, "403 Forbidden", "ExpiredToken"),
        (EXPIRED, "states", "/", JSON, "400 Bad Request", "ExpiredTokenException"),
    ],
)
def test_a_request_of_nobody_is_refused_in_its_service_s_form(
    refusal: Refusal, service: str, path: str, more: dict[str, Any], status: str, code: str
) -> None:
    inner, unsigned = Inner(), {} if service else {"HTTP_AUTHORIZATION": ""}
    answer = request(enforcer(), service, "POST", path, inner=inner, identify=nobody(refusal), **more, **unsigned)
    assert answer[0] == status
    assert code in (answer[1].get("x-amzn-ErrorType"), answer[2].partition(b"<Code>")[2].partition(b"<")[0].decode())
    assert inner.bodies == []


def test_options_are_judged_as_any_request() -> None:
    answer = request(enforcer(), "", "OPTIONS", "/b/k", identify=nobody(UNSIGNED), HTTP_AUTHORIZATION="")
    assert answer[0] == "403 Forbidden"


def test_a_presigned_call_reaches_the_service_and_the_region_that_it_is_signed_for() -> None:
    seen: list[str] = []

    def inner(environ: Any, start_response: Any) -> Iterable[bytes]:
        seen.append(environ["HTTP_AUTHORIZATION"])
        start_response("200 OK", [])
        return []

    query = "Action=GetCallerIdentity&X-Amz-Credential=K%2F20260101%2Feu-west-1%2Fsts%2Faws4_request"
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": query, "wsgi.input": io.BytesIO()}
    start: Any = lambda *_: None  # noqa: E731
    steps = iam_steps(enforcer(), lambda _: Caller("K", None))
    list(middleware.application([*steps, serve_moto(inner)])(environ, start))
    assert signature({"HTTP_AUTHORIZATION": seen[0]}) == Signature("K", "eu-west-1", "sts")


@pytest.mark.parametrize(
    "name", ["monitoring", "states", "lambda", "events", "sqs", "application-autoscaling", "email"]
)
def test_a_service_is_known_by_the_name_that_its_requests_are_signed_for(name: str) -> None:
    assert services.is_known(name)


@pytest.mark.parametrize("name", ["queue", "eventbridge", "s3-outposts", "cloudwatch", "stepfunctions", "iam-x", "own"])
def test_a_service_is_not_known_by_another_name(name: str) -> None:
    assert not services.is_known(name)
    gate = enforcer(p=policy({"Action": "*"}))
    assert request(gate, name, "POST", "/", body=b"Action=Any")[0] == "400 Bad Request"
