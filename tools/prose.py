"""Prose of Markdown files is wrapped: `python -m tools.prose` names the lines that are too long and could be broken.

Tables, headings, code blocks and lines without a place to break, such as one link or image, may be longer.
For Python ruff checks it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

WIDTH = 120
_FENCE = re.compile(r"\s*(```|~~~)")
_START = re.compile(r"\s*([-*+>] |[0-9]+\. )*")
"""What a line begins with that can't be broken off: indentation, the marks of lists and quotes."""
_LINK = re.compile(r"!?\[[^]]*]\([^)]*\)")


def too_long(text: str) -> Iterator[int]:
    """Return the numbers, from 1, of the lines that a break would bring within WIDTH."""
    in_code = False
    for number, line in enumerate(text.splitlines(), start=1):
        if _FENCE.match(line):
            in_code = not in_code
        elif not in_code and len(line) > WIDTH and not line.lstrip().startswith(("|", "#")):
            start = _START.match(line)
            whole = _LINK.sub(lambda link: "x" * len(link[0]), line)
            if " " in whole[start.end() if start else 0 : WIDTH + 1]:
                yield number


def main() -> int:
    """Check every Markdown file that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z", "*.md"], check=True, capture_output=True, text=True).stdout
    wrong = [
        f"{name}:{number}: longer than {WIDTH} characters; wrap it"
        for name in filter(None, listed.split("\0"))
        if Path(name).is_file()
        for number in too_long(Path(name).read_text(encoding="utf-8"))
    ]
    print("\n".join(wrong) if wrong else "All prose is wrapped.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
