"""The `warmfold` command."""

from __future__ import annotations

import typer
from rich.console import Console

from warmfold.cli.demo import demo
from warmfold.cli.local import app as local_app
from warmfold.cli.runs import run, stop, watch
from warmfold.stack import CommandError

app = typer.Typer(
    name="warmfold",
    help="Drop a dataset into S3, get back a cross-validated, tuned, registered model and its predictions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(local_app, name="local")
app.command()(run)
app.command()(watch)
app.command()(stop)
app.command()(demo)


def main() -> None:
    """Run the command; what the user can mend is one line on stderr and exit code 1."""
    try:
        app()
    except CommandError as error:
        Console(stderr=True).print(f"warmfold: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(1) from error
