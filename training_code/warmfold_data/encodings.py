"""The encoding of a text, by its first bytes, where they leave no doubt. Standard library only, as `rules.py`.

A byte order mark decides. Without one the text is UTF-8 if its bytes are; if they are not and no character of UTF-8
beyond ASCII is among them, it is cp1252 (of which Latin-1 is a part) as long as every byte is a character of it and
stands where western text has it. Everything else is refused until the experiment says what it is.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from warmfold_data.errors import DatasetRuleError

UTF_8 = "utf-8"
_MARKS = ((codecs.BOM_UTF8, UTF_8), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LATER = "save the file as UTF-8, or say what it is by `dialect: {encoding: …}` in experiment.yaml"
_MULTIBYTE = re.compile(rb"[\xc3-\xf4][\x80-\xbf]+")
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_FOREIGN = re.compile(
    rb"[\x80-\xff]{3}"  # three in a row: another script
    # a sign in a word
    rb"|[A-Za-z][\x80-\x89\x8b\x91\x93-\x99\x9b\xa0-\xa9\xab-\xb1\xb4\xb6\xb8\xbb-\xbf\xd7\xf7][a-z]"
    # a capital in a word
    rb"|[a-z][\x8a\x8c\x8e\x9f\xc0-\xd6\xd8-\xde][a-z]"
)
_WORD = re.compile(r"[^\W\d_]*[\x80-\U0010ffff][^\W\d_]*")


class Encoding(NamedTuple):
    """How bytes become text."""

    name: str
    mark_bytes: int
    """The length of the byte order mark before the text, or of several: programs that put one before another's."""
    examples: list[str]
    """Words that show whether the encoding was taken rightly, where it was no more than very likely."""


def encoding_of(head: bytes, *, file: str, asked: str | None, whole: bool) -> Encoding:
    """The encoding of a text that begins like this; `whole` when there is no more of it.

    Raises DatasetRuleError where the bytes leave doubt.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            if asked not in (None, name, "utf-8-sig", "utf-16"):
                raise DatasetRuleError(
                    f"{file}: it begins with the byte order mark of {name}, and `dialect.encoding` in experiment.yaml "
                    f"is {asked}; take that out."
                )
            return Encoding(name, _marks(head, mark), [])
    if asked is not None:
        return Encoding({"utf-8-sig": UTF_8, "utf-16": "utf-16-le"}.get(asked, asked), 0, [])
    if wide := _zeros(head):
        raise DatasetRuleError(
            f"{file}: this looks like UTF-16 without a byte order mark; save the file as UTF-8, or set "
            f"`dialect: {{encoding: {wide}}}` in experiment.yaml."
        )
    decoder = codecs.getincrementaldecoder(UTF_8)()
    try:
        decoder.decode(head, final=whole)
    except UnicodeDecodeError as error:
        return _western(head, error, file)
    return Encoding(UTF_8, 0, [])


def _marks(head: bytes, mark: bytes) -> int:
    end = 0
    while head.startswith(mark, end):
        end += len(mark)
    return end


def _western(head: bytes, error: UnicodeDecodeError, file: str) -> Encoding:
    line = head.count(b"\n", 0, error.start) + 1
    what = f"not UTF-8 at byte {error.start} (0x{head[error.start]:02x}), in line {line}"
    if any(_is_utf_8(found) for found in _MULTIBYTE.findall(head)):
        raise DatasetRuleError(f"{file}: {what}, and UTF-8 elsewhere; correct that place, or {_LATER}.")
    if _UNDEFINED.search(head) or _FOREIGN.search(head):
        raise DatasetRuleError(f"{file}: {what}, and no western text in cp1252 either; {_LATER}.")
    words = _WORD.findall(head.decode("cp1252"))
    return Encoding("cp1252", 0, list(dict.fromkeys(words))[:3])


def _is_utf_8(found: bytes) -> bool:
    try:
        found.decode()
    except UnicodeDecodeError:
        return False
    return True


def _zeros(head: bytes) -> str | None:
    """UTF-16's order of bytes where every other one of a text in ASCII is zero."""
    sample = head[: len(head) // 2 * 2][:1000]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    enough = max(2, len(sample) // 4)
    return "utf-16-le" if odd >= enough and not even else "utf-16-be" if even >= enough and not odd else None
