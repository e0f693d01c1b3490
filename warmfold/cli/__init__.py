"""The `warmfold` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer
from rich.console import Console
from typer.exceptions import TyperException

from warmfold.cli.check import check
from warmfold.cli.demo import demo
from warmfold.cli.local import app as local_app
from warmfold.cli.runs import run, stop, watch
from warmfold.cloud.local import LocalCloudError
from warmfold.errors import CommandError
from warmfold.stack import AWS_ERRORS, explained
from warmfold.terminal import put

app = typer.Typer(
    name="warmfold",
    help="Drop a dataset into S3, get back a cross-validated, tuned, registered model and its predictions.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(local_app, name="local")
app.command()(check)
app.command()(run)
app.command()(watch)
app.command()(stop)
app.command()(demo)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit; what the user can mend is one line on stderr and an exit code that is not 0."""
    given = (sys.argv[1:] if arguments is None else list(arguments)) or ["--help"]
    try:
        code = app(args=given, prog_name="warmfold", standalone_mode=False)
    except (CommandError, LocalCloudError) as error:
        _complain(str(error))
        code = 1
    except AWS_ERRORS as error:
        _complain(str(explained(error)))
        code = 1
    except TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "warmfold"
        _complain(f"{error.format_message().rstrip('.')}; `{command} --help` tells how it is used")
        code = error.exit_code
    raise SystemExit(code or 0)


def _complain(message: str) -> None:
    put(Console(stderr=True), f"warmfold: {message}", "red")
