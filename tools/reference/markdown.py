"""Markdown, wrapped as the rest of the prose is."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

WIDTH = 120
_FILE = re.compile(r"\S+\.(html|json|tar\.gz|yaml)(?=[:;,]?(\s|$))")
NOTE = "<!-- Written by `make reference` from the code: change it there. -->"


def paragraphs(title: str, *blocks: str) -> str:
    """Return a page: its title, the note that it is written, and its blocks, with an empty line between any two."""
    return "\n\n".join([title, NOTE, *(block for block in blocks if block)]) + "\n"


def prose(text: str) -> str:
    """Return one paragraph."""
    return _wrapped(text, "", "")


def item(text: str, level: int = 0) -> str:
    """Return one item of a list."""
    indent = "  " * level
    return _wrapped(text, f"{indent}- ", f"{indent}  ")


def code(value: Any) -> str:
    """Return a value as YAML would have it, which here is JSON, as code; text goes without quotes."""
    return f"`{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}`"


def flow(value: Any) -> str:
    """Return a value in YAML's flow style, as people write a range."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def sentence(text: str) -> str:
    """Return text with a capital and a full stop; a file that it begins with, as in `plan.json: …`, becomes code."""
    file = _FILE.match(text)
    text = f"`{file[0]}`{text[file.end() :]}" if file else text[:1].upper() + text[1:]
    return text if text.endswith((".", ":")) else f"{text}."


def _wrapped(text: str, first: str, later: str) -> str:
    text = " ".join(text.split())
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
