"""Every request must be somebody's, and every call of a role is held against its policies."""

from __future__ import annotations

import io
import json
import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from warmfold.cloud.iam import s3, sagemaker, services, trust
from warmfold.cloud.iam.denial import Denial, Refusal, access_denied
from warmfold.cloud.iam.patterns import Context
from warmfold.cloud.iam.policy import Call, decide, statements_of
from warmfold.cloud.identity import AuthenticationError, Caller, form_fields, signature

SWITCH = "WARMFOLD_IAM"
"""Environment variable: `on` (the default), or `off` to let every role do everything."""
RECORD = "WARMFOLD_IAM_RECORD"
"""Environment variable: a file that gets every new verdict as a line of JSON."""
ASSUME_ROLE = "sts:AssumeRole"
FOR_LONG_TERM_KEYS = ("GetSessionToken", "GetFederationToken")
"""STS's operations that AWS answers to no session."""
WITH_FOREIGN_IDENTITY = ("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML")
"""STS's operations that believe another identity provider, which the local cloud can't ask; nobody signs them."""


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
    """Judges calls. Thread-safe; `role` gives a role as it is now (None when there is no such role).

    `user_arn` tells whose an access key is that is no role's.
    """

    def __init__(
        self,
        account_id: str,
        region: str,
        role: Callable[[str], Role | None],
        record: Callable[[Verdict], None] = lambda _: None,
        user_arn: Callable[[str | None], str] | None = None,
    ) -> None:
        self._account_id = account_id
        self._region = region
        self._role = role
        self._record = record
        self._user_arn = user_arn or (lambda _: f"arn:aws:iam::{account_id}:user/local")

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
        whole = Call(call.action, call.resource, {**self._about(caller), **call.context})
        policies = [statement for name, text in role.policies.items() for statement in statements_of(name, text)]
        decision = decide(policies, whole)
        kind = "identity-based policy"
        if role.boundary is not None and decision.allowed:
            bounded = decide(statements_of(*role.boundary), whole)
            if not bounded.allowed:
                decision, kind = bounded, "permissions boundary"
        by = (decision.by.policy, decision.by.index) if decision.by else None
        self._record(Verdict(role_arn, call.action, call.resource, whole.context, decision.allowed, by))
        return None if decision.allowed else Denial(self._arn(caller), call, decision, kind)

    def _about(self, caller: Caller) -> Context:
        return {
            "aws:principalarn": caller.role_arn or self._arn(caller),
            "aws:principalaccount": self._account_id,
            "aws:principaltype": "AssumedRole" if caller.role_arn else "User",
            "aws:principalisawsservice": "false",
            "aws:requestedregion": caller.region or self._region,
            "aws:securetransport": "true",  # the endpoint stands for AWS's, which is HTTPS
            "aws:viaawsservice": "false",
        }

    def _arn(self, caller: Caller) -> str:
        if caller.role_arn is None:
            return self._user_arn(caller.access_key)
        name = caller.role_arn.rpartition("/")[2]
        return f"arn:aws:sts::{self._account_id}:assumed-role/{name}/{caller.session}"

    def sagemaker(self, caller: Caller, operation: str, request: dict[str, Any]) -> tuple[str, str] | None:
        """The error code and message for a request to SageMaker, or None; roles must trust SageMaker, whoever calls."""
        region = caller.region or self._region
        denial = self.judge(caller, sagemaker.calls(operation, request, self._account_id, region))
        if denial is not None:
            return "AccessDeniedException", denial.message
        for role_arn in sagemaker.passed_roles(operation, request):
            if not self.is_trusted(role_arn, sagemaker.SERVICE):
                return (
                    "ValidationException",
                    f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
                    f"'{sagemaker.SERVICE}' to assume the role.",
                )
        return None

    def is_trusted(self, role_arn: str, service: str) -> bool:
        """Whether there is such a role, and it lets a service such as `states.amazonaws.com` assume it."""
        role = self._role(role_arn)
        names = {service, f"{service.partition('.')[0]}.{self._region}.amazonaws.com"}
        context = {"aws:sourceaccount": self._account_id, "aws:principalisawsservice": "true"}
        return role is not None and trust.trusts(role.trust, trust.SERVICE, names, context)

    def assume_role(self, caller: Caller, role_arn: str) -> Refusal | None:
        """Why a caller may not assume a role, or None: the role is there, trusts it, and its own policies allow it.

        A role that is trusted by its own name, not with its whole account, needs no policy that allows it.
        """
        own = {self._arn(caller)} | ({caller.role_arn} if caller.role_arn else set())
        account = {self._account_id, f"arn:aws:iam::{self._account_id}:root"}
        denial = self.judge(caller, [Call(ASSUME_ROLE, role_arn)])
        if denial is not None:
            explicit = denial.decision.by is not None or denial.policy_type == "permissions boundary"
            if explicit or not self._trusts(caller, role_arn, own):
                return denial.refusal
        if not self._trusts(caller, role_arn, own | account):
            return access_denied(
                f"User: {self._arn(caller)} is not authorized to perform: {ASSUME_ROLE} on resource: {role_arn}"
            )
        return None

    def _trusts(self, caller: Caller, role_arn: str, names: Collection[str]) -> bool:
        role = self._role(role_arn)
        return role is not None and trust.trusts(role.trust, trust.AWS, names, self._about(caller))

    def application(self, inner: WSGIApplication, identify: Callable[[WSGIEnvironment], Caller]) -> WSGIApplication:
        """`inner` (all services but SageMaker) for those whose policies allow what they ask.

        `identify` raises AuthenticationError for a request that is nobody's.
        """

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] == "OPTIONS":  # a browser asks whether it may, and signs nothing
                return inner(environ, start_response)
            service = signature(environ).service or "s3"
            try:
                caller = identify(environ)
            except AuthenticationError as error:
                return _turn_away(error.refusal, environ, start_response)
            if service != "s3":
                _as_header(environ)
            if caller.role_arn is None and service != "sts":
                return inner(environ, start_response)
            if service == "s3":
                return self._s3(inner, caller, environ, start_response)
            operation = _operation(service, environ, _body(environ))
            if operation.protocol == services.CONTRADICTION:
                refusal: Refusal | None = access_denied("The request names more than one operation.", service)
            else:
                refusal = self._sts(caller, operation) if service == "sts" else self._refusal(caller, operation)
            if refusal is not None:
                return _answer(refusal, operation.protocol, environ, start_response)
            return inner(environ, start_response)

        return application

    def _refusal(self, caller: Caller, operation: services.Operation) -> Refusal | None:
        denial = self.judge(caller, services.calls(operation, self._account_id, caller.region or self._region))
        return denial.refusal if denial is not None else None

    def _sts(self, caller: Caller, operation: services.Operation) -> Refusal | None:
        if operation.name in WITH_FOREIGN_IDENTITY:
            return _foreign(operation)
        if operation.name in FOR_LONG_TERM_KEYS and caller.role_arn is not None:
            return access_denied(f"Cannot call {operation.name} with session credentials")
        if operation.action == ASSUME_ROLE and operation.members.get("RoleArn"):
            return self.assume_role(caller, str(operation.members["RoleArn"]))
        return self._refusal(caller, operation)

    def _s3(
        self, inner: WSGIApplication, caller: Caller, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        request = _s3_request(environ)
        body = _body(environ) if request.method == "POST" and "delete" in request.parameters else b""
        denial = self.judge(caller, s3.calls(request, body))
        if denial is not None:
            return _answer(denial.refusal, "s3", environ, start_response)
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
                return _answer(denial.refusal, "s3", environ, start_response)
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
    form = form_fields(environ)
    if form and not key:
        return s3.S3Request("PUT", bucket, form.get("key", ""), "", tuple(headers.items()))
    return s3.S3Request(environ["REQUEST_METHOD"], bucket, key, environ.get("QUERY_STRING", ""), tuple(headers.items()))


def _operation(service: str, environ: WSGIEnvironment, body: bytes) -> services.Operation:
    query, target = environ.get("QUERY_STRING", ""), environ.get("HTTP_X_AMZ_TARGET")
    return services.operation_of(service, environ["REQUEST_METHOD"], _path(environ), query, target, body)


def _as_header(environ: WSGIEnvironment) -> None:
    """moto tells service and region by the header alone, which a presigned request lacks."""
    signed = signature(environ)
    scope = f"{signed.access_key}/20260101/{signed.region}/{signed.service}/aws4_request"
    environ.setdefault("HTTP_AUTHORIZATION", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0")


def _turn_away(refusal: Refusal, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Refuse a request that is nobody's, in the form of the service that it seems to be for."""
    service = signature(environ).service
    body = _body(environ) if environ["REQUEST_METHOD"] == "POST" else b""
    # of the services with paths, Lambda alone is told by them
    operation = _operation(service or "lambda", environ, body)
    if operation.name in WITH_FOREIGN_IDENTITY:
        refusal = _foreign(operation)
    is_s3 = service == "s3" or not (service or operation.name)
    return _answer(refusal, "s3" if is_s3 else operation.protocol, environ, start_response)


def _foreign(operation: services.Operation) -> Refusal:
    return access_denied(f"Not authorized to perform sts:{operation.name}")


def _path(environ: WSGIEnvironment) -> str:
    return str(environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace")


def _body(environ: WSGIEnvironment) -> bytes:
    """The request's body, which stays there for whoever reads it next."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)


def _answer(
    refusal: Refusal, protocol: str, environ: WSGIEnvironment, start_response: StartResponse
) -> Sequence[bytes]:
    status, headers, body = refusal.response(protocol, str(uuid.uuid4()))
    shown = b"" if environ["REQUEST_METHOD"] == "HEAD" else body
    start_response(status, [*headers, ("Content-Length", str(len(shown)))])
    return [shown]
