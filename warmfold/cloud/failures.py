"""What moto fails over is answered as a bad request, in the service's own form and with the reason."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from warmfold.cloud.iam.denial import Refusal
from warmfold.cloud.iam.identity import signature
from warmfold.cloud.middleware import held

logger = logging.getLogger(__name__)

_ERROR = 400
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What neither XML nor JSON may hold; moto repeats in its errors what it was given."""


def answering(moto: WSGIApplication) -> WSGIApplication:
    """moto, answering where it raises: hardly any operation of it checks its request first.

    AWS says ValidationException to most of it, and a client that is told 500 would only ask again. The traceback is in
    the log.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            beginning, body = held(moto, environ)
        except Exception as error:
            logger.exception("%s %s failed", environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
            refusal = _refusal(environ, error)
        else:
            start_response(*beginning)
            return body if int(beginning[0][:3]) < _ERROR else [_NO_TEXT.sub(b"?", b"".join(body))]
        return refused(refusal, environ, start_response)

    return answer


def refused(refusal: Refusal, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The answer to a request that is refused, in its own protocol."""
    status, headers, body = refusal.response(protocol_of(environ), str(uuid.uuid4()))
    shown = b"" if environ["REQUEST_METHOD"] == "HEAD" else body
    start_response(status, [*headers, ("Content-Length", str(len(shown)))])
    return [shown]


def protocol_of(environ: WSGIEnvironment) -> str:
    """The protocol of a request, as `Refusal.response` names it."""
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    if (signature(environ).service or "s3") == "s3":
        return "s3"
    is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    return "query" if is_form or "Action=" in environ.get("QUERY_STRING", "") else "rest"


def _refusal(environ: WSGIEnvironment, error: Exception) -> Refusal:
    service = signature(environ).service or "s3"
    said = f"The local cloud's {service} can't carry this out ({type(error).__name__}: {str(error)[:500]})."
    said = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in said)
    s3, query = ("InvalidRequest", said, 400), ("ValidationError", said)
    return Refusal("ValidationException", said, s3=s3, query=query, status=400)
