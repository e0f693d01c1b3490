"""Blocks of rows put aside on the job's disk, to be read once more in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa


class Spool:
    """Takes blocks, then gives them back; memory holds one at a time. A file that is there is one that was written."""

    def __init__(self, file: Path, *, packed: bool = False) -> None:
        """With `packed` it takes less room, for what others are told."""
        self._file = file
        self._options = pa.ipc.IpcWriteOptions(compression="zstd" if packed else None)
        self._sink: pa.OSFile | None = None
        self._writer: pa.RecordBatchStreamWriter | None = None

    def put(self, block: pa.RecordBatch) -> None:
        """Take a block; all are of the same columns."""
        if self._writer is None:
            self._sink = pa.OSFile(str(self._file), "wb")
            self._writer = pa.ipc.new_stream(self._sink, block.schema, options=self._options)
        self._writer.write_batch(block)

    def written(self) -> Path | None:
        """The file, once nothing more is taken; None where no block was."""
        if self._writer is not None and self._sink is not None and not self._sink.closed:
            self._writer.close()
            self._sink.close()
        return self._file if self._file.exists() else None

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """All of them, in order, as often as asked for; nothing is taken after that."""
        file = self.written()
        if file is None:
            return
        with pa.OSFile(str(file), "rb") as source, pa.ipc.open_stream(source) as reader:
            yield from reader
