"""Which requests the local cloud answers."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from warmfold.cloud.app import serve_moto
from warmfold.cloud.cross_site import refuse_cross_site
from warmfold.cloud.middleware import application as application_of


def answer(**headers: str) -> tuple[str, dict[str, str], bytes]:
    """What comes of a request with these headers to an application that allows every origin, as moto does."""

    def application(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Access-Control-Allow-Origin", "*"), ("x-own", "kept")])
        return [b"done"]

    started: list[tuple[str, dict[str, str]]] = []

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        started.append((status, dict(headers)))

    environ = {"REQUEST_METHOD": "GET"} | {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    body = b"".join(application_of([refuse_cross_site, serve_moto(application)])(environ, start))  # type: ignore[arg-type]
    return (*started[0], body)


@pytest.mark.parametrize(
    "host",
    ["localhost:4566", "localhost", "127.0.0.1:4566", "[::1]:4566", "a-bucket.localhost:4566", "LOCALHOST:4566"],
)
def test_a_request_to_this_machine_is_answered_and_allows_no_origin(host: str) -> None:
    assert answer(host=host) == ("200 OK", {"x-own": "kept"}, b"done")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"host": "evil.example"}, "evil.example"),
        ({"host": "evil.example:4566"}, "evil.example"),
        ({"host": "localhost.evil.example"}, "evil.example"),
        ({"host": "evillocalhost:4566"}, "evillocalhost"),
        ({"host": "localhost@evil.example"}, "evil.example"),
        ({"host": "["}, "host"),
        ({"host": "127.0.0.1.evil.example:4566"}, "evil.example"),
        ({"host": "10.0.0.1:4566"}, "10.0.0.1"),
        ({}, "''"),
        ({"host": "localhost:4566", "origin": "https://evil.example"}, "https://evil.example"),
        ({"host": "localhost:4566", "origin": "https://localhost.evil.example"}, "evil.example"),
        ({"host": "localhost:4566", "origin": "null"}, "'null'"),
        ({"host": "localhost:4566", "origin": ""}, "''"),
        ({"host": "localhost:4566", "origin": "http://localhost:8080"}, "http://localhost:8080"),
        ({"host": "localhost:4566", "sec_fetch_site": "cross-site"}, "another site"),
        ({"host": "localhost:4566", "sec_fetch_site": "none"}, "no requests of a browser"),
        ({"host": "localhost:4566", "user_agent": "Mozilla/5.0 (X11; Linux)"}, "no requests of a browser"),
    ],
)
def test_any_other_is_refused_in_one_line_without_a_word_on_origins(headers: dict[str, str], words: str) -> None:
    status, given, body = answer(**headers)
    assert status == "403 Forbidden"
    assert words in body.decode()
    assert body.count(b"\n") == 1
    assert set(given) == {"Content-Type", "Content-Length"}
