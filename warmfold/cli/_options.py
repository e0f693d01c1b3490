"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

StackOption = Annotated[str, typer.Option("--stack", help="Name of the deployed stack.", envvar="WARMFOLD_STACK")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts, nothing else.")]
