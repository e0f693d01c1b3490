"""Middleware: a request's way as an ordered list of steps; each answers it or hands it to the rest of the way."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Step = Callable[[WSGIEnvironment, StartResponse, WSGIApplication], Iterable[bytes]]
"""Takes a request's environ, what begins its answer, and the rest of the way; gives the answer's body."""


def application(steps: Sequence[Step]) -> WSGIApplication:
    """The way as a WSGI application; its last step answers whatever comes so far."""
    rest: WSGIApplication = _nowhere
    for step in reversed(steps):
        rest = functools.partial(_take, step, rest)
    return rest


def held(rest: WSGIApplication, environ: WSGIEnvironment) -> tuple[tuple[Any, ...], Iterable[bytes]]:
    """The rest's answer before it begins: the arguments of `start_response` (status, headers), and the body."""
    begun: list[Any] = []

    def begin(*arguments: Any) -> Callable[[bytes], object]:
        begun[:] = arguments
        return lambda _: None

    body = rest(environ, begin)
    return tuple(begun), body


def _take(
    step: Step, rest: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    return step(environ, start_response, rest)


def _nowhere(environ: WSGIEnvironment, _: StartResponse) -> Iterable[bytes]:
    raise LookupError(f"no step answers {environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}")
