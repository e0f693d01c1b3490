"""Every call with a role's credentials is held against that role's policies."""

from __future__ import annotations

import io
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from warmfold.cloud.iam import s3, sagemaker, services
from warmfold.cloud.iam.denial import Denial
from warmfold.cloud.iam.patterns import Context
from warmfold.cloud.iam.policy import Call, decide, statements_of, trusts
from warmfold.cloud.identity import Caller, credential_scope

SWITCH = "WARMFOLD_IAM"
"""Environment variable: `on` (the default), or `off` to let every role do everything."""
RECORD = "WARMFOLD_IAM_RECORD"
"""Environment variable: a file that gets every new verdict as a line of JSON."""


def is_on(environment: Mapping[str, str]) -> bool:
    """Whether policies are enforced; raises ValueError for a switch that says neither."""
    value = environment.get(SWITCH, "on")
    if value not in ("on", "off"):
        raise ValueError(f"{SWITCH} is {value!r}; it must be on or off")
    return value == "on"


@dataclass(frozen=True)
class Role:
    """A role as its calls are judged by: policy documents (JSON text) by name, its boundary's and its trust policy."""

    policies: Mapping[str, str]
    trust: str
    boundary: tuple[str, str] | None = None


@dataclass(frozen=True)
class Verdict:
    """One judged call, for whoever records them; `by` is the policy and the number of the statement that decided."""

    role_arn: str
    action: str
    resource: str
    context: Context
    allowed: bool
    by: tuple[str, int] | None


