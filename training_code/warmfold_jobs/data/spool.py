"""Blocks of rows put aside on the job's disk, to be read once more in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa


class Spool:
    """Takes blocks, then gives them back; memory holds one at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._sink: pa.OSFile | None = None
        self._writer: pa.RecordBatchStreamWriter | None = None

    def put(self, block: pa.RecordBatch) -> None:
        """Take a block; all are of the same columns."""
        if self._writer is None:
            self._sink = pa.OSFile(str(self._file), "wb")
            self._writer = pa.ipc.new_stream(self._sink, block.schema)
        self._writer.write_batch(block)

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """All of them, in order, as often as asked for; nothing is taken after that."""
        if self._writer is None or self._sink is None:
            return
        if not self._sink.closed:
            self._writer.close()
            self._sink.close()
        with pa.OSFile(str(self._file), "rb") as source, pa.ipc.open_stream(source) as reader:
            yield from reader
