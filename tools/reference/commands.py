"""The page on what a person types: the `warmfold` command, and make's targets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from typer.main import get_command

from tools.reference.markdown import item, paragraphs, prose
from warmfold.cli import app

_TARGET = re.compile(r"^(?P<name>[a-z-]+):.*## *(?P<help>.+)$", re.MULTILINE)


def page(makefile: str) -> str:
    """Return commands.md; `makefile` is the Makefile's text."""
    command = get_command(app)
    return paragraphs(
        "# Commands",
        prose("The `warmfold` command, which `make install` puts into `.venv/bin`, and the targets of make."),
        *_command(command, "warmfold", None),
        "## make",
        "\n".join(item(f"`make {target['name']}`: {target['help']}") for target in _TARGET.finditer(makefile)),
    )


def _command(command: Any, path: str, parent: Any) -> Iterator[str]:
    context = typer.Context(command, info_name=path.split()[-1], parent=parent)
    yield f"## {path}"
    yield prose(command.help or "")
    if getattr(command, "commands", None):
        for name, below in command.commands.items():
            yield from _command(below, f"{path} {name}", context)
        return
    yield f"```\n{path} {' '.join(command.collect_usage_pieces(context))}\n```"
    yield "\n".join(item(line) for line in _parameters(command, context))


def _parameters(command: Any, context: Any) -> Iterator[str]:
    for parameter in command.get_params(context):
        if parameter.name == "help":
            continue
        usage, said = parameter.get_help_record(context)
        yield f"`{usage.strip()}`: {said}"
