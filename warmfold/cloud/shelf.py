"""Values on disk: what is kept but seldom read is in a file instead of in memory."""

import os
import pickle
import tempfile
import threading
from pathlib import Path
from typing import Any, NamedTuple


class Shelved(NamedTuple):
    """A value on a shelf."""

    shelf: "Shelf"
    start: int
    size: int

    def read(self) -> Any:
        """The value as it was put; every time a new one. Raises OSError."""
        return self.shelf.get(self)


class Shelf:
    """A file in `folder` that values are appended to; it has no name and is gone with the process. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it stays open as long as the shelf
        self._lock = threading.Lock()
        self._end = 0

    def put(self, value: Any) -> Shelved:
        """Keep a value that can be pickled; raises OSError (a full disk) and keeps nothing then."""
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            shelved = Shelved(self, self._end, len(data))
            written = 0
            while written < len(data):
                written += os.pwrite(self._file.fileno(), data[written:], shelved.start + written)
            self._end += len(data)
        return shelved

    def get(self, shelved: Shelved) -> Any:
        """The value as it was put; raises OSError."""
        data = os.pread(self._file.fileno(), shelved.size, shelved.start)
        if len(data) < shelved.size:
            raise OSError(f"the local cloud's records are cut short: {len(data)} of {shelved.size} bytes are left")
        return pickle.loads(data)
