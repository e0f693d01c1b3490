"""The port: waitress, with bounds on who may hold a connection, and without the bodies of what will be refused."""

from __future__ import annotations

import time
from typing import Any
from wsgiref.types import WSGIApplication

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer

from warmfold.cloud.cross_site import refusal

THREADS = 64
CONNECTIONS = 1000
MAX_BODY_BYTES = 16 * 1024**3
HEAD_SECONDS = 30
"""From a request's first byte, or from the connection, to the end of its headers."""
BODY_SECONDS = 120
"""Between two pieces of a body."""
IDLE_SECONDS = 3600
"""Between two requests of a client that has had an answer."""


class Request(HTTPRequestParser):  # type: ignore[misc]
    """A request as it comes in."""

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers; what will be refused for them ends there, and its connection with it."""
        super().parse_header(header_plus)
        if refusal(self._environ()) is not None:
            self.body_rcv, self.chunked, self.content_length, self.expect_continue = None, False, 0, False
            self.headers.pop("CONTENT_LENGTH", None)
            self.headers["CONNECTION"] = "close"

    def _environ(self) -> dict[str, Any]:
        headers = {f"HTTP_{name}": value for name, value in self.headers.items()}
        return {**headers, "REQUEST_METHOD": self.command, "PATH_INFO": self.path, "QUERY_STRING": self.query}


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection; waitress waits for ever for the body of an empty upload that expects to be told to go on."""

    parser_class = Request
    began = 0.0

    def received(self, data: bytes) -> bool:
        """Take what has come."""
        if self.request is None:
            self.began = time.time()
        return bool(super().received(data))

    def send_continue(self) -> None:
        """Tell the client to send its body, when there is one to come."""
        if self.request.content_length or self.request.chunked:
            super().send_continue()

    def is_late(self, now: float) -> bool:
        """Whether it has waited too long for what its client is to send."""
        server = self.server
        if self.requests:
            return False
        if self.request is None:
            since, limit = self.last_activity, IDLE_SECONDS if self.began else server.head_seconds
        elif self.request.headers_finished:
            since, limit = self.last_activity, server.body_seconds
        else:
            since, limit = self.began, server.head_seconds
        return bool(since < now - limit)


class Server(TcpWSGIServer):  # type: ignore[misc]
    """Serves an application on a port of localhost, once it is `run`."""

    channel_class = Channel

    def __init__(
        self,
        application: WSGIApplication,
        port: int,
        *,
        connections: int = CONNECTIONS,
        head_seconds: float = HEAD_SECONDS,
        body_seconds: float = BODY_SECONDS,
        cleanup_seconds: int = 5,
    ) -> None:
        self.head_seconds = head_seconds
        self.body_seconds = body_seconds
        super().__init__(
            application,
            host="127.0.0.1",
            port=port,
            threads=THREADS,
            connection_limit=connections,
            cleanup_interval=cleanup_seconds,
            max_request_body_size=MAX_BODY_BYTES,
            asyncore_use_poll=True,
            ident=None,
        )

    def maintenance(self, now: float) -> None:
        """Close the connections that have waited too long."""
        for channel in self.active_channels.values():
            if channel.is_late(now):
                channel.will_close = True
