"""AWS's JSON 1.1 protocol in front of the service: a WSGI application."""

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from warmfold.cloud.sagemaker import other_endpoints
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.service import Identity, Service

logger = logging.getLogger(__name__)

TARGET_PREFIX = "SageMaker."
CONTENT_TYPE = "application/x-amz-json-1.1"
_SIGNED_FOR = re.compile(r"Credential=[^,&\s]+/([^/,&\s]+)/aws4_request")


def application(
    service: Service,
    identify: Callable[[WSGIEnvironment], Identity],
    new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
) -> WSGIApplication:
    """Serve `POST /` with `X-Amz-Target: SageMaker.<operation>`, and refuse by name whatever else `is_addressed`.

    `identify` says who calls, from the environ.
    """

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = [("Content-Type", CONTENT_TYPE), ("x-amzn-RequestId", new_id())]
        try:
            operation, request = _parse(environ)
            body = service.call(operation, request, identify(environ))
            status = "200 OK"
        except ServiceError as error:
            body = {"__type": error.code, "message": error.message}
            status = f"{error.status} {'Bad Request' if error.status < 500 else 'Internal Server Error'}"
            headers.append(("x-amzn-ErrorType", error.code))
        except Exception as error:
            logger.exception("SageMaker request failed inside the local cloud")
            body = {"__type": "InternalFailure", "message": f"the local cloud failed: {type(error).__name__}: {error}"}
            status = "500 Internal Server Error"
            headers.append(("x-amzn-ErrorType", "InternalFailure"))
        payload = json.dumps(body, default=_encode).encode()
        headers.append(("Content-Length", str(len(payload))))
        start_response(status, headers)
        return [payload]

    return respond


def is_addressed(environ: WSGIEnvironment) -> bool:
    """Whether a request is for SageMaker: by its target, by its signature, or without one by the runtime's paths."""
    if environ.get("HTTP_X_AMZ_TARGET", "").startswith(TARGET_PREFIX):
        return True
    signed = _SIGNED_FOR.search(environ.get("HTTP_AUTHORIZATION") or unquote(environ.get("QUERY_STRING", "")))
    if signed is not None:
        return signed[1] == "sagemaker"
    runtime = other_endpoints.RUNTIME.fullmatch(environ.get("PATH_INFO", ""))
    return environ["REQUEST_METHOD"] == "POST" and runtime is not None


def _parse(environ: WSGIEnvironment) -> tuple[str, dict[str, Any]]:
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if environ["REQUEST_METHOD"] != "POST" or not target.startswith(TARGET_PREFIX):
        raise other_endpoints.refusal(environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/"))
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        request = json.loads(raw or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", f"the body is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise ServiceError("SerializationException", "the body must be a JSON object")
    return target.removeprefix(TARGET_PREFIX), request


def _encode(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"a response holds {value!r}, which JSON has no form for")
