"""`warmfold local up|down|status`: the local cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from warmfold.cli._options import JsonOption, StackOption
from warmfold.cloud import local
from warmfold.stack import DEFAULT_STACK

app = typer.Typer(help="The local cloud: AWS as far as warmfold needs it, on this machine.", no_args_is_help=True)
HomeOption = Annotated[
    Path, typer.Option("--home", help="Where the local cloud keeps its files.", envvar="WARMFOLD_HOME")
]
DEFAULT_HOME = Path(".warmfold")


@app.command()
def up(
    port: Annotated[int, typer.Option(help="Port to listen on, on localhost only.")] = 4566,
    home: HomeOption = DEFAULT_HOME,
    stack: StackOption = DEFAULT_STACK,
    as_json: JsonOption = False,
) -> None:
    """Start the local cloud and deploy template.yaml to it; prints the lines to export."""
    info = local.up(home, port, stack_name=stack)
    if as_json:
        typer.echo(json.dumps({"endpoint": info.endpoint, "pid": info.pid, "environment": info.environment}))
        return
    typer.echo(f"# the local cloud is up at {info.endpoint}; for the AWS tools and warmfold:")
    for name, value in info.environment.items():
        typer.echo(f"export {name}={value}")


@app.command()
def down(home: HomeOption = DEFAULT_HOME) -> None:
    """Stop the local cloud and everything it runs."""
    typer.echo("the local cloud is stopped" if local.down(home) else "no local cloud was running")


@app.command()
def status(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Say whether the local cloud is up; exit code 0 when it is."""
    info = local.status(home)
    if as_json:
        typer.echo(json.dumps(None if info is None else {"endpoint": info.endpoint, "pid": info.pid}))
    else:
        typer.echo("down" if info is None else f"up at {info.endpoint} (process {info.pid})")
    if info is None:
        raise typer.Exit(1)
