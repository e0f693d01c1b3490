"""Requests that no client would send get an answer that a client can read, and cost no memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.local.fuzzing import Fuzzed, requests
from tests.long import sampled
from tests.server_alone import Answer, ServerAlone, server_alone

EACH = 100
MEGABYTES = 400
"""The 5,000 requests leave what they have made, which is a fifth of this."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAlone]:
    with server_alone(tmp_path_factory.mktemp("fuzzed")) as server:
        server.client("s3").create_bucket(Bucket="fuzz-bucket")
        yield server


LACKING = 501
"""The status of what the local cloud refuses by name."""


def send(server: ServerAlone, request: Fuzzed) -> Answer:
    headers = {name.replace("-", "_"): value for name, value in request.headers.items()}
    return server.ask(request.method, request.target, request.body, **headers)


def megabytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def is_readable(answer: Answer) -> bool:
    """Whether an error is in a form that a client reads."""
    kind = answer.headers.get("content-type", "")
    if answer.status < 400 or not answer.body or "text/plain" in kind:
        return True
    try:
        if "json" in kind or answer.body.startswith(b"{"):
            json.loads(answer.body)
        else:
            ElementTree.fromstring(answer.body)
    except (ValueError, ElementTree.ParseError):
        return "html" in kind  # Flask's own words for a path or a method that no service has
    return True


@pytest.mark.parametrize("seed", sampled(range(50), every=10))
def test_no_request_is_answered_by_500_or_by_a_traceback(server: ServerAlone, seed: int) -> None:
    wrong = []
    for request in requests(seed, EACH):
        answer = send(server, request)
        fails = answer.status >= 500 and answer.status != LACKING
        if fails or b"Traceback" in answer.body or not is_readable(answer):
            wrong.append((request, answer))
    assert wrong == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("seed", sampled([1000, 2000], every=2))
def test_fuzzed_requests_cost_no_memory(server: ServerAlone, seed: int) -> None:
    for request in requests(seed, 3 * EACH):  # what is imported when it is first asked for
        send(server, request)
    before = megabytes(server.cloud.pid)
    for request in requests(seed + 1, 5 * EACH):
        send(server, request)
    assert megabytes(server.cloud.pid) - before < MEGABYTES


def test_the_same_seed_makes_the_same_requests() -> None:
    assert requests(7, 20) == requests(7, 20)
    assert requests(7, 20) != requests(8, 20)
