"""IAM's steps in front of a service, as the tests of both ask them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

from warmfold.cloud import middleware
from warmfold.cloud.app import serve_moto
from warmfold.cloud.iam.denial import Refusal
from warmfold.cloud.iam.enforcement import Enforcer, Role
from warmfold.cloud.iam.identity import AuthenticationError, Caller
from warmfold.cloud.iam.steps import iam_steps

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/path/fold"
WHO = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/fold/session"
TRUST = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "x"}}]})


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]})


class Inner:
    """The service behind the gate: notes what reaches it."""

    def __init__(self, status: str = "200 OK") -> None:
        self.status = status
        self.bodies: list[bytes] = []

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.bodies.append(environ["wsgi.input"].read())
        start_response(self.status, [("X-Inner", "yes")])
        return [b"inner"]


def enforcer(**policies: str) -> Enforcer:
    return Enforcer(ACCOUNT, "us-east-1", lambda arn: Role(policies, TRUST) if arn == ROLE else None)


def request(
    gate: Enforcer, service: str, method: str, path: str, *, inner: Any = None, role: str | None = ROLE, **more: Any
) -> tuple[str, dict[str, str], bytes]:
    body, region = more.pop("body", b""), more.pop("region", None)
    identify = more.pop("identify", lambda _: Caller("KEY", role, "session", region))
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": more.pop("query", ""),
        "HTTP_HOST": "localhost:4566",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/{service}/aws4_request, Signed=x",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **more,
    }
    started: list[Any] = []
    start: Any = lambda *arguments: started.append(arguments)  # noqa: E731
    application = middleware.application([*iam_steps(gate, identify), serve_moto(inner or Inner())])
    answer = b"".join(application(environ, start))
    ((status, headers),) = started
    return status, dict(headers), answer


def nobody(refusal: Refusal) -> Any:
    def identify(_: Any) -> Caller:
        raise AuthenticationError(refusal)

    return identify
