"""`warmfold run`, `watch` and `stop`: on AWS and on the local cloud alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from warmfold.cli._options import JsonOption, StackOption
from warmfold.follow import follow, result_table
from warmfold.progress import Progress, read_progress
from warmfold.stack import DEFAULT_STACK, Stack, check_dataset_name, open_stack


def run(
    data: Annotated[Path, typer.Argument(help="A CSV file with a header.", exists=True, dir_okay=False)],
    dataset: Annotated[str | None, typer.Option(help="The dataset's name; the file's by default.")] = None,
    experiment: Annotated[
        Path | None, typer.Option(help="experiment.yaml: what to tune and how.", exists=True, dir_okay=False)
    ] = None,
    predict: Annotated[
        Path | None, typer.Option(help="CSV of rows to score with the final model.", exists=True, dir_okay=False)
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
    stack: StackOption = DEFAULT_STACK,
    as_json: JsonOption = False,
) -> None:
    """Upload a dataset, which starts a run."""
    name = check_dataset_name(dataset or data.stem)
    opened = open_stack(stack)
    version = opened.upload(name, data, experiment, predict)
    execution_arn = opened.wait_for_execution(name, version)
    if wait:
        _follow_to_the_end(opened, execution_arn, as_json)
    elif as_json:
        typer.echo(json.dumps({"dataset": name, "data_version": version, "execution_arn": execution_arn}))
    else:
        typer.echo(f"started {execution_arn}\nfollow it: warmfold watch")


def watch(
    run: Annotated[str | None, typer.Argument(help="Run id, execution name or ARN; the newest by default.")] = None,
    stack: StackOption = DEFAULT_STACK,
    as_json: JsonOption = False,
) -> None:
    """Follow a run to its end; exit code 0 only when it succeeds."""
    opened = open_stack(stack)
    _follow_to_the_end(opened, opened.find_execution(run), as_json)


def stop(
    run: Annotated[str, typer.Argument(help="Run id, execution name or ARN.")],
    stack: StackOption = DEFAULT_STACK,
    as_json: JsonOption = False,
) -> None:
    """Abort a run; the clean-up state machine then stops its jobs and releases its pools."""
    opened = open_stack(stack)
    execution_arn = opened.find_execution(run)
    before = read_progress(opened, execution_arn)
    if not before.finished:
        opened.stepfunctions.stop_execution(executionArn=execution_arn, error="Stopped", cause="warmfold stop")
    if as_json:
        typer.echo(json.dumps({"execution_arn": execution_arn, "stopped": not before.finished}))
    elif before.finished:
        typer.echo(f"{run} had already ended: {before.status}")
    else:
        typer.echo(f"stopping {run}; its jobs are stopped and its pools released by the clean-up state machine")


def _follow_to_the_end(stack: Stack, execution_arn: str, as_json: bool) -> None:
    console = Console(stderr=as_json)
    progress = follow(stack, execution_arn, console)
    summary = read_summary(stack, progress)
    if as_json:
        typer.echo(json.dumps({"progress": progress.as_dict(), "summary": summary}))
    elif summary is not None:
        console.print(result_table(summary))
    if progress.status != "SUCCEEDED":
        message = f"run {progress.run or execution_arn} {progress.status} in state {progress.current_state}: "
        Console(stderr=True).print(
            message + (progress.cause or progress.error or "no reason given"),
            style="red",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(1)


def read_summary(stack: Stack, progress: Progress) -> dict[str, object] | None:
    """The run's summary.json, or None when the run ended without one."""
    uri = (progress.output or {}).get("summary_uri")
    return stack.read_json(uri) if uri else None
