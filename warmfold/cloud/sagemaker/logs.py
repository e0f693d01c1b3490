"""A job's output, cut into lines: for its metrics and for CloudWatch Logs."""

import logging
from collections.abc import Callable, Sequence

logger = logging.getLogger(__name__)

MAX_LINE = 200_000


class JobLog:
    """Collects a task's bytes; each complete line goes to `on_line` at once and to the log sink in batches."""

    def __init__(
        self,
        sink: Callable[[str, str, Sequence[tuple[int, str]]], None],
        group: str,
        stream: str,
        clock: Callable[[], float],
        on_line: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._sink = sink
        self._group = group
        self._stream = stream
        self._clock = clock
        self._on_line = on_line
        self._rest = b""
        self._batch: list[tuple[int, str]] = []
        self._flushed_at = clock()

    def write(self, data: bytes) -> None:
        """Take output as it comes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._add(line)
        if self._clock() - self._flushed_at > 1.0:
            self.flush()

    def flush(self) -> None:
        """Hand the complete lines to the sink; a sink that fails costs the lines, not the job."""
        batch, self._batch = self._batch, []
        self._flushed_at = self._clock()
        if not batch:
            return
        try:
            self._sink(self._group, self._stream, batch)
        except Exception:
            logger.exception("%d lines of %s %s could not be logged", len(batch), self._group, self._stream)

    def close(self) -> None:
        """Take the unfinished last line as a line, and flush."""
        if self._rest:
            self._add(self._rest)
            self._rest = b""
        self.flush()

    def _add(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        self._on_line(text)
        self._batch.append((int(self._clock() * 1000), text))
