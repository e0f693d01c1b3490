"""Ports for servers that tests start."""

from __future__ import annotations

import errno
import random
import socket

PORTS = range(10_000, 32_000)
"""Where no system takes ports for outgoing connections, which would be one more taker between choice and use."""
ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def free_port() -> int:
    """A port of localhost that nothing listens on, and that no other test is likely to be given."""
    for port in random.SystemRandom().sample(PORTS, k=100):
        if all(_is_free(family, host, port) for family, host in ADDRESSES):
            return port
    raise AssertionError("a hundred ports of localhost are taken")


def _is_free(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with socket.socket(family) as probe:
            probe.bind((host, port))
    except OSError as error:
        return family == socket.AF_INET6 and error.errno != errno.EADDRINUSE  # a machine without IPv6
    return True
