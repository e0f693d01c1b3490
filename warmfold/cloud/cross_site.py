"""A browser is no AWS client: programs on this machine may talk to the local cloud, web pages and links may not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from warmfold.cloud.iam.identity import signature
from warmfold.cloud.iam.s3 import S3Request, located

LOCAL = ("localhost", "127.0.0.1", "::1")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]+[a-z0-9]")
_OWN_PATHS = ("/moto-api", "/latest/", "/_warmfold/")


def refuse_cross_site(
    environ: WSGIEnvironment, start_response: StartResponse, rest: WSGIApplication
) -> Iterable[bytes]:
    """A step that lets requests of programs pass that were made on and to this machine; to others the answer is 403.

    The local cloud runs what it is told to and checks no signature. A link or a page in the user's browser can send it
    requests, under its own origin or (DNS rebinding) under a foreign host name, and moto's answers allow every origin.
    A browser gets one object of S3 by its link, and may run none of the scripts in it.
    """
    reason = refusal(environ)
    if reason is not None:
        body = f"{reason}\n".encode()
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
    return rest(environ, _for_programs(start_response, _is_browser(environ)))


def refusal(environ: WSGIEnvironment) -> str | None:
    """Why a request is not answered, or None; told by its first line and headers alone."""
    host = environ.get("HTTP_HOST", "")
    if not _is_local(host):
        return f"the local cloud answers to localhost only, and this request is to the host {host!r}"
    if "HTTP_ORIGIN" in environ:
        return f"the local cloud takes no requests from web pages, and this one is from {environ['HTTP_ORIGIN']!r}"
    if environ.get("HTTP_SEC_FETCH_SITE", "").lower() == "cross-site":
        return "the local cloud takes no requests from web pages, and this one is from another site"
    if _is_browser(environ) and not _reads_one_object(environ):
        return "the local cloud takes no requests of a browser but for one object of S3; use an AWS client"
    return None


def _is_browser(environ: WSGIEnvironment) -> bool:
    """Whether a browser sent it: no AWS client has one of these, and browsers before 2023 have only the last."""
    agent = environ.get("HTTP_USER_AGENT", "")
    return any(name.startswith("HTTP_SEC_FETCH_") for name in environ) or agent.startswith("Mozilla/")


def _reads_one_object(environ: WSGIEnvironment) -> bool:
    path = environ.get("PATH_INFO", "")
    if (
        path.startswith(_OWN_PATHS)
        or "HTTP_X_AMZ_TARGET" in environ
        or environ["REQUEST_METHOD"] not in ("GET", "HEAD")
    ):
        return False
    bucket, key = located(environ["HTTP_HOST"], path)
    request = S3Request(environ["REQUEST_METHOD"], bucket, key, environ.get("QUERY_STRING", ""))
    of_s3 = (signature(environ).service or "s3") == "s3"
    return of_s3 and _BUCKET.fullmatch(bucket) is not None and request.reads_one_object


def _is_local(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in LOCAL or name.endswith(".localhost")  # S3's virtual-host style


def _for_programs(start_response: StartResponse, browser: bool) -> StartResponse:
    """moto's answers without a word on origins, and in a browser without scripts: they would have the port's origin."""

    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        kept = [header for header in headers if not header[0].lower().startswith("access-control-")]
        sandbox = [("Content-Security-Policy", "sandbox")] if browser else []
        return start_response(status, [*kept, *sandbox], *error)

    return start
