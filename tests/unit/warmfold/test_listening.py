"""Who may hold the port's connections, and for how long."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from tests.patience import SLOWNESS
from tests.ports import free_port
from tests.waiting import until
from warmfold.cloud.listening import Server

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    running: list[tuple[Server, threading.Thread]] = []

    def serve(**limits: float) -> int:
        port = free_port()
        server = Server(answer, port, cleanup_seconds=0, connections=12, **limits)  # type: ignore[arg-type]
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        return port

    yield serve
    for server, _ in running:
        server.close()


def post(port: int, body: bytes) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/", body, {"Host": "localhost"})
    return connection.getresponse().read()


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"POST / HT",
        HEAD,
        HEAD + b"Content-Length: 5\r\n\r\nab",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab",
    ],
)
def test_half_sent_requests_do_not_keep_others_out(serve: Callable[..., int], half: bytes) -> None:
    port = serve(head_seconds=0.5 * SLOWNESS, body_seconds=0.5 * SLOWNESS)
    held = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(12)]
    for connection in held:
        connection.sendall(half)
    assert post(port, b"whole") == b"whole"
    assert {connection.recv(1) for connection in held} == {b""}  # closed by the server
    for connection in held:
        connection.close()


def test_headers_that_come_a_byte_at_a_time_have_no_longer(serve: Callable[..., int]) -> None:
    with socket.create_connection(("127.0.0.1", serve(head_seconds=0.5)), timeout=0.1) as connection:

        def is_closed_after_one_more() -> bool:
            try:
                connection.sendall(b"a")
                return connection.recv(1) == b""
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        until(is_closed_after_one_more)


def test_a_client_that_had_an_answer_may_rest(serve: Callable[..., int]) -> None:
    port = serve(head_seconds=SLOWNESS, body_seconds=SLOWNESS)
    resting = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    resting.request("POST", "/", b"one", {"Host": "localhost"})
    assert resting.getresponse().read() == b"one"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as late:
        late.sendall(HEAD)
        assert late.recv(1) == b""  # the limit has passed for this one
    resting.request("POST", "/", b"two", {"Host": "localhost"})
    assert resting.getresponse().read() == b"two"


def test_more_headers_than_there_may_be_are_refused(serve: Callable[..., int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", serve(), timeout=60)
    connection.request("GET", "/", headers={"Host": "localhost", "X-Long": "a" * 300_000})
    assert connection.getresponse().status == 431
