"""What comes from outside, on a terminal: nothing in it controls the terminal, and nothing in it is markup."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from warmfold_run.understanding import lines_of


def text_of(said: str, style: str = "") -> Text:
    """Return a text of several lines, for a table's cell or a line of its own."""
    return Text(lines_of(said), style=style)


def put(console: Console, said: str, style: str = "") -> None:
    """Print a text as it is, its lines as long as they are."""
    console.print(text_of(said, style), soft_wrap=True)
