"""IAM's steps of a request's way: authentication (whose it is), authorization (its caller's policies allow it)."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterable, Sequence
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from warmfold.cloud.iam import s3, services
from warmfold.cloud.iam.denial import MALFORMED_XML, Refusal, access_denied
from warmfold.cloud.iam.enforcement import WITH_FOREIGN_IDENTITY, Enforcer, foreign_identity
from warmfold.cloud.iam.identity import AuthenticationError, Caller, form_of, signature
from warmfold.cloud.iam.policy import Call
from warmfold.cloud.middleware import Step, held

CALLER = "warmfold.caller"
"""Key of a request's environ: its Caller, once it is known."""


def iam_steps(enforcer: Enforcer, identify: Callable[[WSGIEnvironment], Caller]) -> list[Step]:
    """The steps before all services but SageMaker, which asks for itself.

    `identify` raises AuthenticationError for a request that is nobody's.
    """

    def know_the_caller(
        environ: WSGIEnvironment, start_response: StartResponse, rest: WSGIApplication
    ) -> Iterable[bytes]:
        try:
            environ[CALLER] = identify(environ)
        except AuthenticationError as error:
            return _turn_away(error.refusal, environ, start_response)
        return rest(environ, start_response)

    def judge(environ: WSGIEnvironment, start_response: StartResponse, rest: WSGIApplication) -> Iterable[bytes]:
        caller, service = environ[CALLER], _service(environ)
        if caller.role_arn is None and service != "sts":
            return rest(environ, start_response)
        if service == "s3":
            try:
                denial = enforcer.judge(caller, _s3_calls(environ))
                refusal, protocol = (denial.refusal if denial is not None else None), "s3"
            except s3.MalformedXMLError:
                refusal, protocol = MALFORMED_XML, "s3"
        elif not services.is_known(service):
            refusal, protocol = (
                access_denied(f"Credential should be scoped to a known service, not '{service}'."),
                "json",
            )
        else:
            operation = _operation(service, environ, _body(environ))
            refusal, protocol = enforcer.operation(caller, operation), operation.protocol
        return rest(environ, start_response) if refusal is None else _answer(refusal, protocol, environ, start_response)

    def hide_missing_objects(
        environ: WSGIEnvironment, start_response: StartResponse, rest: WSGIApplication
    ) -> Iterable[bytes]:
        """That an object is not there is told only to those who may list the bucket."""
        if environ[CALLER].role_arn is None or _service(environ) != "s3":
            return rest(environ, start_response)
        request = _s3_request(environ)
        if not request.reads_one_object:
            return rest(environ, start_response)
        beginning, body = held(rest, environ)
        if beginning[0].startswith("404"):
            denial = enforcer.judge(environ[CALLER], [Call("s3:ListBucket", s3.arn(request.bucket))])
            if denial is not None:
                if hasattr(body, "close"):
                    body.close()
                return _answer(denial.refusal, "s3", environ, start_response)
        start_response(*beginning)
        return body

    return [know_the_caller, judge, hide_missing_objects]


def _turn_away(refusal: Refusal, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Refuse a request that is nobody's, in the form of the service that it seems to be for."""
    service = signature(environ).service
    body = _body(environ) if environ["REQUEST_METHOD"] == "POST" else b""
    # of the services with paths, Lambda alone is told by them
    operation = _operation(service or "lambda", environ, body)
    if operation.name in WITH_FOREIGN_IDENTITY:
        refusal = foreign_identity(operation)
    is_s3 = service == "s3" or not (service or operation.name)
    return _answer(refusal, "s3" if is_s3 else operation.protocol, environ, start_response)


def _service(environ: WSGIEnvironment) -> str:
    return signature(environ).service or "s3"


def _s3_calls(environ: WSGIEnvironment) -> list[Call]:
    request = _s3_request(environ)
    body = _body(environ) if request.method == "POST" and "delete" in request.parameters else b""
    return s3.calls(request, body)


def _s3_request(environ: WSGIEnvironment) -> s3.S3Request:
    bucket, key = s3.located(environ.get("HTTP_HOST", ""), _path(environ))
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith(("HTTP_X_AMZ_", "HTTP_IF_MATCH"))
    }
    form = form_of(environ)
    if form is not None and not key:
        headers |= {name: value for name, value in form.fields.items() if name.startswith("x-amz-")}
        headers |= {f"x-amz-{name}": form.fields[name] for name in ("acl", "tagging") if name in form.fields}
        return s3.S3Request("PUT", bucket, form.key, "", tuple(headers.items()))
    return s3.S3Request(environ["REQUEST_METHOD"], bucket, key, environ.get("QUERY_STRING", ""), tuple(headers.items()))


def _operation(service: str, environ: WSGIEnvironment, body: bytes) -> services.Operation:
    query, target = environ.get("QUERY_STRING", ""), environ.get("HTTP_X_AMZ_TARGET")
    method, kind = environ["REQUEST_METHOD"], environ.get("CONTENT_TYPE", "")
    return services.operation_of(service, method, _path(environ), query, target, body, kind)


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
