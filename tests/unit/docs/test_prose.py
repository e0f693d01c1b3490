"""What `make lint` calls a line of prose that should be wrapped."""

from __future__ import annotations

import pytest

from tools.prose import too_long

WORDS = "words " * 30
ADDRESS = "https://example.org/" + "x" * 120


@pytest.mark.parametrize("text", [WORDS, f"- {WORDS}", f"    {WORDS}", f"```\ncode\n```\n{WORDS}", f"see {ADDRESS}"])
def test_a_long_line_that_can_be_broken_is_named(text: str) -> None:
    assert list(too_long(text)) == [len(text.splitlines())]


@pytest.mark.parametrize(
    "text",
    [
        "words " * 20,
        f"| {WORDS} |",
        f"```\n{WORDS}\n```",
        f"# {WORDS}",
        ADDRESS,
        f"- [a]({ADDRESS})",
        f"![{WORDS}](picture.svg)",
    ],
)
def test_other_lines_are_not(text: str) -> None:
    assert list(too_long(text)) == []
