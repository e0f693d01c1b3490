"""The port stays open for others, whatever one client does to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.server_alone import ServerAlone, server_alone
from tests.waiting import until

POLLS = 70
LONGEST_WAIT = 20
"""Seconds that SQS lets a poll wait at most."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAlone]:
    with server_alone(tmp_path_factory.mktemp("availability")) as server:
        yield server


def test_long_polls_do_not_keep_others_out(server: ServerAlone) -> None:
    queue = server.client("sqs").create_queue(QueueName="own")["QueueUrl"]
    answered: list[int] = []

    def poll(sqs: object) -> None:
        answered.append(len(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=LONGEST_WAIT)))  # type: ignore[attr-defined]

    client = server.client("sqs", max_connections=POLLS)
    threads = [threading.Thread(target=poll, args=(client,), daemon=True) for _ in range(POLLS)]
    for thread in threads:
        thread.start()
    until(lambda: len(answered) >= POLLS - 16)  # these were told at once
    assert server.ask("GET", "/_warmfold/health").status == 200
    assert len(answered) < POLLS, "the others wait, and keep nobody out"
    for thread in threads:
        thread.join()