class Enforcer:
    """Judges calls. Thread-safe; `role` gives a role as it is now (None when there is no such role)."""

    def __init__(
        self,
        account_id: str,
        region: str,
        role: Callable[[str], Role | None],
        record: Callable[[Verdict], None] = lambda _: None,
    ) -> None:
        self._account_id = account_id
        self._region = region
        self._role = role
        self._record = record

    def judge(self, caller: Caller, calls: Iterable[Call]) -> Denial | None:
        """The first refusal among the calls, in their order; the user's own calls are never refused."""
        if caller.role_arn is None:
            return None
        role = self._role(caller.role_arn) or Role({}, "{}")
        for call in calls:
            denial = self._judge_one(caller, caller.role_arn, role, call)
            if denial is not None:
                return denial
        return None

    def _judge_one(self, caller: Caller, role_arn: str, role: Role, call: Call) -> Denial | None:
        whole = Call(call.action, call.resource, {**self._about(role_arn), **call.context})
        policies = [statement for name, text in role.policies.items() for statement in statements_of(name, text)]
        decision = decide(policies, whole)
        kind = "identity-based policy"
        if role.boundary is not None and decision.allowed:
            bounded = decide(statements_of(*role.boundary), whole)
            if not bounded.allowed:
                decision, kind = bounded, "permissions boundary"
        by = (decision.by.policy, decision.by.index) if decision.by else None
        self._record(Verdict(role_arn, call.action, call.resource, whole.context, decision.allowed, by))
        return None if decision.allowed else Denial(self._session(role_arn, caller), call, decision, kind)

    def _about(self, role_arn: str) -> Context:
        return {
            "aws:principalarn": role_arn,
            "aws:principalaccount": self._account_id,
            "aws:principaltype": "AssumedRole",
            "aws:principalisawsservice": "false",
            "aws:requestedregion": self._region,
            "aws:securetransport": "true",  # the endpoint stands for AWS's, which is HTTPS
            "aws:viaawsservice": "false",
        }

    def _session(self, role_arn: str, caller: Caller) -> str:
        return f"arn:aws:sts::{self._account_id}:assumed-role/{role_arn.rpartition('/')[2]}/{caller.session}"

    def sagemaker(self, caller: Caller, operation: str, request: dict[str, Any]) -> tuple[str, str] | None:
        """The error code and message for a request to SageMaker, or None; roles must trust SageMaker, whoever calls."""
        denial = self.judge(caller, sagemaker.calls(operation, request, self._account_id, self._region))
        if denial is not None:
            return "AccessDeniedException", denial.message
        for role_arn in sagemaker.passed_roles(request):
            if not self.is_trusted(role_arn, sagemaker.SERVICE):
                return (
                    "ValidationException",
                    f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
                    f"'{sagemaker.SERVICE}' to assume the role.",
                )
        return None

    def is_trusted(self, role_arn: str, service: str) -> bool:
        """Whether there is such a role, and it lets a service assume it."""
        role = self._role(role_arn)
        return role is not None and trusts(role.trust, service)

    def application(self, inner: WSGIApplication, identify: Callable[[WSGIEnvironment], Caller]) -> WSGIApplication:
        """`inner` (all services but SageMaker) for those whose policies allow what they ask."""

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            caller = identify(environ)
            if caller.role_arn is None:
                return inner(environ, start_response)
            service = credential_scope(environ) or "s3"
            if service == "s3":
                return self._s3(inner, caller, environ, start_response)
            operation = services.operation_of(
                service,
                environ["REQUEST_METHOD"],
                _path(environ),
                environ.get("QUERY_STRING", ""),
                environ.get("HTTP_X_AMZ_TARGET"),
                _body(environ),
            )
            denial = self.judge(caller, services.calls(operation, self._account_id, self._region))
            if denial is not None:
                return _answer(denial, operation.protocol, start_response)
            return inner(environ, start_response)

        return application

    def _s3(
        self, inner: WSGIApplication, caller: Caller, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        request = _s3_request(environ)
        body = _body(environ) if request.method == "POST" and "delete" in request.parameters else b""
        denial = self.judge(caller, s3.calls(request, body))
        if denial is not None:
            return _answer(denial, "s3", start_response)
        if not request.reads_one_object:
            return inner(environ, start_response)
        return self._unless_hidden(inner, caller, request, environ, start_response)

    def _unless_hidden(
        self,
        inner: WSGIApplication,
        caller: Caller,
        request: s3.S3Request,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        """The inner answer; that an object is not there is told only to those who may list the bucket."""
        started: list[Any] = []

        def start(*arguments: Any) -> Callable[[bytes], object]:
            started[:] = arguments
            return lambda _: None

        answer = inner(environ, start)
        if str(started[0]).startswith("404"):
            denial = self.judge(caller, [Call("s3:ListBucket", s3.arn(request.bucket))])
            if denial is not None:
                if hasattr(answer, "close"):
                    answer.close()
                return _answer(denial, "s3", start_response, with_body=request.method != "HEAD")
        start_response(*started)
        return answer


class Recorder:
    """Writes every new verdict to a file, as a line of JSON. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: set[str] = set()

    def __call__(self, verdict: Verdict) -> None:
        """Write a verdict unless the same was written before."""
        line = json.dumps(asdict(verdict), sort_keys=True)
        with self._lock:
            if line not in self._seen:
                self._seen.add(line)
                with self._path.open("a") as file:
                    file.write(line + "\n")


def _s3_request(environ: WSGIEnvironment) -> s3.S3Request:
    bucket, key = s3.located(environ.get("HTTP_HOST", ""), _path(environ))
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith(("HTTP_X_AMZ_", "HTTP_IF_MATCH"))
    }
    return s3.S3Request(environ["REQUEST_METHOD"], bucket, key, environ.get("QUERY_STRING", ""), tuple(headers.items()))


def _path(environ: WSGIEnvironment) -> str:
    return str(environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace")


def _body(environ: WSGIEnvironment) -> bytes:
    """The request's body, which stays there for whoever reads it next."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)


def _answer(denial: Denial, protocol: str, start_response: StartResponse, with_body: bool = True) -> Sequence[bytes]:
    status, headers, body = denial.response(protocol, str(uuid.uuid4()))
    shown = body if with_body else b""
    start_response(status, [*headers, ("Content-Length", str(len(shown)))])
    return [shown]
