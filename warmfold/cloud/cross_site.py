"""Cross-site requests are refused: programs on this machine may talk to the local cloud, web pages may not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOCAL = ("localhost", "127.0.0.1", "::1")


def refuse_cross_site(
    environ: WSGIEnvironment, start_response: StartResponse, rest: WSGIApplication
) -> Iterable[bytes]:
    """A step that lets requests pass that were made on and to this machine; to any other the answer is 403.

    The local cloud runs what it is told to and checks no signature. A page in the user's browser can send it requests,
    under its own origin or (DNS rebinding) under a foreign host name, and moto's answers allow every origin.
    """
    reason = refusal(environ)
    if reason is not None:
        body = f"{reason}\n".encode()
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
    return rest(environ, start_response if "HTTP_ORIGIN" in environ else _without_cors(start_response))


def refusal(environ: WSGIEnvironment) -> str | None:
    """Why a request is not answered, or None."""
    host = environ.get("HTTP_HOST", "")
    if not _is_local(f"//{host}"):
        return f"the local cloud answers to localhost only, and this request is to the host {host!r}"
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and not _is_local(origin):
        return f"the local cloud takes no requests from web pages, and this one is from {origin!r}"
    if environ.get("HTTP_SEC_FETCH_SITE") == "cross-site":
        return "the local cloud takes no requests from web pages, and this one is from another site"
    return None


def _is_local(url: str) -> bool:
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return name in LOCAL or name.endswith(".localhost")  # S3's virtual-host style


def _without_cors(start_response: StartResponse) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        kept = [header for header in headers if not header[0].lower().startswith("access-control-")]
        return start_response(status, kept, *error)

    return start
