"""How much text a file holds is told by its size and its first bytes: no more of it is asked for."""

from __future__ import annotations

import gzip
from typing import BinaryIO

import pytest

from warmfold_experiment.understanding import Source


@pytest.mark.parametrize(("content", "least"), [(b"x,y\n1,2\n", 8), (gzip.compress(b"x,y\n"), 25), (b"", 0)])
def test_no_more_than_the_magic_bytes_is_read(content: bytes, least: int) -> None:
    read = list[int]()

    def whole() -> BinaryIO:
        raise AssertionError("the whole object is opened")

    def piece(start: int, length: int) -> bytes:
        read.append(length)
        return content[start : start + length]

    assert Source("data.csv", len(content), whole, piece).text_bytes >= least
    assert sum(read) <= 2
