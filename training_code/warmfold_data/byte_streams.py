"""Bytes on their way to text: looked at before they are read, unpacked, and turned into UTF-8.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import codecs
import zlib
from typing import Protocol

from warmfold_data.errors import DatasetRuleError

READ_BYTES = 1 << 20
GZIP_GRACE_BYTES = 64 * 1024 * 1024
GZIP_RATIO = 200
"""A gzip file may unpack to GZIP_GRACE_BYTES, and beyond that to GZIP_RATIO times what was read of it: tables reach 5
to 50, a bomb 1,000."""
GZIP_LIKELY_RATIO = 10
"""What a table unpacks to, where only its packed size is known: bounds of time and volumes go by it."""
GZIP_MAGIC = b"\x1f\x8b"


class BinaryStream(Protocol):
    """Anything that hands out bytes: an open file, or the body of a GetObject response."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end."""


class Peeked:
    """A stream whose first bytes can be looked at before they are read."""

    def __init__(self, stream: BinaryStream) -> None:
        self._stream, self._seen = stream, b""

    def peek(self, size: int) -> bytes:
        """The first `size` bytes of what is unread, fewer only where the stream ends."""
        while len(self._seen) < size and (chunk := self._stream.read(size - len(self._seen))):
            self._seen += chunk
        return self._seen[:size]

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end."""
        if not self._seen:
            return self._stream.read(size)
        data, self._seen = self._seen[:size], self._seen[size:]
        return data


class Unpacked:
    """What a gzip stream holds, of one member or several; raises DatasetRuleError for a broken one and for a bomb."""

    def __init__(self, stream: BinaryStream, file: str) -> None:
        self._stream, self._file = stream, file
        self._packed = self._unpacked = 0
        self._rest = b""
        self._member = zlib.decompressobj(wbits=31)

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end."""
        while True:
            if not self._rest:
                self._rest = self._stream.read(READ_BYTES)
                self._packed += len(self._rest)
                if not self._rest:
                    if not self._member.eof:
                        raise DatasetRuleError(
                            f"{self._file}: this is gzip, and it ends too early, after {self._packed} bytes; upload it "
                            "again."
                        )
                    return b""
            if self._member.eof:
                self._rest = self._rest.lstrip(b"\x00")  # padding between or after members
                if not self._rest:
                    continue
                self._member = zlib.decompressobj(wbits=31)
            data = self._inflated(size)
            if data:
                return data

    def _inflated(self, size: int) -> bytes:
        try:
            data = self._member.decompress(self._rest, size)
        except zlib.error as error:
            raise DatasetRuleError(
                f"{self._file}: this is gzip, and it can't be unpacked ({error}); pack it again, or upload it unpacked."
            ) from error
        self._rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        self._unpacked += len(data)
        if self._unpacked > GZIP_GRACE_BYTES + GZIP_RATIO * self._packed:
            raise DatasetRuleError(
                f"{self._file}: {self._packed} bytes of gzip unpack to more than {self._unpacked - len(data)}; "
                "no table is packed that tightly. If this is one, upload it unpacked."
            )
        return data


class Recoded:
    """A text in another encoding as UTF-8; raises DatasetRuleError for bytes that the encoding has not."""

    def __init__(self, stream: BinaryStream, encoding: str, file: str) -> None:
        self._stream, self._encoding, self._file = stream, encoding, file
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._read = 0
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """Some `size` bytes, none at the end."""
        while not self._ended:
            chunk = self._stream.read(size)
            self._read += len(chunk)
            self._ended = not chunk
            try:
                text = self._decoder.decode(chunk, final=self._ended)
            except UnicodeDecodeError as error:
                place = self._read - len(error.object) + error.start
                raise DatasetRuleError(
                    f"{self._file}: not {self._encoding} at byte {place} (0x{error.object[error.start]:02x}); save the "
                    "file as UTF-8, or say what it is by `dialect: {encoding: …}` in experiment.yaml."
                ) from error
            if text:
                return text.encode("utf-8", "surrogatepass")
        return b""
