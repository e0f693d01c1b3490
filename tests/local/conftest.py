"""One local cloud for all the tests of a worker, with warmfold deployed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from warmfold.cloud import local
from warmfold.stack import Stack, open_stack


def free_port() -> int:
    """A port of localhost that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cloud")


@pytest.fixture(scope="session")
def cloud(home: Path) -> Iterator[local.LocalCloud]:
    yield local.up(home, free_port())
    local.down(home)


@pytest.fixture(scope="session")
def stack(cloud: local.LocalCloud) -> Stack:
    return open_stack(session=cloud.session())
