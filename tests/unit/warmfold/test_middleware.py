"""A request's way: the cloud's own steps in their order, and steps that others put between them."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID

from warmfold.cloud import middleware
from warmfold.cloud.app import HEALTH, steps_of
from warmfold.cloud.iam.enforcement import Enforcer
from warmfold.cloud.iam.identity import Identities
from warmfold.cloud.middleware import Step

REGION = "us-east-1"


class SageMaker:
    """A service that answers every operation with its name."""

    def call(self, operation: str, _: dict[str, Any], __: object) -> dict[str, Any]:
        return {"Operation": operation}


def moto(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers every request with its path."""
    start_response("200 OK", [])
    return [environ["PATH_INFO"].encode()]


def steps_with(policies: bool = True) -> list[Step]:
    identities = Identities(DEFAULT_ACCOUNT_ID, REGION)
    enforcer = Enforcer(DEFAULT_ACCOUNT_ID, REGION, lambda _: None) if policies else None
    sagemaker: Any = SageMaker()
    return steps_of(REGION, identities, enforcer, sagemaker, moto)


def ask(steps: list[Step], service: str = "s3", key: str = "local", **environ: Any) -> tuple[str, str]:
    """Status and body of the answer to a request that is signed for a service."""
    given: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/bucket/key",
        "HTTP_HOST": "localhost:4566",
        "wsgi.input": io.BytesIO(),
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={key}/20260101/{REGION}/{service}/aws4_request, Signed=x",
    }
    started: list[Any] = []
    start: Any = lambda *arguments: started.append(arguments)  # noqa: E731
    body = b"".join(middleware.application(steps)(given | environ, start))
    return started[0][0], body.decode()


JOBS = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "HTTP_X_AMZ_TARGET": "SageMaker.ListTrainingJobs"}


def names(steps: list[Step]) -> list[str]:
    return [step.__name__ for step in steps]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("policies", "between"),
    [(True, ["know_the_caller", "judge", "hide_missing_objects"]), (False, [])],
)
def test_the_way_is_one_list(policies: bool, between: list[str]) -> None:
    first = ["refuse_cross_site", "answer_health", "read_one_way", "serve_sagemaker"]
    assert names(steps_with(policies)) == [*first, *between, "serve_moto"]


def test_each_step_answers_what_is_its_own() -> None:
    steps = steps_with()
    assert ask(steps, HTTP_HOST="evil.example")[0] == "403 Forbidden"
    assert json.loads(ask(steps, PATH_INFO=HEALTH, HTTP_AUTHORIZATION="")[1])["region"] == REGION
    assert json.loads(ask(steps, "sagemaker", **JOBS)[1]) == {"Operation": "ListTrainingJobs"}
    assert ask(steps, key="ASIAUNKNOWN000000000")[0] == "403 Forbidden"
    assert ask(steps) == ("200 OK", "/bucket/key")


def test_a_counter_and_a_fault_join_as_two_more_steps() -> None:
    counted: Counter[str] = Counter()

    def count(environ: WSGIEnvironment, start_response: StartResponse, rest: WSGIApplication) -> Iterable[bytes]:
        beginning, body = middleware.held(rest, environ)
        counted[beginning[0]] += 1
        start_response(*beginning)
        return body

    def fail_now_and_then(
        environ: WSGIEnvironment, start_response: StartResponse, rest: WSGIApplication
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/bucket/unlucky":
            return rest(environ, start_response)
        start_response("503 Slow Down", [])
        return [b"fault"]

    steps = steps_with()
    steps.insert(0, count)
    steps.insert(names(steps).index("serve_moto"), fail_now_and_then)
    assert ask(steps) == ("200 OK", "/bucket/key")
    assert ask(steps, PATH_INFO="/bucket/unlucky") == ("503 Slow Down", "fault")
    assert ask(steps, PATH_INFO="/bucket/unlucky", HTTP_HOST="evil.example")[0] == "403 Forbidden"
    assert ask(steps, "sagemaker", **JOBS)[0] == "200 OK"
    assert counted == {"200 OK": 2, "503 Slow Down": 1, "403 Forbidden": 1}


def test_a_way_without_a_last_step_says_what_nobody_answers() -> None:
    with pytest.raises(LookupError, match="no step answers GET /bucket/key"):
        ask(steps_with()[:-1])
