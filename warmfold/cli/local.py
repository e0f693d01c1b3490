"""`warmfold local up|down|status`: the local cloud."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from warmfold.cli._options import JsonOption, StackOption
from warmfold.cloud import local
from warmfold.stack import DEFAULT_STACK

app = typer.Typer(help="The local cloud: AWS as far as warmfold needs it, on this machine.")
HomeOption = Annotated[
    Path, typer.Option("--home", help="Where the local cloud keeps its files.", envvar="WARMFOLD_HOME")
]
DEFAULT_HOME = Path(".warmfold")


PortOption = Annotated[int, typer.Option("--port", help="Port to listen on, on localhost only.", min=1, max=65535)]
DEFAULT_PORT = 4566


@app.command()
def up(
    port: PortOption = DEFAULT_PORT,
    home: HomeOption = DEFAULT_HOME,
    stack: StackOption = DEFAULT_STACK,
    as_json: JsonOption = False,
) -> None:
    """Start the local cloud, unless it is up, and deploy template.yaml to it; prints the lines to export."""
    running = local.status(home)
    if running is not None and local.answers(running):
        info = running
        typer.echo(f"a local cloud was up already (process {info.pid}, files in {home.resolve()})", err=True)
    else:
        info = local.up(home, port, stack_name=stack)
    if as_json:
        typer.echo(json.dumps({"endpoint": info.endpoint, "pid": info.pid, "environment": info.environment}))
        return
    typer.echo(f"# the local cloud is up at {info.endpoint}; for the AWS tools and warmfold:")
    for name, value in info.environment.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@app.command()
def down(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Stop the local cloud and everything it runs."""
    stopped = local.down(home)
    if as_json:
        typer.echo(json.dumps({"stopped": stopped}))
    else:
        typer.echo("the local cloud is stopped" if stopped else f"no local cloud was running in {home.resolve()}")


@app.command()
def status(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Say whether the local cloud is up; exit code 0 when it answers."""
    info = local.status(home)
    ready = info is not None and local.answers(info)
    if as_json:
        typer.echo(json.dumps(info and {"endpoint": info.endpoint, "pid": info.pid, "ready": ready}))
    elif info is None:
        typer.echo("down")
    else:
        state = f"up at {info.endpoint}" if ready else f"not answering at {info.endpoint}, log in {home / 'cloud.log'}"
        typer.echo(f"{state} (process {info.pid})")
    if not ready:
        raise typer.Exit(1)
