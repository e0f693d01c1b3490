"""The port stays open for others, whatever one client does to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.server_alone import ServerAlone, server_alone

POLLS = 70
WAIT_SECONDS = 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAlone]:
    with server_alone(tmp_path_factory.mktemp("availability")) as server:
        yield server


def test_long_polls_do_not_keep_others_out(server: ServerAlone) -> None:
    queue = server.client("sqs").create_queue(QueueName="own")["QueueUrl"]
    lengths: list[float] = []
    begun = time.monotonic()

    def poll(sqs: object) -> None:
        sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=WAIT_SECONDS)  # type: ignore[attr-defined]
        lengths.append(time.monotonic() - begun)

    client = server.client("sqs", max_connections=POLLS)
    threads = [threading.Thread(target=poll, args=(client,), daemon=True) for _ in range(POLLS)]
    for thread in threads:
        thread.start()
    assert server.ask("GET", "/_warmfold/health").status == 200
    asked = time.monotonic() - begun
    for thread in threads:
        thread.join()
    assert sum(length < WAIT_SECONDS for length in lengths) >= POLLS - 16  # these were told at once
    assert asked < WAIT_SECONDS  # and the others, who wait, kept nobody out
